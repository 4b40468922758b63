"""Do a clip's settled faces depend on the faces alone: on no chunk's border, and of corrections only on those near?"""

from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

from understudy.corrections import HandFace
from understudy.extraction.findings import Findings, SeenFace, SeenFrame
from understudy.extraction.settling import SettledClip
from understudy.faceset import Origin
from understudy_sdk import Face, FaceType
from understudy_sdk.landmarks import TEMPLATE

FRAMES = 200
INFO = SimpleNamespace(breaks=None, is_loose=False, time_base=Fraction(1, 25))
GAPS = {0: (62, 63, 64, 65), 1: (127, 190, 191)}  # across a border, before one, at the end
LATE = {1: 30}  # the first frame of the second person
SIZE_PX = 60


def choice(**changes):
    return SimpleNamespace(
        **{"steadiness": 0.5, "fill_gaps_s": 0.2, "face_type": FaceType.WHOLE_FACE, "maskers": ()} | changes
    )


def shape():
    jaw = [(0.5 - 0.6 * np.cos(angle), 0.2 + 0.9 * np.sin(angle)) for angle in np.linspace(0, np.pi, 17)]
    return np.concatenate([np.array(jaw), TEMPLATE])


def a_face(person, frame, score=None):
    """Return a face that moves, shakes now and then, and trembles; its mesh is its landmarks, twice, with a depth."""
    random = np.random.default_rng([person, frame])
    place = (40 + 150 * person + 20 * np.sin(frame / 9), 50 + 10 * np.cos(frame / (5 + person)))
    shaken = 4 * (frame % 37 < 3)
    landmarks = (shape() * SIZE_PX + place + shaken + random.normal(0, 0.4, (68, 2))).astype(np.float32)
    depth = random.normal(0, 1, (136, 1)).astype(np.float32)
    mesh = np.concatenate([np.concatenate([landmarks, landmarks + 1]), depth], axis=1).astype(np.float32)
    box = np.concatenate([landmarks.min(axis=0), landmarks.max(axis=0)])
    return Face(box, float(random.uniform(0.5, 1)) if score is None else score, landmarks=landmarks, mesh=mesh)


def seen_at(frame):
    faces = [
        SeenFace(a_face(person, frame), Origin.FOUND)
        for person in (0, 1)
        if frame not in GAPS[person] and frame >= LATE.get(person, 0)
    ]
    return tuple(sorted(faces, key=lambda one: -one.face.score))


@pytest.fixture(scope="module")
def findings(tmp_path_factory):
    ground = np.tile(np.arange(144, dtype=np.uint8), 3)
    with Findings(tmp_path_factory.mktemp("findings"), writable=True) as index:
        clip = index.register_clip("a" * 64, "clip.mkv")
        frames = [SeenFrame(frame, frame, ground, seen_at(frame)) for frame in range(FRAMES)]
        index.add_chunk(clip, (0, FRAMES), frames, [], {})
        yield index


def settled(findings, hand=None, **changes):
    return SettledClip(findings, 1, INFO, choice(**changes), hand or {})


def by_hand(person, frame, *, mesh=True):
    """Return a face put in by hand, a little off."""
    face = a_face(person, frame, score=1.0)
    landmarks = face.landmarks + np.float32(2)
    made = Face(face.box, 1.0, landmarks=landmarks, mesh=face.mesh + np.float32(2) if mesh else None)
    return HandFace(face.box, landmarks, 1.0, "hand"), made


def of_machine(person, frame):
    face = a_face(person, frame)
    return HandFace(face.box, face.landmarks, face.score, "machine"), face


CORRECTED = {
    63: [by_hand(0, 63), of_machine(1, 63)],
    64: [of_machine(1, 64)],  # nobody else is there
    127: [of_machine(0, 127), by_hand(1, 127, mesh=False)],
    128: [],
}


def facts(one):
    return (
        one.frame, one.number, one.track, one.origin, one.face.score, one.face.box.tobytes(),
        one.face.landmarks.tobytes(), one.found_landmarks.tobytes(),
        None if one.face.mesh is None else one.face.mesh.tobytes(),
    )  # fmt: skip


@pytest.mark.parametrize("hand", [{}, CORRECTED], ids=["found", "corrected"])
@pytest.mark.parametrize("frames", [64, 7])
def test_faces_do_not_depend_on_borders(findings, hand, frames):
    clip = settled(findings, hand)
    whole = [facts(one) for one in clip.faces(0, FRAMES)]
    again = settled(findings, hand)
    parts = [facts(one) for first in range(0, FRAMES, frames) for one in again.faces(first, first + frames)]
    assert parts == whole
    assert {one.track for one in clip.faces(0, FRAMES)} == {0, 1}
    spans = range(0, FRAMES, frames)
    assert all(bool(clip.faces(at, at + frames)) <= clip.may_have_faces(at, at + frames) for at in spans)


def test_gaps_are_filled_across_a_border_and_hands_keep_them_open(findings):
    origins = {(one.frame, one.track): one.origin for one in settled(findings).faces(0, FRAMES)}
    assert {place for place, origin in origins.items() if origin is Origin.FILLED} == {
        (frame, track) for track, frames in GAPS.items() for frame in frames
    }
    corrected = {(one.frame, one.track): one for one in settled(findings, CORRECTED).faces(0, FRAMES)}
    assert corrected[63, 0].origin is Origin.HAND
    assert (64, 0) not in corrected
    assert (128, 0) not in corrected
    np.testing.assert_array_equal(corrected[63, 0].face.landmarks, CORRECTED[63][0][1].landmarks)


def test_a_correction_changes_no_faces_far_away(findings):
    before = [facts(one) for one in settled(findings).faces(0, FRAMES)]
    after = [facts(one) for one in settled(findings, {70: [by_hand(0, 70), of_machine(1, 70)]}).faces(0, FRAMES)]
    changed = {old[0] for old, new in zip(before, after, strict=True) if old != new}
    assert {70} < changed <= set(range(70 - 26, 70 + 27))


def test_a_face_by_hand_without_a_mesh_borrows_its_neighbours_and_takes_none_away(findings):
    hand = {100: [by_hand(0, 100, mesh=False), of_machine(1, 100)]}
    faces = settled(findings, hand).faces(90, 110)
    assert all(one.face.mesh is not None for one in faces)
    (own,) = (one for one in faces if one.origin is Origin.HAND)
    away = np.abs(own.face.mesh[:68, :2] - own.face.landmarks)
    assert away.max() < 3
    assert own.face.mesh.dtype == np.float32


def test_a_face_without_any_mesh_is_left_out_only_where_one_is_needed(findings):
    far = a_face(0, 195, score=1.0)
    landmarks = far.landmarks + np.float32([60, 0])
    hand = {195: [(HandFace(far.box, landmarks, 1.0, "hand"), Face(far.box, 1.0, landmarks=landmarks))]}
    assert [one.face.mesh for one in settled(findings, hand).faces(195, 196)] == [None]
    assert settled(findings, hand, face_type=FaceType.MESH).faces(195, 196) == []


def test_a_track_put_in_by_hand_alone_is_steadied(findings):
    hand = {}
    for frame in range(10, 25):
        made = a_face(2, frame, score=1.0)
        hand[frame] = [of_machine(0, frame), (HandFace(made.box, None, 1.0, "hand"), made)]
    (one,) = (one for one in settled(findings, hand).faces(15, 16) if one.origin is Origin.HAND)
    assert not np.array_equal(one.face.landmarks, one.found_landmarks)
    assert np.abs(one.face.landmarks - one.found_landmarks).max() < 5


def test_a_clip_of_which_no_frame_could_be_decoded_has_no_faces(tmp_path):
    with Findings(tmp_path, writable=True) as index:
        clip = index.register_clip("b" * 64, "clip.mkv")
        index.add_chunk(clip, (0, 64), [], range(64), {})
        empty = SettledClip(index, clip, INFO, choice(), {3: [by_hand(0, 3)]})
        assert empty.faces(0, 64) == []
        assert not empty.may_have_faces(0, 64)
        assert empty.next_track == 0
