"""Is a folder of pictures read as a clip: in order, upright, each in its own size, and without the damaged ones?"""

from __future__ import annotations

import struct
import zlib
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from understudy.errors import MediaError
from understudy.picture_folder import breaks_between, pictures_in
from understudy.video import ClipReader, check_mergeable, check_square, fingerprint, probe, stills_of
from understudy.video.stills import frame_numbers


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "pictures"
    path.mkdir()
    return path


def flat(level: int, size=(48, 32)) -> np.ndarray:
    """A picture of one grey level, with a red left half."""
    picture = np.full((size[1], size[0], 3), level, np.uint8)
    picture[:, : size[0] // 2] = (0, 0, 250)  # BGR
    return picture


def save(folder: Path, name: str, picture: np.ndarray, *options: int) -> Path:
    assert cv2.imwrite(str(folder / name), picture, options)
    return folder / name


def levels(folder: Path) -> list[int]:
    """The grey level of every picture that can be read, in order."""
    with ClipReader(folder) as reader:
        return [round(float(frame.frame().rgb[:, -4:].mean())) for frame in reader.frames()]


def test_pictures_come_in_the_order_people_count(folder):
    for name, level in [
        ("10.png", 100),
        ("2.png", 20),
        ("1.bmp", 10),
        ("a3.png", 130),
        ("A1.png", 110),
        ("a2.tif", 120),
    ]:
        save(folder, name, flat(level))
    assert levels(folder) == [10, 20, 100, 110, 120, 130]
    info = probe(folder)
    assert info.pts == tuple(range(6))
    assert (info.average_rate, info.time_base.denominator, info.has_audio) == (25, 25, False)


def test_what_is_no_picture_is_left_out(folder):
    save(folder, "1.PNG", flat(50))
    (folder / "notes.txt").write_text("words")
    save(folder, ".hidden.png", flat(60))
    (folder / "inner").mkdir()
    save(folder / "inner", "2.png", flat(70))
    (folder / "3.png").mkdir()
    assert levels(folder) == [50]


def test_every_picture_keeps_its_size(folder):
    for number, size in enumerate([(48, 32), (100, 60), (30, 90)]):
        save(folder, f"{number}.png", flat(50, size))
    info = probe(folder)
    assert (info.width, info.height) == (48, 32)
    with ClipReader(folder, info) as reader:
        frames = list(reader.frames())
        assert [frame.frame().rgb.shape for frame in frames] == [(32, 48, 3), (60, 100, 3), (90, 30, 3)]
        assert [frame.unlike for frame in frames] == ["", "100 x 60", "30 x 90"]
        assert [frame.index for frame in reader.frames(1, 3)] == [1, 2]


@pytest.mark.parametrize(
    ("tag", "shape", "red"),
    [
        (1, (32, 48), np.s_[:, :20]),
        (3, (32, 48), np.s_[:, -20:]),
        (6, (48, 32), np.s_[:20]),
        (8, (48, 32), np.s_[-20:]),
    ],
)
def test_pictures_stand_upright_by_their_exif_tag(folder, tag, shape, red):
    """Value 6: the stored left edge is the top of the upright picture; 8: its bottom; 3: its right."""
    content = cv2.imencode(".jpg", flat(200))[1].tobytes()
    exif = b"Exif\0\0MM\0*\0\0\0\x08" + struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, tag, 0, 0)
    (folder / "1.jpg").write_bytes(content[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + content[2:])
    info = probe(folder)
    with ClipReader(folder, info) as reader:
        rgb = next(iter(reader.frames())).frame().rgb
    assert rgb.shape[:2] == shape == (info.height, info.width)
    assert np.abs(rgb[red].astype(int) - (250, 0, 0)).max() < 12


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_grey_alpha_and_16_bit_pictures_become_8_bit_rgb(folder, suffix):
    gray = np.tile(np.arange(0, 240, 5, dtype=np.uint8), (32, 1))
    save(folder, f"1{suffix}", gray)
    save(folder, f"2{suffix}", cv2.merge([gray, gray, gray, np.full_like(gray, 9)]))
    save(folder, f"3{suffix}", cv2.merge([gray.astype(np.uint16) * 257] * 3))
    save(folder, f"4{suffix}", gray.astype(np.uint16) * 257)
    with ClipReader(folder) as reader:
        pictures = [frame.frame().rgb for frame in reader.frames()]
    assert len(pictures) == 4
    for rgb in pictures:
        assert rgb.dtype == np.uint8
        assert np.abs(rgb.astype(int) - gray[..., None]).max() <= 1


def broken(kind: str, whole: bytes) -> bytes:
    if kind == "huge":  # a small file that promises 3.6 billion pixels
        header = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
        chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"0" * 100)), (b"IEND", b"")]
        packed = [struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
                  for name, data in chunks]  # fmt: skip
        return b"\x89PNG\r\n\x1a\n" + b"".join(packed)
    middle = len(whole) // 2
    return {
        "empty": b"", "words": b"not a picture", "cut": whole[: len(whole) * 2 // 3],
        "middle": whole[:middle] + bytes(64) + whole[middle + 64 :],
        "end": whole[:middle] + bytes(len(whole) - middle),
    }[kind]  # fmt: skip


@pytest.mark.parametrize(
    ("suffix", "kind"),
    [
        *((suffix, kind) for suffix in (".jpg", ".png") for kind in ("empty", "words", "cut", "middle", "end", "huge")),
        *((".webp", kind) for kind in ("empty", "words", "cut")),  # it has no checksum, and any bytes mean something
    ],
)
def test_damaged_pictures_are_passed_over_and_noted(folder, suffix, kind):
    random = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    noise = cv2.resize(random, (256, 256), interpolation=cv2.INTER_CUBIC)
    for number in (1, 2, 3, 4):
        path = save(folder, f"{number}{suffix}", flat(number * 10) if number % 2 else noise)
    save(folder, f"5{suffix}", flat(50))
    for number in (2, 4):
        path = folder / f"{number}{suffix}"
        path.write_bytes(broken(kind, path.read_bytes()))
    with ClipReader(folder) as reader:
        assert [frame.index for frame in reader.frames()] == [0, 2, 4]
        assert reader.undecodable == [1, 3]


def test_the_first_picture_may_be_damaged_but_not_all(folder):
    (folder / "1.png").write_bytes(b"nothing")
    save(folder, "2.png", flat(80, (64, 40)))
    info = probe(folder)
    assert (info.width, info.height, len(info.pts)) == (64, 40, 2)
    (folder / "2.png").write_bytes(b"nothing either")
    with pytest.raises(MediaError, match="none of its pictures can be read") as caught:
        probe(folder)
    assert caught.value.path == folder


def test_a_folder_that_is_written_to_meanwhile_is_refused(folder):
    save(folder, "1.png", flat(10))
    info = probe(folder)
    save(folder, "2.png", flat(20))
    with ClipReader(folder, info) as reader, pytest.raises(MediaError, match="now holds 2 pictures, but 1"):
        list(reader.frames())


def test_the_fingerprint_changes_with_names_order_and_content(folder):
    paths = [save(folder, f"{number}.bmp", flat(number, (400, 300))) for number in (1, 2)]
    found = {fingerprint(folder)}
    assert len(bytes.fromhex(next(iter(found)))) == 32
    save(folder, "3.bmp", flat(3))
    found.add(fingerprint(folder))
    (folder / "3.bmp").rename(folder / "0.bmp")
    found.add(fingerprint(folder))
    content = paths[1].read_bytes()
    paths[1].write_bytes(content[:-1] + b"\x07")  # as large as before
    found.add(fingerprint(folder))
    paths[1].write_bytes(content[:180_000] + bytes(60_000) + content[240_000:])
    found.add(fingerprint(folder))
    assert len(found) == 5
    paths[1].write_bytes(content)
    (folder / "0.bmp").rename(folder / "3.bmp")
    assert fingerprint(folder) in found, "it does not depend on times"
    (folder / "notes.txt").write_text("words")
    assert fingerprint(folder) in found


def test_faces_may_be_put_into_it(folder):
    save(folder, "1.png", flat(10))
    check_square(probe(folder))
    check_mergeable(probe(folder))


def test_frames_have_the_numbers_of_their_names(folder):
    for name in ("a_0998.png", "a_0999.png", "a_1002.png"):
        save(folder, name, flat(10))
    assert frame_numbers(probe(folder)) == [998, 999, 1002]
    save(folder, "b_0998.png", flat(10))
    assert frame_numbers(probe(folder)) == [0, 1, 2, 3], "no two pictures get one number"
    info = probe(folder, Fraction(24))
    assert (info.average_rate, info.is_loose, probe(folder).is_loose) == (24, False, True)


def test_names_tell_film_from_single_pictures(folder):
    names = ["a_0001.png", "a_0002.png", "a_0004.png", "b_0005.png", "b_0006.jpg", "b_0006_copy.jpg", "c.png", "d.png"]
    for name in names:
        save(folder, name, flat(10))
    paths = pictures_in(folder)
    assert [path.name for path in paths] == names
    assert probe(folder).breaks == breaks_between(paths) == {2, 3, 4, 5, 6, 7}
    assert stills_of(probe(folder)) == paths
    assert breaks_between([Path("x9.png"), Path("x10.png"), Path("x011.png"), Path("y2_12.png")]) == {3}
