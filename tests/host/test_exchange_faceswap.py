"""Are faceswap's extracted faces read, and where do their pictures lie?"""

import json
import random
import struct
import zlib

import cv2
import numpy as np
import pytest

from understudy.exchange.faceswap_png import crop_of, read_extracted
from understudy_sdk import ForeignFileError, InvalidValueError
from understudy_sdk.geometry import transform_points
from understudy_sdk.landmarks import TEMPLATE

from .exchange_files import faceswap_record, international_text, png_chunk, png_with_text


def face_landmarks(scale=100.0, at=(200.0, 150.0)):
    """Return the mean face's landmarks, with a jaw, as they would lie in a frame."""
    jaw = np.array([(0.5 - 0.6 * np.cos(a), 0.2 + 0.9 * np.sin(a)) for a in np.linspace(0, np.pi, 17)])
    return np.concatenate([jaw, TEMPLATE]) * scale + at


def a_record(**changes):
    return faceswap_record(face_landmarks(), **changes)


def a_png(side=64, seed=0):
    picture = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    return cv2.imencode(".png", picture)[1].tobytes()


@pytest.mark.parametrize("form", ["literal", "packed", "json", "latin"])
def test_a_record_is_read(form):
    record = a_record()
    text = repr(record)
    if form == "json":
        record["alignments"]["mask"] = {}
        text = json.dumps(record)
    body = international_text(text, is_packed=form == "packed")
    content = png_with_text(a_png(), body)
    if form == "latin":
        content = png_with_text(a_png(), b"faceswap\x00" + text.encode("latin-1"), b"tEXt")
    face = read_extracted(content, "face.png")
    np.testing.assert_array_equal(face.box, [190, 140, 310, 270])
    np.testing.assert_array_equal(face.landmarks, face_landmarks())
    assert (face.source_filename, face.frame_size, face.size) == ("clip_000007.png", (640, 360), 64)


def test_other_texts_and_a_bare_record_do_not_disturb():
    bare = a_record()["alignments"]
    content = png_with_text(
        png_with_text(a_png(), international_text(repr(bare))), b"Comment\x00landmarks_xy of nobody", b"tEXt"
    )
    face = read_extracted(content, "face.png")
    assert (face.source_filename, face.frame_size) == ("", None)


def test_a_literal_is_not_run(tmp_path):
    call = f"__import__('os').mkdir({str(tmp_path / 'ran')!r})"
    content = png_with_text(a_png(), international_text(f"{{'landmarks_xy': {call}}}"))
    with pytest.raises(ForeignFileError, match="no metadata of faceswap"):
        read_extracted(content, "trap.png")
    assert list(tmp_path.iterdir()) == []


def test_texts_made_to_choke_on_are_passed_over():
    deep = "{'landmarks_xy': " + "[" * 100_000 + "]" * 100_000 + "}"
    bomb = b"faceswap\x00\x01\x00\x00\x00" + zlib.compress(b" " * 50_000_000 + b"landmarks_xy")
    for body in (international_text(deep), bomb, b"faceswap", b"faceswap\x00\x01\x00\x00\x00noise", b"\x00" * 5):
        with pytest.raises(ForeignFileError, match="no metadata"):
            read_extracted(png_with_text(a_png(), body), "odd.png")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"landmarks_xy": [[1, 2]] * 4}, "landmarks_xy must be 68 x 2"),
        ({"landmarks_xy": None}, "landmarks_xy must be"),
        ({"landmarks_xy": [["a", "b"]] * 68}, "landmarks_xy must be"),
        ({"landmarks_xy": [[1e300, 1]] * 68}, "landmarks_xy must be"),
        ({"x": None}, "x, y, w, h must be 4 numbers"),
        ({"h": "tall"}, "x, y, w, h must be 4 numbers"),
    ],
)
def test_records_that_make_no_sense_are_named(changes, says):
    content = png_with_text(a_png(), international_text(repr(a_record(**changes))))
    with pytest.raises(ForeignFileError, match=says):
        read_extracted(content, "odd.png")


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ({"source_filename": 7}, "name of its frame"),
        ({"source_frame_dims": 5}, "source_frame_dims"),
        ({"source_frame_dims": [1]}, "source_frame_dims"),
    ],
)
def test_sources_that_make_no_sense_are_named(source, says):
    content = png_with_text(a_png(), international_text(repr(a_record() | {"source": source})))
    with pytest.raises(ForeignFileError, match=says):
        read_extracted(content, "odd.png")


def test_files_that_are_no_extracted_faces_say_what_they_are():
    whole = png_with_text(a_png(), international_text(repr(a_record())))
    oblong = png_with_text(cv2.imencode(".png", np.zeros((8, 16, 3), np.uint8))[1].tobytes(), whole[41 : 41 + 10])
    for content, says in (
        (b"", "no PNG"),
        (a_png(), "no metadata of faceswap"),
        (whole[:200], "cut short"),
        (whole[:-4], "cut short"),
        (oblong, "no metadata of faceswap"),
        (b"\x89PNG\r\n\x1a\n" + png_chunk(b"IEND", b""), "state its size"),
        (
            b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", struct.pack(">II", 70000, 70000)) + png_chunk(b"IEND", b""),
            "70000",
        ),
    ):
        with pytest.raises(ForeignFileError, match=says):
            read_extracted(content, "file.png")
    wide = cv2.imencode(".png", np.zeros((8, 16, 3), np.uint8))[1].tobytes()
    with pytest.raises(ForeignFileError, match="square, but this picture has 16 x 8"):
        read_extracted(png_with_text(wide, international_text(repr(a_record()))), "file.png")


def test_the_picture_lies_where_the_mean_face_says():
    """At 512 px the padding is 160 px on each side, so the mean face's unit square has 192 px."""
    png = png_with_text(a_png(512), international_text(repr(a_record())))
    affine = crop_of(read_extracted(png, "x"))
    np.testing.assert_allclose(affine[:, :2], np.eye(2) * 192 / 100, atol=1e-9)
    middle = transform_points(affine, np.array([[200.0 + 49, 150.0 + 51]]))
    np.testing.assert_allclose(middle[0], 256, atol=6)  # seen from the front, the head's centre lies behind the nose


def test_a_turned_head_moves_its_centre(golden):
    """The back of a head that looks to the picture's left lies to its right."""
    with np.load(golden / "alignment.npz") as poses:
        for key, side in (("in_pose.pitch0_yaw30_roll0", 1), ("in_pose.pitch0_yaw-45_roll0", -1)):
            png = png_with_text(a_png(512), international_text(repr(a_record(landmarks_xy=poses[key].tolist()))))
            face = read_extracted(png, "x")
            nose = transform_points(crop_of(face), face.landmarks[30:31])[0, 0]
            assert side * (256 - nose) > 60


def test_landmarks_that_are_no_face_have_no_crop():
    png = png_with_text(a_png(), international_text(repr(a_record(landmarks_xy=[[5, 5]] * 68))))
    with pytest.raises(InvalidValueError):
        crop_of(read_extracted(png, "x"))


def test_damage_anywhere_is_named_or_harmless():
    whole = png_with_text(a_png(8), international_text(repr(a_record())))
    dice, refused = random.Random(2), 0
    for _ in range(400):
        content = bytearray(whole)
        for _ in range(dice.randint(1, 4)):
            content[dice.randrange(len(content))] = dice.randrange(256)
        try:
            face = read_extracted(bytes(content), "dice.png")
        except ForeignFileError:
            refused += 1
        else:
            assert np.isfinite(face.landmarks).all()
    assert refused > 50
