"""Is a drawn face masked as if it had been cut from the frame, and does a merger get the region it asks for?"""

from __future__ import annotations

import shutil

import av
import numpy as np
import pytest

from understudy.errors import ProjectError
from understudy.phases import run
from understudy.predicting.predicted_masks import masked_swaps
from understudy.progress import Silent
from understudy.project import load_project
from understudy.swapping import reach
from understudy_sdk import Mask, Swap
from understudy_sdk.testing.values import plain_crop


class Looking:
    """A masker that keeps what it is given, and masks what is bright."""

    def mask(self, crops):
        self.seen = list(crops)
        return [Mask((crop.rgb[..., 0] > 128).astype(np.float32)) for crop in crops]


@pytest.mark.parametrize("size", [32, 64, 96])
def test_drawn_faces_are_given_as_crops_of_their_own_size(size):
    rgb = np.linspace(-0.2, 1.2, size * size * 3, dtype=np.float32).reshape(size, size, 3)
    crop, masker = plain_crop(), Looking()
    (swap,) = masked_swaps(masker, [crop], [Swap(rgb)])
    (seen,) = masker.seen
    np.testing.assert_array_equal(seen.rgb, np.rint(rgb.clip(0, 1) * 255))
    np.testing.assert_allclose(seen.landmarks, crop.landmarks * (size / 64), rtol=1e-5)
    np.testing.assert_allclose(seen.frame_to_crop, crop.frame_to_crop * (size / 64))
    np.testing.assert_array_equal(swap.predicted_mask, rgb[..., 0].clip(0, 1) > 128.5 / 255)
    assert swap.rgb is rgb


class Wide:
    reach = 1.5

    def merge(self, region, swap, crop, mask):
        raise AssertionError("not called")


def test_a_reaching_merger_gets_more_of_the_frame():
    crop, size = plain_crop(), (300, 200)  # the square runs from 8, 6 to 72, 70
    assert reach(crop, size) == (6, 4, 75, 73)
    assert reach(crop, size, Wide()) == (0, 0, 91, 89)


PROJECT = """
understudy: 1
consent: {basis: synthetic, statement: Drawn squares agree to everything}
device: cpu
facesets: {red: {clips: [red.mkv]}, blue: {clips: [blue.mkv]}}
extract:
  {detector: {use: square}, aligner: {use: square}, masker: {use: hull}, crop_size: 64, fill_gaps_s: 0, steadiness: 0}
swaps:
  - source: red
    target: blue
    model: {use: pumping}
    MASKER
    merger: {use: raw, with: {mask: MASK, mask_blur_px: 4}}
output: {path: out.mkv, video: {codec: ffv1, crf: null, preset: null}}
"""


def pictures(path):
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


@pytest.fixture
def changed(tmp_path, registry, drawn_clip):
    """Give a function that merges a clip and counts the pixels that are not as they were."""
    drawn_clip(tmp_path / "red.mkv", frames=2, hue=1, codec="ffv1", options={})
    source = drawn_clip(tmp_path / "blue.mkv", frames=3, hue=2, codec="ffv1", options={}, size=(240, 200))

    def count(masker, mask):
        shutil.rmtree(tmp_path / "p.work", ignore_errors=True)
        (tmp_path / "p.yaml").write_text(PROJECT.replace("MASKER", masker).replace("MASK", mask))
        (output,) = run(load_project(tmp_path / "p.yaml", registry), progress=Silent()).outputs
        return int((pictures(output) != pictures(source)).any(axis=-1).sum())

    return count


def test_a_project_masks_what_the_model_draws(changed):
    """Only around the eyes and the mouth of the drawn face, as the masker of its swaps says."""
    assert 0 < changed("mask_swaps: {use: eyes_mouth}", "predicted") < 0.5 * changed("", "target")


def test_an_enlarged_face_is_laid_beyond_its_square(changed):
    usual, larger = changed("", "full"), changed("", "full, face_scale_percent: 30")
    assert larger / usual == pytest.approx(1.3**2, rel=0.1)


@pytest.mark.parametrize(
    ("masker", "found"),
    [
        ("mask_swaps: {use: hul}", "swaps.0.mask_swaps.use: no masker is called 'hul'. Did you mean 'hull'?"),
        ("mask_swaps: {use: hull, with: {edge: 1}}", "swaps.0.mask_swaps.with.edge"),
        ("", "swaps.0.merger: 'raw' needs a mask of the face that the model draws; add mask_swaps"),
        ("mask_swaps: {use: mesh}", "'mesh' needs a dense mesh, which the aligner 'square' does not give"),
    ],
)
def test_what_is_wrong_with_it_is_said_before_any_work(tmp_path, registry, drawn_clip, masker, found):
    drawn_clip(tmp_path / "red.mkv", frames=1)
    drawn_clip(tmp_path / "blue.mkv", frames=1)
    (tmp_path / "p.yaml").write_text(PROJECT.replace("MASKER", masker).replace("MASK", "predicted"))
    with pytest.raises(ProjectError, match=found.replace("?", r"\?")):
        load_project(tmp_path / "p.yaml", registry)
