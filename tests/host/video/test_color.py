"""Are code values and RGB turned into each other by the numbers of the standards?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from understudy.video.color import ColorTags, code_steps, describe_color, to_rgb
from understudy_sdk import ColorDescription

# Worked out by hand from the standards' formulas, 8 bit limited: pure red, green, blue, white, black as (Y, Cb, Cr).
PRIMARIES = {
    1: {"red": (62.56, 102.34, 240.0), "green": (172.63, 41.66, 26.27), "blue": (31.81, 240.0, 117.73)},
    6: {"red": (81.48, 90.20, 240.0), "green": (144.55, 53.80, 34.21), "blue": (40.97, 240.0, 109.79)},
    9: {"red": (73.53, 96.72, 240.0), "green": (164.48, 47.28, 25.01), "blue": (28.99, 240.0, 118.99)},
}
RGB = {"red": (1, 0, 0), "green": (0, 1, 0), "blue": (0, 0, 1)}


def planes(*values: float) -> list[np.ndarray]:
    return [np.full((2, 3), value, np.float32) for value in values]


@pytest.mark.parametrize("matrix", PRIMARIES)
@pytest.mark.parametrize("name", RGB)
def test_primaries_in_limited_range(matrix, name):
    rgb = to_rgb(planes(*PRIMARIES[matrix][name]), ColorDescription(matrix=matrix))
    assert np.abs(rgb - RGB[name]).max() < 1e-3


@pytest.mark.parametrize(
    ("codes", "depth", "is_full", "gray"),
    [
        ((16, 128, 128), 8, False, 0.0),
        ((235, 128, 128), 8, False, 1.0),
        ((255, 128, 128), 8, False, 239 / 219),  # an excursion above white stays one
        ((64, 512, 512), 10, False, 0.0),
        ((940, 512, 512), 10, False, 1.0),
        ((3760, 2048, 2048), 12, False, 1.0),
        ((0, 128, 128), 8, True, 0.0),
        ((255, 128, 128), 8, True, 1.0),
        ((1023, 512, 512), 10, True, 1.0),
    ],
)
def test_greys_in_every_range_and_depth(codes, depth, is_full, gray):
    rgb = to_rgb(planes(*codes), ColorDescription(bit_depth=depth, is_full_range=is_full))
    assert np.abs(rgb - gray).max() < 1e-6


@pytest.mark.parametrize("matrix", [1, 4, 5, 6, 7, 9])
@pytest.mark.parametrize("is_full", [False, True])
@pytest.mark.parametrize("depth", [8, 10, 12])
def test_steps_lead_where_codes_say(matrix, is_full, depth):
    color = ColorDescription(matrix=matrix, is_full_range=is_full, bit_depth=depth)
    random = np.random.default_rng(7)
    top = (1 << depth) - 1
    before, after = (random.integers(0, top, (3, 4, 5)).astype(np.float32) for _ in range(2))
    from_rgb = to_rgb(list(before.copy()), color)
    into_rgb = to_rgb(list(after.copy()), color)
    steps = code_steps(list(np.moveaxis(into_rgb - from_rgb, 2, 0)), color)
    assert np.abs(np.stack(steps) - (after - before)).max() < top * 1e-5


def test_grey_is_full_range_unless_a_tag_says_limited():
    path = Path("scan.mov")
    assert describe_color(path, ColorTags(), "gray", 8, is_hd=False)[0].is_full_range
    assert not describe_color(path, ColorTags(range=1), "gray", 8, is_hd=False)[0].is_full_range


def test_rgb_has_no_matrix_and_nothing_to_assume():
    color, is_assumed = describe_color(Path("a.mov"), ColorTags(), "gbrp10le", 10, is_hd=True)
    assert (color.matrix, color.is_full_range, is_assumed) == (0, True, False)
