"""Are DeepFaceLab's aligned JPEGs read and written as DeepFaceLab does, and never trusted?"""

import json
import os
import pickle
import pickletools
import random
import struct

import cv2
import numpy as np
import pytest

from understudy.exchange.dfl_jpeg import (
    aligned_jpeg,
    is_readable_by_dfl,
    read_aligned,
    with_metadata,
    without_metadata,
)
from understudy.exchange.dfl_pickle import dump_plain
from understudy.exchange.dfl_values import (
    DFL_FACE_TYPES,
    AlignedFace,
    aligned_face,
    decode_foreign,
    stored_values,
)
from understudy_sdk import FaceType, ForeignFileError
from understudy_sdk.polygons import draw_polygons

NAMES = ("00001_0.jpg", "00002_0.jpg", "00003_0.jpg")


def app15(content):
    """Return the content of a JPEG's only APP15 segment."""
    start = content.index(b"\xff\xef")
    (length,) = struct.unpack(">H", content[start + 2 : start + 4])
    return content[start + 4 : start + 2 + length]


def put_app15(content, payload):
    """Return a JPEG without metadata as one with the payload behind its APP0 segment."""
    place = 4 + struct.unpack(">H", content[4:6])[0]
    return content[:place] + b"\xff\xef" + struct.pack(">H", len(payload) + 2) + payload + content[place:]


def a_face(**changes):
    points = np.random.default_rng(1).uniform(10, 50, (68, 2))
    values = {
        "face_type": FaceType.WHOLE_FACE,
        "size": 64,
        "landmarks": points,
        "source_filename": "00001.png",
        "source_rect": np.array([1.0, 2.0, 30.0, 40.0]),
        "source_landmarks": points * 2,
        "frame_to_crop": np.array([[0.5, 0.0, 0.0], [0.0, 0.5, 0.0]]),
    }
    return AlignedFace(**(values | changes))


def a_picture(side=64, seed=0):
    small = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return cv2.resize(small, (side, side), interpolation=cv2.INTER_CUBIC)


@pytest.fixture
def plain(golden):
    """Give an aligned JPEG without its metadata."""
    return without_metadata((golden / "faceset" / NAMES[0]).read_bytes(), "plain")


@pytest.mark.parametrize("name", NAMES)
def test_every_value_is_what_deepfacelab_reads(golden, name):
    expected = json.loads((golden / "faceset" / "expected.json").read_text())[name]
    face = read_aligned((golden / "faceset" / name).read_bytes(), name)
    assert DFL_FACE_TYPES[expected["face_type"]] is face.face_type
    assert [face.size, face.size, 3] == expected["shape"]
    assert face.source_filename == expected["source_filename"]
    assert face.brow_expansion == expected["eyebrows_expand_mod"]
    assert (face.mask is not None) == expected["has_xseg_mask"]
    for found, key in (
        (face.landmarks, "landmarks"),
        (face.source_rect, "source_rect"),
        (face.source_landmarks, "source_landmarks"),
        (face.frame_to_crop, "image_to_face_mat"),
    ):
        np.testing.assert_array_equal(found, expected[key], err_msg=key)
    assert len(face.polygons) == len(expected["seg_ie_polys"])
    for polygon, wanted in zip(face.polygons, expected["seg_ie_polys"], strict=True):
        assert polygon.is_included == (wanted["type"] == 1)
        np.testing.assert_allclose(polygon.points, wanted["pts"], atol=1e-5)


def test_masks_and_pixels_are_what_deepfacelab_reads(golden):
    with np.load(golden / "faceset" / "faceset_masks.npz") as expected:
        for name in NAMES:
            content = (golden / "faceset" / name).read_bytes()
            bgr = decode_foreign(content, name)[::2, ::2, ::-1].astype(int)
            assert np.abs(bgr - expected[f"{name[:-4]}.bgr_u8_every2"]).max() <= 2, "JPEG decoders round differently"
        face = read_aligned((golden / "faceset" / NAMES[1]).read_bytes(), NAMES[1])
        drawn = draw_polygons(face.polygons, face.size)
        wanted = expected["00002_0.ie_polys_mask_u8"]
        assert ((drawn > 0) != (wanted > 0)).sum() <= 1, "OpenCV 5 leaves out one pixel on an edge that OpenCV 4 draws"
        face = read_aligned((golden / "faceset" / NAMES[2]).read_bytes(), NAMES[2])
        np.testing.assert_allclose(face.mask, expected["00003_0.xseg_mask"][..., 0], atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_written_reads_as_it_was(golden, name):
    content = (golden / "faceset" / name).read_bytes()
    face = read_aligned(content, name)
    again = read_aligned(with_metadata(content, face, name), name)
    for key in ("landmarks", "source_rect", "source_landmarks", "frame_to_crop", "mask"):
        np.testing.assert_array_equal(getattr(again, key), getattr(face, key), err_msg=key)
    assert (again.face_type, again.source_filename, again.brow_expansion) == (
        face.face_type,
        face.source_filename,
        face.brow_expansion,
    )
    for one, other in zip(again.polygons, face.polygons, strict=True):
        np.testing.assert_array_equal(one.points, other.points)
        assert one.is_included == other.is_included


def test_the_picture_is_not_touched_and_the_metadata_follows_the_last_app_segment(plain):
    exif = b"\xff\xe1\x00\x08Exif\x00\x00"
    place = 4 + struct.unpack(">H", plain[4:6])[0]
    content = plain[:place] + exif + plain[place:]
    written = with_metadata(content, a_face(size=128), "x")
    assert without_metadata(written, "x") == content
    assert written.index(b"\xff\xef") == place + len(exif)
    twice = with_metadata(written, a_face(size=128), "x")
    assert twice == written


def test_the_pickle_names_only_what_numpy_1_has_and_python_3_0_reads(golden):
    face = read_aligned((golden / "faceset" / NAMES[1]).read_bytes(), NAMES[1])
    mask = np.zeros((32, 32), np.float32)
    written = dump_plain(stored_values(a_face(mask=mask, polygons=face.polygons, brow_expansion=1.5)))
    steps = list(pickletools.genops(written))
    assert max(step.proto for step, _, _ in steps) <= 3
    names = {argument for step, argument, _ in steps if step.name in {"GLOBAL", "STACK_GLOBAL"}}
    assert names == {"numpy.core.multiarray _reconstruct", "numpy ndarray", "numpy dtype"}
    assert b"_core" not in written
    assert not {step.name for step, _, _ in steps} & {"BINGET", "PUT", "FRAME", "MEMOIZE", "EXT1", "NEXT_BUFFER"}


def test_pythons_own_reader_gives_the_types_deepfacelab_expects():
    values = pickle.loads(dump_plain(stored_values(a_face(mask=np.eye(16, dtype=np.float32)))))
    assert values["face_type"] == "whole_face"
    assert isinstance(values["landmarks"], list)
    assert isinstance(values["landmarks"][0], list)
    assert len(values["source_landmarks"]) == 68
    assert values["source_rect"].dtype == np.int64
    np.testing.assert_array_equal(values["source_rect"], [1, 2, 30, 40])
    assert (values["image_to_face_mat"].dtype, values["image_to_face_mat"].shape) == (np.float64, (2, 3))
    assert values["xseg_mask"].dtype == np.uint8
    np.testing.assert_array_equal(cv2.imdecode(values["xseg_mask"], cv2.IMREAD_UNCHANGED), np.eye(16) * 255)
    assert "seg_ie_polys" not in values
    assert "eyebrows_expand_mod" not in values


def test_what_cannot_be_written_is_refused():
    with pytest.raises(TypeError, match="set"):
        dump_plain({"a": {1, 2}})
    with pytest.raises(TypeError, match="float16"):
        dump_plain(np.zeros(2, np.float16))


def test_masks_stay_small():
    noise = np.random.default_rng(0).random((256, 256)).astype(np.float32)  # a PNG of it has more than 65 kB
    encoded = stored_values(a_face(mask=noise))["xseg_mask"]
    assert encoded.size <= 50_000
    assert encoded[:2].tobytes() == b"\xff\xd8"
    large = np.zeros((640, 640), np.float32)
    large[:320] = 1
    decoded = cv2.imdecode(stored_values(a_face(mask=large))["xseg_mask"], cv2.IMREAD_UNCHANGED)
    assert decoded.shape == (256, 256)
    assert (decoded[:128].min(), decoded[128:].max()) == (255, 0)


def test_older_forms_of_values_are_read():
    points = [[float(i), float(2 * i)] for i in range(68)]
    triangle = np.array([[1, 1], [9, 1], [5, 9]], np.float32)
    values = {
        "landmarks": tuple(map(tuple, points)),
        "source_rect": (1, 2, 3, 4),
        "image_to_face_mat": [[1, 0, 0], [0, 1, 0]],
        "seg_ie_polys": [(0, triangle), (1, triangle + 1), (1, triangle[:2])],
        "xseg_mask": cv2.imencode(".png", np.full((8, 8), 255, np.uint8))[1].reshape(-1, 1),
        "eyebrows_expand_mod": np.float64(2.0),
        "source_filename": None,
    }
    face = aligned_face(values, 16, "old.jpg")
    assert face.face_type is FaceType.FULL
    assert [part.is_included for part in face.polygons] == [True, False], "includes first; two points are no polygon"
    assert (face.brow_expansion, face.source_filename, face.source_landmarks) == (2.0, "", None)
    assert face.mask.min() == 1


class Trap:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_nothing_in_a_file_is_run(tmp_path, plain, protocol):
    hostile = put_app15(plain, pickle.dumps({"landmarks": Trap(tmp_path / "ran")}, protocol))
    with pytest.raises(ForeignFileError, match=r"trap\.jpg.*mkdir"):
        read_aligned(hostile, "trap.jpg")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("landmarks", [[1.0, 2.0]] * 67, "landmarks must be 68 x 2 numbers, but is 67 x 2"),
        ("landmarks", [[1.0]] * 67 + [[1.0, 2.0]], "landmarks must be 68 x 2 numbers"),
        ("landmarks", [["a", "b"]] * 68, "landmarks must be 68 x 2 numbers"),
        ("landmarks", [[float("nan"), 1.0]] * 68, "not finite"),
        ("landmarks", [[1e30, 1.0]] * 68, "beyond"),
        ("landmarks", [[10**400, 1]] * 68, "landmarks must be"),
        ("landmarks", None, "no landmarks"),
        ("source_rect", "0123", "source_rect must be 4 numbers"),
        ("image_to_face_mat", np.eye(3), "image_to_face_mat must be 2 x 3"),
        ("source_filename", 7, "source_filename must be a text"),
        ("face_type", "nose", "face type 'nose' is none of half_face"),
        ("face_type", "mark_only", "whole frame"),
        ("xseg_mask", np.zeros(9, np.uint8), "picture is damaged"),
        ("xseg_mask", "mask", "no encoded picture"),
        ("xseg_mask", cv2.imencode(".png", np.zeros((4, 8), np.uint8))[1], "square"),
        ("seg_ie_polys", {"polys": 3}, "not a list"),
        ("seg_ie_polys", [[1, 2, 3]], "polygon 0"),
        ("seg_ie_polys", [(1, [[1, 2, 3]])], "any x 2"),
        ("eyebrows_expand_mod", [1.0], "must be 1 numbers"),
    ],
)
def test_values_that_make_no_sense_are_named(key, value, says):
    values = {"landmarks": [[float(i), 2.0 * i] for i in range(68)]} | {key: value}
    with pytest.raises(ForeignFileError, match=says) as caught:
        aligned_face(values, 64, "odd.jpg")
    assert caught.value.where.startswith("odd.jpg")


def test_files_that_are_no_aligned_faces_say_what_they_are(plain, golden):
    whole = (golden / "faceset" / NAMES[0]).read_bytes()
    oblong = put_app15(cv2.imencode(".jpg", np.zeros((32, 48, 3), np.uint8))[1].tobytes(), app15(whole))
    for content, says in (
        (plain, "no metadata of DeepFaceLab"),
        (b"", "no JPEG"),
        (b"\x89PNG\r\n\x1a\n", "no JPEG"),
        (whole[:3000], "cut short"),
        (whole[:-2], "cut short"),
        (b"\xff\xd8\xff\xd9", "holds no picture"),
        (b"\xff\xd8hello", "damaged at byte 2"),
        (oblong, "square, but this picture has 48 x 32"),
        (put_app15(plain, dump_plain([1, 2])), "not that of an aligned face"),
        (put_app15(plain, app15(whole)[:100]), "makes no sense"),
    ):
        with pytest.raises(ForeignFileError, match=says):
            read_aligned(content, "file.jpg")


@pytest.mark.parametrize("options", [[cv2.IMWRITE_JPEG_PROGRESSIVE, 1], [cv2.IMWRITE_JPEG_RST_INTERVAL, 2]])
def test_other_kinds_of_jpeg_are_read(options):
    content = cv2.imencode(".jpg", a_picture(), options)[1].tobytes()
    written = with_metadata(content, a_face(), "x")
    np.testing.assert_array_equal(read_aligned(written, "x").landmarks, a_face().landmarks)
    assert is_readable_by_dfl(written, "x") == (options[0] == cv2.IMWRITE_JPEG_PROGRESSIVE)
    np.testing.assert_array_equal(decode_foreign(written, "x"), decode_foreign(content, "x"))


def test_which_jpegs_deepfacelab_would_not_read():
    grey = cv2.imencode(".jpg", np.zeros((16, 16), np.uint8))[1].tobytes()
    assert not is_readable_by_dfl(grey, "grey")
    colour = cv2.imencode(".jpg", a_picture())[1].tobytes()
    assert is_readable_by_dfl(colour, "colour")
    without_jfif = colour[:2] + colour[4 + struct.unpack(">H", colour[4:6])[0] :]
    assert not is_readable_by_dfl(without_jfif, "bare")


def test_a_crop_becomes_an_aligned_jpeg():
    picture = a_picture(64)
    content = aligned_jpeg(picture, a_face(), 98)
    assert is_readable_by_dfl(content, "x")
    assert np.abs(decode_foreign(content, "x").astype(int) - picture).mean() < 1.5
    assert len(aligned_jpeg(picture, a_face(), 50)) < len(content)


def test_damage_anywhere_is_named_or_harmless(golden):
    whole = (golden / "faceset" / NAMES[2]).read_bytes()
    dice = random.Random(5)
    refused = 0
    for _ in range(400):
        content = bytearray(whole)
        for _ in range(dice.randint(1, 4)):
            content[dice.randrange(5200)] = dice.randrange(256)  # in the head and the metadata
        if dice.random() < 0.2:
            del content[dice.randrange(len(content)) :]
        try:
            face = read_aligned(bytes(content), "dice.jpg")
        except ForeignFileError:
            refused += 1
        else:
            assert face.landmarks.shape == (68, 2)
            assert np.isfinite(face.landmarks).all()
    assert refused > 50
