"""Are DeepFaceLab's packs read as DeepFaceLab writes them, and is damage named?"""

import pickle
import random
import struct

import pytest

from understudy.exchange.dfl_jpeg import read_aligned
from understudy.exchange.dfl_pack import PackedFile, packed_files, read_packed
from understudy_sdk import ForeignFileError

from .exchange_files import write_pack


def test_the_pack_holds_the_loose_files_to_the_bit(golden):
    pack = golden / "faceset" / "faceset.pak"
    files = packed_files(pack)
    assert [(file.name, file.person) for file in files] == [(f"0000{i}_0.jpg", "") for i in (1, 2, 3)]
    for file in files:
        content = read_packed(pack, file)
        assert content == (golden / "faceset" / file.name).read_bytes()
        assert read_aligned(content, file.name).size == 128


def test_persons_and_an_empty_pack(tmp_path):
    pack = write_pack(tmp_path / "a.pak", [("1.jpg", None, b"one"), ("1.jpg", "anna", b"other")])
    files = packed_files(pack)
    assert [(file.name, file.person) for file in files] == [("1.jpg", ""), ("1.jpg", "anna")]
    assert [read_packed(pack, file) for file in files] == [b"one", b"other"]
    assert packed_files(write_pack(tmp_path / "b.pak", [])) == []


def test_what_is_no_whole_pack_is_named(tmp_path, golden):
    whole = (golden / "faceset" / "faceset.pak").read_bytes()
    path = tmp_path / "x.pak"
    for content, says in (
        (b"", "cut short"),
        (struct.pack("<QQ", 2, 10) + bytes(10), "no pack of faces of version 1: it begins with 2"),
        (whole[:5000], "cut short: its index"),
        (whole[:6990], "cut short"),
        (whole[:-1], "should have 29542 bytes, but has 29541"),
        (whole[:16] + whole[20:], "makes no sense|cut short"),
        (struct.pack("<QQ", 1, 4) + pickle.dumps(7, 2)[:4] + bytes(99), "makes no sense"),
        (struct.pack("<QQ", 1, 5) + pickle.dumps(7, 2) + bytes(99), "not a list"),
    ):
        path.write_bytes(content)
        with pytest.raises(ForeignFileError, match=says) as caught:
            packed_files(path)
        assert caught.value.where == str(path)


def test_offsets_that_lead_outside_are_refused(tmp_path):
    pack = write_pack(tmp_path / "a.pak", [("1.jpg", None, b"one"), ("2.jpg", None, b"two")])
    content = bytearray(pack.read_bytes())
    place = len(content) - 6 - 16  # of the second file's offset
    for offset in (10**18, 2**64 - 5):
        content[place : place + 8] = struct.pack("<Q", offset)
        pack.write_bytes(content)
        with pytest.raises(ForeignFileError, match="overlap, or lie outside"):
            packed_files(pack)


def test_an_index_that_asks_for_code_is_refused(tmp_path):
    class Trap:
        def __reduce__(self):
            return exec, ("open('ran', 'w')",)

    index = pickle.dumps([{"filename": Trap()}])
    path = tmp_path / "trap.pak"
    path.write_bytes(struct.pack("<QQ", 1, len(index)) + index + bytes(16))
    with pytest.raises(ForeignFileError, match="exec"):
        packed_files(path)


def test_damage_anywhere_is_named_or_harmless(tmp_path, golden):
    whole = (golden / "faceset" / "faceset.pak").read_bytes()
    dice, path, refused = random.Random(3), tmp_path / "dice.pak", 0
    for _ in range(150):
        content = bytearray(whole)
        for _ in range(dice.randint(1, 3)):
            content[dice.choice([dice.randrange(20), dice.randrange(7010)])] = dice.randrange(256)
        path.write_bytes(content)
        try:
            files = packed_files(path)
        except ForeignFileError:
            refused += 1
        else:
            assert all(isinstance(file, PackedFile) and file.stop <= len(whole) for file in files)
    assert refused > 20
