"""Do pictures survive their encodings, and is a damaged one noticed and named?"""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from understudy.errors import StoreError
from understudy.pictures import decode_mask, decode_picture, encode_picture, encode_png, is_damaged, write_picture

KINDS = ("png", "jpeg", "webp")


@pytest.fixture(scope="module")
def picture():
    """Soft coloured patches."""
    coarse = np.random.default_rng(0).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    return cv2.resize(coarse, (192, 192), interpolation=cv2.INTER_CUBIC)


@pytest.mark.parametrize(("kind", "quality"), [("png", 1), ("webp", 100)])
def test_lossless_is_exact(picture, kind, quality):
    np.testing.assert_array_equal(decode_picture(encode_picture(picture, kind, quality), "x"), picture)


@pytest.mark.parametrize("kind", ["jpeg", "webp"])
def test_quality_says_how_near_and_how_large(picture, kind):
    coded = {quality: encode_picture(picture, kind, quality) for quality in (30, 95)}
    errors = {
        quality: np.abs(decode_picture(content, "x").astype(int) - picture).mean() for quality, content in coded.items()
    }
    assert errors[95] < 2.0
    assert errors[95] < errors[30]
    assert len(coded[30]) < len(coded[95]) < len(encode_picture(picture, "png"))


def test_jpeg_keeps_colour_at_full_resolution():
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2], stripes[:, 1::2] = (200, 60, 60), (60, 60, 200)
    back = decode_picture(encode_picture(stripes, "jpeg", 95), "x").astype(int)
    assert np.abs(back - stripes).mean() < 10  # halved colour would be purple throughout: 70 off


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_picture_gives_the_same_bytes_and_grey_stays_grey(picture, kind):
    assert encode_picture(picture, kind) == encode_picture(picture.copy(), kind)
    if kind != "webp":  # which knows no grey
        assert decode_picture(encode_picture(picture[..., 0], kind), "x").shape == (192, 192)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("missing", [0.02, 0.3, 0.7, 0.99])
def test_a_cut_off_picture_is_noticed_and_named(picture, kind, missing):
    """Decoders fill what is missing with grey and say nothing."""
    content = encode_picture(picture, kind)
    assert not is_damaged(content)
    cut = content[: int(len(content) * (1 - missing))]
    with pytest.raises(StoreError, match=r"faces/003\.x is damaged"):
        decode_picture(cut, "faces/003.x")


@pytest.mark.parametrize("content", [b"", b"no picture at all", b"\xff\xd8\xff\xd9", b"\x89PNG\r\n\x1a\nIEND"])
def test_what_is_no_picture_is_named(content):
    with pytest.raises(StoreError, match="thing is damaged"):
        decode_picture(content, "thing")


def test_a_header_of_absurd_size_is_damage(picture):
    content = bytearray(encode_png(picture))
    content[16:24] = b"\x7f\xff\xff\xff" * 2  # width and height
    with pytest.raises(StoreError, match="damaged"):
        decode_picture(bytes(content), "x")


def test_flipped_bits_in_a_png_are_damage(picture):
    content = bytearray(encode_png(picture))
    content[len(content) // 2] ^= 0x10
    with pytest.raises(StoreError, match="damaged"):
        decode_picture(bytes(content), "x")


@pytest.mark.parametrize("filler", [b"\0", b"\xff", None])
def test_a_jpeg_with_a_lost_disk_block_is_damage(filler):
    """OpenCV shows smears in such a picture, and no error."""
    random = np.random.default_rng(2)
    coarse = random.integers(0, 256, (48, 48, 3), dtype=np.uint8)
    content = bytearray(encode_picture(cv2.resize(coarse, (192, 192), interpolation=cv2.INTER_CUBIC), "jpeg"))
    assert not is_damaged(bytes(content))
    middle = len(content) // 2
    content[middle : middle + 512] = filler * 512 if filler else random.bytes(512)
    with pytest.raises(StoreError, match="damaged"):
        decode_picture(bytes(content), "x")


@pytest.mark.parametrize(
    "options",
    [
        (cv2.IMWRITE_JPEG_PROGRESSIVE, 1), (cv2.IMWRITE_JPEG_OPTIMIZE, 1), (cv2.IMWRITE_JPEG_RST_INTERVAL, 3),
        (cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_411), (cv2.IMWRITE_JPEG_QUALITY, 1),
        (cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_440),
    ],
)  # fmt: skip
@pytest.mark.parametrize("shape", [np.s_[:1, :1], np.s_[:67, :101], np.s_[:50, :70, 0]])
def test_no_sound_jpeg_is_taken_for_damaged(picture, options, shape):
    content = cv2.imencode(".jpg", picture[shape], options)[1].tobytes()
    assert decode_picture(content, "x").shape == picture[shape].shape
    assert decode_picture(content + bytes(200), "x").shape == picture[shape].shape  # some programs pad the end


def test_other_programs_pictures_become_8_bit_rgb():
    deep = cv2.imencode(".png", np.full((4, 4, 3), (0, 128 * 257, 255 * 257), np.uint16))[1].tobytes()
    np.testing.assert_array_equal(decode_picture(deep, "x")[0, 0], (255, 128, 0))
    with_alpha = cv2.imencode(".png", np.full((4, 4, 4), (1, 2, 3, 4), np.uint8))[1].tobytes()
    np.testing.assert_array_equal(decode_picture(with_alpha, "x")[0, 0], (3, 2, 1))


def test_masks_are_shares():
    grey = np.array([[0, 51], [204, 255]], np.uint8)
    np.testing.assert_allclose(decode_mask(encode_png(grey), "x"), grey / 255, atol=1e-6)


def test_written_pictures_are_whole(tmp_path, picture):
    write_picture(tmp_path / "sheet.jpg", picture)
    assert not is_damaged((tmp_path / "sheet.jpg").read_bytes())
    assert [path.name for path in tmp_path.iterdir()] == ["sheet.jpg"]
