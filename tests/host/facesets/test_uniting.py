"""Does a union hold every face once, with its place, its picture, its person and its mark?"""

import numpy as np
import pytest

from understudy.errors import RequestError, StoreError
from understudy.faceset import Faceset
from understudy.facesets.uniting import unite
from understudy.progress import Silent
from understudy_sdk import FaceType

ANNA, BOB = np.array([1, 0, 0], np.float32), np.array([0, 1, 0], np.float32)


def rows(folder):
    with Faceset(folder) as index:
        return list(index.all_rows())


def test_two_clips_come_together(make_faceset, drawn, tmp_path):
    one = make_faceset([drawn(frame=at, seed=at, track=0) for at in (0, 300, 999)], "one", "a")
    two = make_faceset([drawn(frame=at, seed=9, track=0) for at in (5, 6)], "two", "b", frames=10)
    done = unite([one, two], tmp_path / "out", Silent())
    assert (done.faces, done.doubles, done.renamed) == (5, 0, [])
    before, after = [*rows(one), *rows(two)], rows(tmp_path / "out")
    assert [(row.clip_name, row.frame, row.track) for row in after] == [
        ("a.mp4", 0, 0), ("a.mp4", 300, 0), ("a.mp4", 999, 0), ("b.mp4", 5, 1), ("b.mp4", 6, 1),
    ]  # fmt: skip
    with Faceset(tmp_path / "out") as index, Faceset(one) as old:
        for was, now in zip(before, after, strict=True):
            assert (was.pts, was.time_base, was.size, was.look, was.origin) == (
                now.pts, now.time_base, now.size, now.look, now.origin,
            )  # fmt: skip
            np.testing.assert_array_equal(was.landmarks, now.landmarks)
            np.testing.assert_array_equal(was.frame_to_crop, now.frame_to_crop)
        np.testing.assert_array_equal(old.picture(before[0]), index.picture(after[0]))
        assert index.mask_png(after[0].name) == old.mask_png(before[0].name)
        assert index.progress(before[0].fingerprint) == (1000, 3)


def test_the_same_face_of_the_same_frame_comes_once(make_faceset, drawn, tmp_path):
    one = make_faceset([drawn(frame=0, track=4), drawn(frame=1, track=4)], "one")
    two = make_faceset([drawn(frame=1, box_x=22.0), drawn(frame=1, box_x=90.0, track=1)], "two")
    done = unite([one, two], tmp_path / "out", Silent())
    after = rows(tmp_path / "out")
    assert (done.faces, done.doubles) == (3, 1)
    assert [(row.frame, row.face.box[0], row.track) for row in after] == [(0, 20, 0), (1, 20, 0), (1, 90, 1)]
    assert len({row.name for row in after}) == 3


def test_people_of_one_name_are_one_only_if_they_look_alike(make_faceset, drawn, tmp_path):
    one = make_faceset([drawn(track=0)], "one", "a", people={0: ("person 1", ANNA)})
    two = make_faceset([drawn(track=0)], "two", "b", people={0: ("person 1", BOB)})
    three = make_faceset([drawn(track=5)], "three", "c", people={5: ("person 1", ANNA + 0.1)})
    done = unite([one, two, three], tmp_path / "out", Silent())
    assert done.renamed == [("person 1", "person 1 (2)")]
    assert [row.person for row in rows(tmp_path / "out")] == ["person 1", "person 1 (2)", "person 1"]


def test_marks_come_along_but_not_with_chosen_faces(make_faceset, drawn, tmp_path):
    one = make_faceset([drawn(frame=at) for at in range(3)], "one")
    two = make_faceset([drawn(frame=at, box_x=90.0) for at in range(3)], "two")
    with Faceset(two, writable=True) as index:
        index.mark([rows(two)[1].name], "blurred")
    unite([one, two], tmp_path / "all", Silent())
    marked = [(row.frame, row.face.box[0], row.mark) for row in rows(tmp_path / "all") if row.mark]
    assert marked == [(1, 90, "blurred")]
    done = unite([two], tmp_path / "some", Silent(), only={rows(two)[1].name, rows(two)[2].name})
    assert done.faces == 2
    assert [(row.frame, row.mark) for row in rows(tmp_path / "some")] == [(1, ""), (2, "")]


def test_frames_may_have_crops_of_different_sizes(make_faceset, drawn, tmp_path):
    one = make_faceset([drawn(frame=at) for at in (0, 2)], "one")
    two = make_faceset([drawn(frame=1, box_x=90.0)], "two", shape=(FaceType.HEAD, 64, ".png"))
    unite([one, two], tmp_path / "out", Silent())
    found = [(row.frame, row.size, row.face_type) for row in rows(tmp_path / "out")]
    assert found == [(0, 128, "whole_face"), (1, 64, "head"), (2, 128, "whole_face")]


def test_one_frame_may_not(make_faceset, drawn, tmp_path):
    one = make_faceset([drawn(frame=0)], "one")
    two = make_faceset([drawn(frame=0, box_x=90.0)], "two", shape=(FaceType.HEAD, 64, ".png"))
    with pytest.raises(RequestError, match=r"frame 0 .*head 64 px \.png and whole_face 128 px"):
        unite([one, two], tmp_path / "out", Silent())
    assert not (tmp_path / "out").exists()


def test_nothing_is_written_over(make_faceset, drawn, tmp_path):
    one = make_faceset([drawn()], "one")
    with pytest.raises(RequestError, match="is there already"):
        unite([one, one], one, Silent())
    assert len(rows(one)) == 1


def test_a_union_that_fails_leaves_nothing(make_faceset, drawn, tmp_path):
    one = make_faceset([drawn()], "one")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "index.sqlite").write_bytes(b"x" * 5000)
    with pytest.raises(StoreError, match="damaged"):
        unite([one, tmp_path / "bad"], tmp_path / "out", Silent())
    assert not list(tmp_path.glob("out*"))
