"""Are people named as they appear, and is the one found whom a project means?"""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from understudy.errors import RequestError
from understudy.faceset import Faceset, FoundFace, Look, Origin
from understudy.people import choose_faces, describe_picture, name_people, resolve_face, tracks_of_nearest
from understudy.pictures import encode_png, write_picture
from understudy.progress import Silent
from understudy.project import FaceChoice
from understudy_sdk import Crop, Face, FaceType

RED, GREEN, BLUE = (200, 30, 30), (30, 200, 30), (30, 30, 200)


class ByColor:
    """A recognizer for plain crops: how somebody looks is the crop's mean colour."""

    same_person = 0.95

    def __init__(self):
        self.seen = []

    def embed(self, crops):
        self.seen.append(len(crops))
        vectors = np.array([crop.rgb.reshape(-1, 3).mean(axis=0) for crop in crops], np.float32).reshape(-1, 3)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def a_face(frame, track, color, *, number=0, yaw_deg=0.0, sharpness=50.0, origin=Origin.FOUND, side=40):
    noise = np.random.default_rng([frame, track]).integers(-8, 9, (16, 16, 3))
    rgb = np.clip(np.array(color) + noise, 0, 255).astype(np.uint8)
    landmarks = np.random.default_rng(0).uniform(10, 40, (68, 2)).astype(np.float32)
    face = Face(np.array([10, 10, 10 + side, 10 + side], np.float32), 0.9, landmarks=landmarks)
    look = Look(5.0, yaw_deg, 0.0, sharpness, 120.0)
    picture, mask = encode_png(rgb), encode_png(np.full((4, 4), 255, np.uint8))
    return FoundFace(
        frame, frame * 2, number, face, np.eye(2, 3), picture, mask, landmarks, origin, track, look
    )  # fmt: skip


def a_faceset(folder, tracks, frames=200):
    """Make a faceset of one clip at 25 frames/s; ``tracks`` are (first, stop, color) and may overlap in time."""
    index = Faceset(folder, writable=True)
    clip = index.register_clip("f" * 64, "clip.mp4", Fraction(1, 50), frames, (640, 360))
    faces = [
        a_face(frame, track, color, number=track)
        for track, (first, stop, color) in enumerate(tracks)
        for frame in range(first, stop)
    ]
    index.add_chunk(clip, (0, frames), faces, (FaceType.FULL, 16, ".png"))
    return index


@pytest.fixture
def cast(tmp_path):
    """Give a named faceset: blue for 100 frames in two tracks, red for 60 in two, green for 20."""
    tracks = [(0, 40, RED), (40, 80, BLUE), (80, 100, GREEN), (100, 160, BLUE), (170, 190, RED)]
    with a_faceset(tmp_path / "scene", tracks) as index:
        name_people(index, ByColor(), Silent())
        yield index


def test_people_are_numbered_by_their_time_on_screen(cast):
    assert {track: name for track, (name, _) in cast.people().items()} == {
        0: "person-2", 1: "person-1", 2: "person-3", 3: "person-1", 4: "person-2",
    }  # fmt: skip
    assert [row.person for row in cast.tracks()] == ["person-2", "person-1", "person-3", "person-1", "person-2"]


def test_naming_again_says_the_same(cast):
    before = cast.people()
    assert name_people(cast, ByColor(), Silent()) == {"person-1": (1, 3), "person-2": (0, 4), "person-3": (2,)}
    after = cast.people()
    assert before.keys() == after.keys()
    for track, (name, vector) in after.items():
        assert before[track][0] == name
        np.testing.assert_array_equal(before[track][1], vector)


def test_few_faces_of_each_track_are_looked_at(tmp_path):
    recognizer = ByColor()
    with a_faceset(tmp_path / "scene", [(0, 150, RED), (150, 153, BLUE)]) as index:
        name_people(index, recognizer, Silent())
    assert recognizer.seen == [8, 3]


def test_two_faces_of_one_frame_are_two_people_though_they_look_alike(tmp_path):
    with a_faceset(tmp_path / "scene", [(0, 40, RED), (30, 50, RED), (60, 70, BLUE)]) as index:
        assert name_people(index, ByColor(), Silent()) == {"person-1": (0,), "person-2": (1,), "person-3": (2,)}


def test_a_track_without_pictures_is_left_out(tmp_path):
    with a_faceset(tmp_path / "scene", [(0, 5, RED), (5, 10, BLUE)]) as index:
        for frame in range(5):
            (index.pictures / f"001-clip_{frame:07d}_0.png").unlink()
        assert name_people(index, ByColor(), Silent()) == {"person-1": (1,)}


def test_a_faceset_without_tracks_has_no_people(tmp_path):
    with a_faceset(tmp_path / "scene", []) as index:
        assert name_people(index, ByColor(), Silent()) == {}


def test_good_faces_are_chosen_from_all_over_the_track(tmp_path):
    with Faceset(tmp_path / "set", writable=True) as index:
        clip = index.register_clip("f" * 64, "clip.mp4", Fraction(1, 50), 12, (64, 48))
        good = {1: {}, 5: {"sharpness": 60.0}, 9: {"yaw_deg": -5.0}}
        poor = [{"sharpness": 2.0}, {"yaw_deg": 70.0}, {"origin": Origin.FILLED, "sharpness": 900.0}]
        faces = [a_face(frame, 0, RED, **good.get(frame, poor[frame % 3])) for frame in range(12)]
        index.add_chunk(clip, (0, 12), faces, (FaceType.FULL, 16, ".png"))
        rows = index.track_rows(0)
    assert [row.frame for row in choose_faces(rows, 3)] == [1, 5, 9]
    assert len(choose_faces(rows[:2], 3)) == 2


def test_largest_and_all_need_no_people(cast):
    assert resolve_face(FaceChoice("largest"), cast) == "largest"
    assert resolve_face(FaceChoice("all"), cast) == "all"


def test_tracks_are_those_that_exist(cast):
    assert resolve_face(FaceChoice("track", tracks=(4, 0)), cast) == {0, 4}
    with pytest.raises(RequestError, match=r"no track 9 in the faceset scene\n  there are: 0-4\n.*report"):
        resolve_face(FaceChoice("track", tracks=(0, 9)), cast)


def test_a_person_is_all_of_their_tracks(cast):
    assert resolve_face(FaceChoice("person", person="person-1"), cast) == {1, 3}


def test_an_unknown_person_is_said_with_those_who_are_known(cast):
    message = r"'persom-2'\. Did you mean 'person-2'\?\n  there are: anna, person-1, person-2, person-3\n"
    with pytest.raises(RequestError, match=message):
        resolve_face(FaceChoice("person", person="persom-2"), cast, named={"anna": FaceChoice("track", tracks=(0,))})


def test_without_a_recognizer_it_is_said_how_people_are_named(tmp_path):
    with a_faceset(tmp_path / "scene", [(0, 5, RED)]) as index:
        with pytest.raises(RequestError, match=r"there are: none\n  .*extract\.recognizer"):
            resolve_face(FaceChoice("person", person="anna"), index)
        with pytest.raises(RequestError, match=r"extract\.recognizer"):
            resolve_face(FaceChoice("like", like=Path("anna.png")), index)


def test_people_whom_the_project_names_go_first(cast):
    named = {"anna": FaceChoice("track", tracks=(2,)), "person-1": FaceChoice("like", like=Path("bob.png"))}
    looked_up = []
    like = lambda path: looked_up.append(path) or frozenset({3})  # noqa: E731
    assert resolve_face(FaceChoice("person", person="anna"), cast, named=named) == {2}
    assert resolve_face(FaceChoice("person", person="person-1"), cast, named=named, like=like) == {3}
    assert looked_up == [Path("bob.png")]


def whole(frame, face):
    return Crop(frame.rgb, np.eye(2, 3), FaceType.FULL, face.landmarks)


def found(*sides):
    landmarks = np.random.default_rng(0).uniform(0, 16, (68, 2)).astype(np.float32)
    return [Face(np.array([0, 0, side, side], np.float32), 0.9, landmarks=landmarks) for side in sides]


def look_up(index, folder, color):
    path = folder / "who.png"
    write_picture(path, np.full((16, 16, 3), color, np.uint8))
    recognizer = ByColor()
    vector = describe_picture(path, lambda frame: found(12), whole, recognizer)
    return tracks_of_nearest(index, vector, recognizer.same_person, str(path))


def test_a_picture_finds_who_looks_like_it(cast, tmp_path):
    choice = FaceChoice("like", like=tmp_path / "who.png")
    like = lambda path: look_up(cast, tmp_path, (190, 40, 40))  # noqa: E731
    assert resolve_face(choice, cast, like=like) == {0, 4}


def test_a_picture_of_nobody_lists_how_alike_all_are(cast, tmp_path):
    message = r"nobody looks like .*who\.png\n.*at least 0\.95\n  found: person-3 0\.\d\d, .*person-"
    with pytest.raises(RequestError, match=message):
        look_up(cast, tmp_path, (120, 160, 40))


def test_a_picture_that_two_people_look_like_is_refused(tmp_path):
    with a_faceset(tmp_path / "scene", [(0, 40, RED), (30, 50, RED)]) as index:
        name_people(index, ByColor(), Silent())
        with pytest.raises(RequestError, match=r"looks like person-\d and person-\d alike\n  found: person-"):
            look_up(index, tmp_path, RED)


def test_vectors_of_another_recognizer_are_noticed(cast):
    with pytest.raises(RequestError, match="another recognizer"):
        tracks_of_nearest(cast, np.ones(5, np.float32), 0.5, "who.png")


def test_the_largest_face_of_a_picture_is_meant(tmp_path):
    path = tmp_path / "two.png"
    write_picture(path, np.full((16, 16, 3), RED, np.uint8))
    cuts = []
    cut = lambda frame, face: cuts.append(float(face.box[2])) or whole(frame, face)  # noqa: E731
    vector = describe_picture(path, lambda frame: found(5, 12, 8), cut, ByColor())
    assert cuts == [12.0]
    np.testing.assert_allclose(np.linalg.norm(vector), 1, atol=1e-6)


def test_a_grey_picture_serves_too(tmp_path):
    path = tmp_path / "grey.png"
    write_picture(path, np.full((16, 16), 90, np.uint8))
    assert describe_picture(path, lambda frame: found(12), whole, ByColor()).shape == (3,)


def test_a_picture_without_a_face_or_no_picture_is_refused(tmp_path):
    path = tmp_path / "wall.png"
    write_picture(path, np.full((16, 16, 3), 90, np.uint8))
    with pytest.raises(RequestError, match=r"no face is found in .*wall\.png"):
        describe_picture(path, lambda frame: [], whole, ByColor())
    path.write_bytes(b"nothing")
    for missing in (path, tmp_path / "absent.png"):
        with pytest.raises(RequestError, match=f"{missing.name} cannot be read"):
            describe_picture(missing, lambda frame: found(12), whole, ByColor())
