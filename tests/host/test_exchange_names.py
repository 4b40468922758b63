"""Do names in foreign files become harmless names here?"""

import random
import unicodedata
from pathlib import PurePosixPath, PureWindowsPath

import pytest

from understudy.exchange.names import base_name, frame_positions, natural_key, safe_name


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("anna", "anna"),
        ("Anna (2)-b_c.d", "Anna (2)-b_c.d"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\evil", "evil"),
        ("/absolute", "absolute"),
        ("C:\\Windows\\x", "x"),
        ("C:x", "C_x"),
        ("..", "person"),
        ("", "person"),
        ("a/", "person"),
        (". .", "person"),
        ("con", "_con"),
        ("NUL.jpg", "_NUL.jpg"),
        ("com1", "_com1"),
        ("a:b*c?d\"e<f>g|h", "a_b_c_d_e_f_g_h"),
        ("a\x00b\nc", "a_b_c"),
        ("trailing. ", "trailing"),
        ("\u202egpj.exe", "_gpj.exe"),
        ("Zoë", "Zoë"),
    ],
)  # fmt: skip
def test_names_become_safe(name, safe):
    assert safe_name(name, "person") == unicodedata.normalize("NFC", safe)


def test_no_name_leads_out_of_its_folder():
    dice = random.Random(1)
    signs = "ab./\\: \x00\x1f*?~\udcff\u202e%$|con"
    for _ in range(3000):
        name = safe_name("".join(dice.choice(signs) for _ in range(dice.randint(0, 120))), "x")
        for path in (PurePosixPath(name), PureWindowsPath(name)):
            assert path.name == name
            assert not path.is_absolute()
        assert 0 < len(name) <= 81
        assert not name.endswith((".", " "))
        name.encode("utf-8")


def test_base_names():
    assert base_name("a/b\\c.png") == "c.png"
    assert base_name("c.png") == "c.png"


def test_people_count_naturally():
    names = ["f10", "f9", "f1", "F2", "g", "f", "9" * 5000, "1"]
    assert sorted(names, key=natural_key) == ["1", "9" * 5000, "f", "f1", "F2", "f9", "f10", "g"]


def test_numbered_frames_keep_their_numbers():
    assert frame_positions(["00005.png", "00001.png", "00012.jpg"]) == {"00005.png": 4, "00001.png": 0, "00012.jpg": 11}
    assert frame_positions(["0.png", "3.png"]) == {"0.png": 0, "3.png": 3}


def test_other_frames_are_counted_in_their_order():
    found = frame_positions(["b_10.png", "b_9.png", "b_9.jpg", "a.png"])
    assert found == {"a.png": 0, "b_9.png": 1, "b_9.jpg": 1, "b_10.png": 2}
    assert frame_positions(["20240131123000.png", "1.png"]) == {"1.png": 0, "20240131123000.png": 1}
    assert frame_positions(["999999999.png", "1.png"]) == {"1.png": 0, "999999999.png": 1}
    assert frame_positions(["noend", ".hidden", ""]) == {"": 0, ".hidden": 1, "noend": 2}
    assert frame_positions([]) == {}
