"""Does a track's sheet show its faces and say what it is?"""

from fractions import Fraction

import numpy as np
import pytest

from understudy import track_sheet as module
from understudy.errors import RequestError
from understudy.faceset import Faceset, FoundFace, Look, Origin
from understudy.pictures import encode_png
from understudy.track_sheet import track_sheet
from understudy_sdk import Face, FaceType


@pytest.fixture
def index(tmp_path):
    """Give a faceset whose track 3 runs from frame 10 to 309, red, and track 4 beside it, blue."""
    landmarks = np.random.default_rng(0).uniform(10, 40, (68, 2)).astype(np.float32)
    mask = encode_png(np.full((4, 4), 255, np.uint8))
    faces = []
    for frame in range(10, 310):
        for number, (track, color) in enumerate(((3, (200, 0, 0)), (4, (0, 0, 200)))):
            side = 40 + frame / 10
            face = Face(np.array([0, 0, side, side], np.float32), 0.9, landmarks=landmarks)
            look = Look(-5.0, frame / 10 - 20, 0.0, 10.0, 90.0)
            origin = Origin.FILLED if frame % 100 == 50 else Origin.FOUND
            picture = encode_png(np.full((16, 16, 3), color, np.uint8))
            affine = np.eye(2, 3)
            faces.append(
                FoundFace(frame, frame * 2, number, face, affine, picture, mask, landmarks, origin, track, look)
            )
    with Faceset(tmp_path / "scene", writable=True) as made:
        clip = made.register_clip("f" * 64, "clip.mp4", Fraction(1, 50), 400, (640, 360))
        made.add_chunk(clip, (0, 400), faces, (FaceType.FULL, 16, ".png"))
        made.set_people({3: ("anna", np.ones(3, np.float32))})
        yield made


def test_a_sheet_shows_faces_of_its_track_alone(index):
    sheet = track_sheet(index, 3, pictures=10)
    assert sheet.dtype == np.uint8
    assert (sheet == (200, 0, 0)).all(axis=-1).sum() == 10 * 128 * 128
    assert not (sheet == (0, 0, 200)).all(axis=-1).any()


def test_the_heading_says_span_size_pose_and_person(index, monkeypatch):
    said = {}
    monkeypatch.setattr(module, "contact_sheet", lambda pictures, captions, heading: said.update(locals()))
    track_sheet(index, 3, pictures=3)
    assert said["heading"] == [
        "track 3: anna, clip.mp4, frames 10 to 309, 0:00.40 to 0:12.36",
        "300 faces, 3 of them filled in, box side 41 to 71 px, yaw -19 to 11, pitch -5 to -5 degrees",
    ]
    assert [caption.split()[:2] for caption in said["captions"]] == [
        ["10", "0:00.40"], ["160", "0:06.40"], ["309", "0:12.36"],
    ]  # fmt: skip


def test_a_track_that_is_not_there_is_said(index):
    with pytest.raises(RequestError, match="no track 7 in the faceset scene"):
        track_sheet(index, 7)


def test_a_track_whose_pictures_are_deleted_is_said(index):
    for path in index.pictures.glob("*_1.png"):
        path.unlink()
    with pytest.raises(RequestError, match="no picture of track 4 is left"):
        track_sheet(index, 4)
