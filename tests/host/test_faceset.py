"""Does a faceset hold its promise: whole chunks, plain pictures, and never a row without one?"""

import sqlite3
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from understudy.errors import StoreError
from understudy.faceset import Faceset, FoundFace, Look, Origin
from understudy.pictures import decode_picture, encode_png
from understudy_sdk import Face, FaceType


def a_face(frame, number=0, seed=0):
    random = np.random.default_rng([seed, frame, number])
    landmarks = random.uniform(10, 90, (68, 2)).astype(np.float32)
    mesh = random.uniform(0, 90, (468, 3)).astype(np.float32)
    face = Face(np.array([10, 10, 60 + number, 60], np.float32), 0.75, landmarks=landmarks, mesh=mesh)
    picture = random.integers(0, 256, (32, 32, 3), dtype=np.uint8)
    affine = random.uniform(-1, 1, (2, 3))
    mask = np.full((32, 32), 255, np.uint8)
    pictures = encode_png(picture), encode_png(mask)
    look = Look(1.0, -2.0, 3.0, 55.5, 120.0)
    return FoundFace(frame, frame * 512, number, face, affine, *pictures, landmarks + 1, Origin.FOUND, 4, look), picture


def fill(folder, frames=(0, 1, 2)):
    with Faceset(folder, writable=True) as index:
        clip = index.register_clip("f" * 64, "clip.mp4", Fraction(1, 15360), 3, (64, 48))
        index.add_chunk(
            clip, (0, 3), [a_face(frame)[0] for frame in frames], (FaceType.WHOLE_FACE, 32, ".png"), made_from="m"
        )
    return folder


def test_what_goes_in_comes_out_exactly(tmp_path):
    found, picture = a_face(1)
    fill(tmp_path / "set")
    with Faceset(tmp_path / "set") as index:
        row = index.rows("f" * 64)[1]
        assert (row.frame, row.pts, row.time_base) == (1, 512, Fraction(1, 15360))
        np.testing.assert_array_equal(row.landmarks, found.face.landmarks)
        np.testing.assert_array_equal(row.face.mesh, found.face.mesh)
        np.testing.assert_array_equal(row.frame_to_crop, found.frame_to_crop)
        np.testing.assert_array_equal(index.picture(row), picture)
        assert index.progress("f" * 64) == (3, 3)
        assert decode_picture(index.mask_png(row.name), "mask").min() == 255


def test_any_program_can_read_the_index(tmp_path):
    fill(tmp_path / "set")
    database = sqlite3.connect(tmp_path / "set" / "index.sqlite")
    rows = database.execute("select face.name, clip.name, time_s from face join clip on clip.id = clip order by frame")
    names = [(name, clip, round(time, 4)) for name, clip, time in rows]
    assert database.execute("pragma journal_mode").fetchone() == ("wal",)
    database.close()
    assert names[2] == ("001-clip_0000002_0.png", "clip.mp4", round(1024 / 15360, 4))


def test_a_deleted_picture_takes_its_row_along(tmp_path):
    fill(tmp_path / "set")
    (tmp_path / "set" / "faces" / "001-clip_0000001_0.png").unlink()
    with Faceset(tmp_path / "set") as index:
        assert [row.frame for row in index.rows("f" * 64)] == [0, 2]
    with Faceset(tmp_path / "set", writable=True) as index:
        assert index.drop_rows_without_picture() == 1
        assert index.progress("f" * 64) == (3, 2)  # the frame stays done: it is not searched again


def test_pictures_without_a_chunk_are_no_faces(tmp_path):
    """As a kill between the pictures and the transaction leaves it."""
    fill(tmp_path / "set", frames=(0,))
    (tmp_path / "set" / "faces" / "001-clip_0000064_0.png").write_bytes(a_face(64)[0].picture)
    with Faceset(tmp_path / "set") as index:
        assert len(index.rows("f" * 64)) == 1
        assert index.finished_chunks(1) == {0: "m"}


def test_rows_of_a_span_and_notes_of_all(tmp_path):
    fill(tmp_path / "set")
    with Faceset(tmp_path / "set") as index:
        assert [row.frame for row in index.rows("f" * 64, 1, 2)] == [1]
        assert [row.frame for row in index.rows("f" * 64, 1)] == [1, 2]
        assert index.rows("0" * 64) == []
        notes = index.notes(["f" * 64])
        assert [(note.frame, note.area) for note in notes] == [(0, 2500.0), (1, 2500.0), (2, 2500.0)]
        assert index.row(notes[2].name).frame == 2
    (tmp_path / "set" / "faces" / notes[0].name).unlink()
    with Faceset(tmp_path / "set") as index:
        assert [note.frame for note in index.notes(["f" * 64])] == [1, 2]


def test_a_damaged_picture_is_named(tmp_path):
    fill(tmp_path / "set")
    (tmp_path / "set" / "faces" / "001-clip_0000001_0.png").write_bytes(b"no picture")
    with Faceset(tmp_path / "set") as index, pytest.raises(StoreError, match="001-clip_0000001_0"):
        index.picture(index.rows("f" * 64)[1])


def test_a_damaged_index_is_named(tmp_path):
    fill(tmp_path / "set")
    (tmp_path / "set" / "index.sqlite").write_bytes(b"x" * 5000)
    with pytest.raises(StoreError, match=r"index\.sqlite is damaged"):
        Faceset(tmp_path / "set")


def test_a_newer_index_is_refused(tmp_path):
    fill(tmp_path / "set")
    database = sqlite3.connect(tmp_path / "set" / "index.sqlite")
    database.execute("update meta set value = '7' where key = 'format'")
    database.commit()
    database.close()
    with pytest.raises(StoreError, match="newer"):
        Faceset(tmp_path / "set")


def test_no_faceset_is_said(tmp_path):
    with pytest.raises(StoreError, match="extract"):
        Faceset(tmp_path)


def test_what_is_set_aside_stays_so_where_the_same_face_is_cut_anew(tmp_path):
    with Faceset(fill(tmp_path / "set"), writable=True) as index:
        names = [row.name for row in index.all_rows()]
        assert index.mark(names, "blurred") == 3
        index.set_measures("sharpness", dict.fromkeys(names, 1.0))
        kept, moved = a_face(0, seed=1)[0], a_face(1, seed=1)[0]
        box = moved.face.box + np.float32(1)
        moved = replace(moved, face=replace(moved.face, box=box))
        index.add_chunk(1, (0, 3), [kept, moved], (FaceType.WHOLE_FACE, 32, ".png"))
        assert {row.frame: row.mark for row in index.all_rows()} == {0: "blurred", 1: ""}
        assert index.measures("sharpness") == {}


def test_tracks_are_renumbered_in_their_order_and_the_stamp_tells(tmp_path):
    with Faceset(fill(tmp_path / "set"), writable=True) as index:
        index.set_tracks(1, [(0, 0, 5), (1, 0, 6), (2, 0, 9)])
        before = index.track_stamp(["f" * 64])
        assert index.renumber_tracks(1, 6) == 9
        assert [row.track for row in index.all_rows()] == [6, 7, 8]
        after = index.track_stamp(["f" * 64])
        assert before != after != index.track_stamp([])
        assert index.renumber_tracks(1, 6) == 9
        assert index.track_stamp(["f" * 64]) == after


def test_the_stamp_of_tracks_tells_when_two_swap_what_they_hold(tmp_path):
    with Faceset(tmp_path / "set", writable=True) as index:
        clip = index.register_clip("f" * 64, "clip.mp4", Fraction(1, 15360), 3, (64, 48))
        two = [
            replace(face, face=replace(face.face, box=face.face.box + np.float32(face.number)), track=face.number)
            for face in (a_face(frame, number)[0] for frame in range(3) for number in (0, 1))
        ]
        index.add_chunk(clip, (0, 3), two, (FaceType.WHOLE_FACE, 32, ".png"))
        before = index.track_stamp(["f" * 64])
        index.set_tracks(clip, [(frame, number, 1 - number) for frame in range(3) for number in (0, 1)])
        assert index.track_stamp(["f" * 64]) != before
