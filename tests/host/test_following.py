"""Are faces carried through a group of frames both ways, once each, and only as far as they are there?"""

from fractions import Fraction

import numpy as np

from understudy.boxes import overlap
from understudy.extraction.findings import SeenFace
from understudy.extraction.following import carry
from understudy.faceset import Origin
from understudy_sdk import Face, Frame


def face(x: float, score: float = 0.9, side: float = 40.0) -> Face:
    """Return a face whose landmarks fill a square at x."""
    grid = np.linspace(0, side, 68, dtype=np.float32)
    landmarks = np.column_stack([grid + x, grid + 10]).astype(np.float32)
    return Face(np.array([x, 10, x + side, 10 + side], np.float32), score, landmarks=landmarks)


def found(*faces: Face) -> list[SeenFace]:
    return [SeenFace(one, Origin.FOUND) for one in faces]


def align(_frame: Frame, faces) -> list[Face]:
    """Put landmarks on boxes, as ``face`` does."""
    return [face(float(one.box[0]), one.score) for one in faces]


def late(*faces: Face):
    """Give a function that gives faces, as a detector that looks meanwhile does."""
    return lambda: list(faces)


def box(x: float, score: float = 0.7) -> Face:
    """Return a face as a detector gives it: its box alone."""
    return Face(face(x).box, score)


def frames(count: int) -> list[Frame]:
    return [Frame(np.zeros((4, 4, 3), np.uint8), pts, Fraction(1, 25)) for pts in range(count)]


class World:
    """Faces that stay where they are, each only in some frames."""

    def __init__(self, *faces: tuple[float, range]) -> None:
        self.faces, self.asked = faces, 0

    def __call__(self, frame: Frame, before) -> list[Face | None]:
        self.asked += len(before)
        at = {x for x, shown in self.faces if frame.pts in shown}
        return [face(float(one.box[0]), 0.8) if float(one.box[0]) in at else None for one in before]


def places(seen: list[list[SeenFace]]) -> list[list[float]]:
    return [[float(one.face.box[0]) for one in faces] for faces in seen]


def test_a_face_found_at_both_ends_is_followed_between_and_keeps_its_landmarks():
    seen = carry(frames(4), found(face(0)), late(box(2)), World((0.0, range(4))), align)
    assert places(seen) == [[0], [0], [0], [2]]  # the detector's box
    assert seen[3][0].face.landmarks[:, 0].min() == 0  # but the landmarks it was followed to
    assert [one[0].origin for one in seen] == [Origin.FOUND, Origin.FOLLOWED, Origin.FOLLOWED, Origin.FOUND]
    assert [round(one[0].face.score, 2) for one in seen] == [0.9, 0.8, 0.8, 0.7]


def test_a_face_that_turns_up_at_the_end_is_followed_back_to_where_it_came_in():
    seen = carry(frames(5), [], late(box(200)), World((200.0, range(2, 5))), align)
    assert places(seen) == [[], [], [200], [200], [200]]


def test_a_face_that_leaves_is_followed_until_it_is_gone():
    seen = carry(frames(5), found(face(0)), late(), World((0.0, range(3))), align)
    assert places(seen) == [[0], [0], [0], [], []]


def test_a_face_that_the_detector_misses_for_once_is_kept():
    seen = carry(frames(3), found(face(0)), late(), World((0.0, range(9))), align)
    assert places(seen) == [[0], [0], [0]]
    assert seen[-1][0].origin is Origin.FOLLOWED


def test_a_face_that_the_first_look_missed_is_found_from_behind():
    world = World((0.0, range(9)), (200.0, range(9)))
    assert places(carry(frames(3), found(face(0)), late(box(0), box(200)), world, align)) == [[0, 200]] * 3


def test_a_box_on_which_the_aligner_sees_no_face_is_none():
    assert places(carry(frames(3), [], late(box(0)), World(), lambda _frame, _faces: [])) == [[], [], []]


def test_nobody_is_asked_where_nobody_is():
    world = World()
    assert places(carry(frames(4), [], late(), world, align)) == [[], [], [], []]
    assert world.asked == 0


def test_two_that_run_into_one_face_stay_one():
    def meet(_frame, before):
        return [face(50.0) for _ in before]

    seen = carry(frames(3), found(face(0), face(100)), late(box(50)), meet, align)
    assert places(seen)[1:] == [[50], [50]]


def test_overlap_is_the_share_of_the_union():
    assert overlap(np.array([0, 0, 2, 2], np.float32), np.array([1, 0, 3, 2], np.float32)) == 1 / 3
    assert overlap(np.array([0, 0, 1, 1], np.float32), np.array([2, 2, 3, 3], np.float32)) == 0
