"""Which faces does a model learn from, and which are held out to measure it with?"""

import itertools

import numpy as np
import pytest

from understudy.errors import StoreError
from understudy.learning import measured_folder, shown_crops, swap_artifact
from understudy.phases import run
from understudy.plugins import discover
from understudy.progress import Silent
from understudy.project import load_project
from understudy.quality.held_out import HeldFace, held_folder, held_out, read_held
from understudy.store import WorkFolder
from understudy.training import load_arrays
from understudy_sdk import CropSpec, FaceType

PROJECT = """
understudy: 1
device: cpu
facesets:
  red: {clips: [red.mkv]}
  blue: {clips: [blue.mkv]}
extract:
  detector: {use: square}
  aligner: {use: square}
  masker: {use: hull}
  crop_size: 64
  fill_gaps_s: 0
swaps:
  - source: red
    target: blue
    model: {use: quick96, with: {batch_size: 2, precision: float32, TINY}, iterations: 1, training: {hold_out: 0.1}}
    merger: {use: overlay}
"""


@pytest.mark.parametrize(("count", "share", "blocks"), [
    (59, 0.5, 0), (60, 0.05, 0), (60, 0.5, 3), (99, 0.04, 0), (100, 0.001, 1), (100, 0.0, 0), (1000, 0.05, 5),
    (1000, 0.5, 50), (777, 0.1, 8),
])  # fmt: skip
def test_blocks_of_ten_are_spread_evenly(count, share, blocks):
    held = held_out(count, share)
    starts = held[::10]
    assert len(held) == 10 * blocks
    if blocks:
        np.testing.assert_array_equal(held, (starts[:, None] + np.arange(10)).reshape(-1))
        assert len(set(held.tolist())) == len(held)
        assert held[0] >= 0
        assert held[-1] < count
        gaps = np.diff(starts)
        assert gaps.size == 0 or gaps.max() - gaps.min() <= 1
        assert abs((starts[0]) - (count - 10 - starts[-1])) <= 1  # as much before the first as after the last


def test_one_block_lies_in_the_middle():
    assert held_out(100, 0.01).tolist() == list(range(45, 55))


def test_a_face_is_followed_by_its_own_in_the_next_frame_alone():
    face = HeldFace("a.png", "clip", 4, 1, [])
    assert face.is_followed_by(HeldFace("b.png", "clip", 5, 1, []))
    for other in (("clip", 6, 1), ("clip", 5, 2), ("other", 5, 1), ("clip", 3, 1)):
        assert not face.is_followed_by(HeldFace("b.png", *other, []))


@pytest.fixture
def squares(tmp_path, drawn_clip, square_plugin, monkeypatch):
    monkeypatch.syspath_prepend(str(square_plugin))
    tiny = discover().models["quick96"].tiny
    settings = tiny.model_dump(mode="json", exclude={"batch_size", "precision"}, exclude_defaults=True)
    words = ", ".join(f"{key}: {value}" for key, value in settings.items()).replace("'", "")
    drawn_clip(tmp_path / "red.mkv", frames=20, hue=1, codec="ffv1", options={})
    drawn_clip(tmp_path / "blue.mkv", frames=100, hue=2, codec="ffv1", options={})
    path = tmp_path / "squares.yaml"
    path.write_text(PROJECT.replace("TINY", words))
    return path


def trained(path, *overrides):
    project = load_project(path, discover(), overrides)
    run(project, phases=("extract", "train"), progress=Silent())
    return swap_artifact(WorkFolder(project.work), project.swaps[0]).folder / "faces"


def test_training_leaves_held_out_faces_alone(squares):
    faces = trained(squares)
    target, held = load_arrays(faces / "target"), load_arrays(faces / "held-target")
    assert (len(target), len(held)) == (90, 10)
    places = read_held(faces / "held-target")
    assert [place.frame for place in places] == list(range(45, 55))
    followed = [before.is_followed_by(after) for before, after in itertools.pairwise(places)]
    assert sum(followed) >= 7  # the square jumps back once or twice, and is another track then
    assert len(load_arrays(faces / "source")) == 20  # too few to spare any
    assert measured_folder(faces / "source") == faces / "source"
    assert measured_folder(faces / "target") == faces / "held-target"


def test_without_a_share_every_face_is_learnt_from(squares):
    faces = trained(squares, "swaps.0.model.training.hold_out=0")
    assert len(load_arrays(faces / "target")) == 100
    assert not held_folder(faces / "target").exists()
    assert measured_folder(faces / "target") == faces / "target"


def test_what_is_shown_is_spread_over_the_faces(squares):
    arrays = load_arrays(trained(squares) / "held-target")
    crops = shown_crops(arrays, CropSpec(FaceType.FULL, arrays.size), 3)
    for crop, number in zip(crops, (0, 4, 9), strict=True):
        np.testing.assert_array_equal(crop.rgb, arrays.rgb[number].transpose(1, 2, 0))
        np.testing.assert_array_equal(crop.landmarks, arrays.landmarks[number])


def test_a_file_of_places_that_is_none_is_named(tmp_path):
    (tmp_path / "held-target.json").write_text("[3]")
    with pytest.raises(StoreError, match=r"held-target\.json"):
        read_held(tmp_path / "held-target")
    with pytest.raises(StoreError, match=r"held-target\.json"):
        read_held(tmp_path / "nothing" / "held-target")
