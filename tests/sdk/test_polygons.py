"""Are polygons drawn as DeepFaceLab draws them, and is the plain form read with all its faults named?"""

from __future__ import annotations

import json

import numpy as np
import pytest

from understudy_sdk import ForeignFileError, InvalidValueError
from understudy_sdk.polygons import DrawnMask, Polygon, draw_polygons, read_polygons, write_polygons


def polygon(points, *, is_included=True):
    return Polygon(np.array(points, np.float32), is_included)


SQUARE = polygon([[2, 2], [12, 2], [12, 12], [2, 12]])
HOLE = polygon([[5.9, 5.9], [8.9, 5.9], [8.9, 8.9], [5.9, 8.9]], is_included=False)


def text_of(**changes):
    triangle = {"kind": "include", "points": [[1, 1], [9, 1.5], [5, 9]]}
    face = {"picture": "a.jpg", "size": [16, 12], "polygons": [triangle], **changes}
    return json.dumps({"understudy_polygons": 1, "faces": [face]})


def test_edges_belong_to_a_polygon_and_corners_are_cut_to_whole_pixels():
    drawn = draw_polygons([SQUARE, HOLE], 16)
    wanted = np.zeros((16, 16), np.uint8)
    wanted[2:13, 2:13] = 255
    wanted[5:9, 5:9] = 0
    np.testing.assert_array_equal(drawn, wanted)


def test_what_is_excluded_is_drawn_last():
    np.testing.assert_array_equal(draw_polygons([HOLE, SQUARE], 16), draw_polygons([SQUARE, HOLE], 16))


def test_a_picture_need_not_be_square_and_may_have_no_polygon():
    assert draw_polygons([SQUARE], (20, 8)).shape == (8, 20)
    assert not draw_polygons([], 4).any()


def test_a_polygon_is_checked():
    with pytest.raises(InvalidValueError, match=r"Polygon.points must be float32 \(any, 2\)"):
        Polygon(np.zeros((3, 3), np.float32), is_included=True)


def test_what_is_written_is_read_again():
    masks = {"ä.jpg": DrawnMask((16, 16), (SQUARE, HOLE)), "b.jpg": DrawnMask((8, 9), ())}
    again = read_polygons(write_polygons(masks), "polygons.json")
    assert list(again) == list(masks)
    for name, mask in masks.items():
        assert again[name].size == mask.size
        for one, other in zip(again[name].polygons, mask.polygons, strict=True):
            np.testing.assert_allclose(one.points, other.points, atol=1e-3)
            assert one.is_included == other.is_included


def test_what_reaches_over_the_edge_is_cut_off_when_it_is_written():
    wide = polygon([[-20, 8], [8, -20], [36, 8], [8, 36]])
    outside = polygon([[30, 30], [40, 30], [40, 40]])
    written = write_polygons({"a": DrawnMask((16, 16), (wide, outside, SQUARE))})
    (first, second) = read_polygons(written, "polygons.json")["a"].polygons
    np.testing.assert_array_equal(draw_polygons([first], 16), draw_polygons([wide], 16))
    np.testing.assert_allclose(second.points[np.lexsort(second.points.T)], SQUARE.points[np.lexsort(SQUARE.points.T)])


def test_the_plain_form_is_read():
    (mask,) = read_polygons(text_of(), "x").values()
    assert mask.size == (16, 12)
    assert mask.polygons[0].points.dtype == np.float32
    assert mask.polygons[0].points.tolist() == [[1, 1], [9, 1.5], [5, 9]]
    assert read_polygons(text_of().encode(), "x").keys() == {"a.jpg"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "it is no JSON"),
        ("[" * 100_000, "it is no JSON"),
        ("[]", "it states no version"),
        ('{"faces": []}', "it states no version"),
        ('{"understudy_polygons": 2, "faces": []}', "version 2, but version 1"),
        ('{"understudy_polygons": 1}', "faces must be a list, but is missing"),
        ('{"understudy_polygons": 1, "faces": [3]}', "face 1 must be a mapping"),
        (text_of(picture=""), "face 1 names no picture"),
        (text_of(size=[16]), r"a.jpg: size must be a width and a height in px, but is \[16\]"),
        (text_of(size=[0, 5]), "a.jpg: size"),
        (text_of(size=[True, 5]), "a.jpg: size"),
        (text_of(polygons=None), "a.jpg: polygons must be a list, but is missing"),
        (text_of(polygons=[{"points": []}]), "a.jpg: polygon 1 must be of the kind include or exclude"),
        (text_of(polygons=[{"kind": [], "points": []}]), "a.jpg: polygon 1 must be of the kind"),
        (text_of(polygons=[{"kind": "include"}]), "a.jpg: polygon 1: points must be a list, but is missing"),
        (text_of(polygons=[{"kind": "include", "points": [[1, 1], [2, 2]]}]), "a.jpg: polygon 1 has 2 points"),
    ],
)
def test_what_is_wrong_is_named(text, problem):
    with pytest.raises(ForeignFileError, match=rf"polygons.json cannot be read: .*{problem}"):
        read_polygons(text, "polygons.json")


@pytest.mark.parametrize(
    ("point", "problem"),
    [
        ([16.5, 1], r"at 16.5, 1 lies outside the picture of 16 x 12 px"),
        ([1, -0.5], r"at 1, -0.5 lies outside the picture"),
        ([1, 13], "lies outside the picture"),
        ([1], "must be two numbers"),
        (["1", 2], "must be two numbers"),
        ([float("nan"), 2], "must be two numbers"),
        (None, "must be two numbers"),
    ],
)
def test_a_bad_point_is_named_by_picture_polygon_and_number(point, problem):
    good = {"kind": "include", "points": [[1, 1], [9, 1], [5, 9]]}
    bad = {"kind": "exclude", "points": [[1, 1], [9, 1], point]}
    with pytest.raises(ForeignFileError, match=rf"a.jpg: polygon 2: point 3 .*{problem}"):
        read_polygons(text_of(polygons=[good, bad]), "polygons.json")


def test_a_picture_stands_there_once():
    content = json.loads(text_of())
    content["faces"] *= 2
    with pytest.raises(ForeignFileError, match=r"'a.jpg' stands there twice"):
        read_polygons(json.dumps(content), "polygons.json")
