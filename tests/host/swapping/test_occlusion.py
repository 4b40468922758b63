"""Does what a matte or a masker calls covered stay the target's own in the merged clip, to the bit?"""

import av
import cv2
import numpy as np
import pytest

from understudy.phases import run
from understudy.plugins import discover
from understudy.progress import Silent
from understudy.project import load_project

PROJECT = """
understudy: 1
consent: {basis: synthetic, statement: Drawn squares agree to everything}
device: cpu
facesets: {red: {clips: [red.mkv]}, blue: {clips: [blue.mkv]}}
extract: {detector: {use: square}, aligner: {use: square}, crop_size: 64, fill_gaps_s: 0, steadiness: 0, MASKER}
swaps:
  - {source: red, target: blue, model: {use: pumping}, merger: {use: overlay, with: {mask_blur_px: 4}}}
output: {path: out.mkv, video: {codec: ffv1, crf: null, preset: null}}
"""

SEEING_PLUGIN = '''
"""A masker that looks at the picture, as xseg does: what is darker than the drawn face is something in front of it."""
from collections.abc import Iterable
import numpy as np
from understudy_sdk import Mask, Masker, StageConfig, StageSpec, hookimpl

class Seeing:
    def mask(self, crops):
        return [Mask((crop.rgb[..., 0] > 110).astype(np.float32)) for crop in crops]

@hookimpl
def understudy_maskers() -> Iterable[StageSpec[Masker]]:
    yield StageSpec(name="seeing", summary="Bright is face.", config=StageConfig, tiny=StageConfig(),
                    build=lambda config, resources: Seeing())
'''
FRAMES, WIDTH, HEIGHT, SIDE = 4, 160, 120, 64


def squares(path, *, bar=False):
    """Draw a bright patterned square that moves, with a dark bar that stands before it where asked for."""
    random = np.random.default_rng(4)
    face = random.integers(140, 255, (8, 8, 3), dtype=np.uint8).repeat(8, axis=0).repeat(8, axis=1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv444p"
        for number in range(FRAMES):
            picture = np.full((HEIGHT, WIDTH, 3), 20, np.uint8)
            picture[30 : 30 + SIDE, 40 + number : 40 + number + SIDE] = face
            if bar:
                picture[58:70, 45:100] = 90
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return path


def pictures(path):
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray() for frame in container.decode(video=0)]).transpose(0, 2, 3, 1)


@pytest.fixture
def changed(tmp_path, registry, monkeypatch):
    """Give a function that merges with a masker and says which pixels of each frame changed."""
    (tmp_path / "plugin").mkdir()
    (tmp_path / "plugin" / "seeing_stage.py").write_text(SEEING_PLUGIN)
    info = tmp_path / "plugin" / "seeing_stage-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: seeing-stage\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[understudy]\nseeing = seeing_stage\n")
    monkeypatch.syspath_prepend(str(tmp_path / "plugin"))

    def merge(masker, *, bar=False):
        source = squares(tmp_path / "blue.mkv", bar=bar)
        squares(tmp_path / "red.mkv")
        (tmp_path / "p.yaml").write_text(PROJECT.replace("MASKER", f"masker: {masker}"))
        (output,) = run(load_project(tmp_path / "p.yaml", discover()), progress=Silent()).outputs
        return (pictures(output) != pictures(source)).any(axis=-1)

    return merge


def test_an_external_matte_cuts_the_face_out_of_the_merge(changed, tmp_path):
    matte = np.full((HEIGHT, WIDTH), 255, np.uint8)
    matte[:, 72:] = 0  # somebody stands before all that lies to the right
    cv2.imwrite(str(tmp_path / "matte.png"), matte)
    whole = changed("{use: hull}")
    cut = changed(
        "{join: minimum, of: [{use: hull}, {use: external, with: {mattes: {blue: matte.png, red: matte.png}}}]}"
    )
    assert whole[:, :, 76:].sum() > 100 * FRAMES
    assert not cut[:, :, 73:].any()
    assert cut[:, :, :68].sum() > 0.8 * whole[:, :, :68].sum()


def test_what_a_masker_sees_before_the_face_stays(changed):
    covered = changed("{use: hull}", bar=True)
    seen = changed("{join: product, of: [{use: hull}, {use: seeing}]}", bar=True)
    bar = (slice(None), slice(59, 69), slice(52, 95))
    assert covered[bar].mean() > 0.4
    assert not seen[bar].any()
    assert seen.sum() > 0.25 * covered.sum()
