"""Does a moving picture blur along its way, as far as it moves?"""

from __future__ import annotations

import numpy as np
import pytest

from understudy_sdk.motion import blur_along, line_kernel


@pytest.mark.parametrize(("length", "angle"), [(3, 0), (7, 30), (11, 135)])
def test_whole_pixels_blur_as_in_the_reference(golden, length, angle):
    with np.load(golden / "filters.npz") as stored:
        picture, expected = stored["in_img"], stored[f"motion_blur_k{length}_angle{angle}"]
    turn = np.deg2rad(-angle)
    blurred = blur_along(picture, (length * np.cos(turn), length * np.sin(turn)))
    # the reference turns a row of whole pixels and takes single samples of it
    assert np.abs(blurred - expected).mean() < 0.004
    assert np.abs(blurred - expected).mean() < 0.25 * np.abs(picture - expected).mean()


@pytest.mark.parametrize("way", [(5.5, 0.0), (0.0, -8.25), (3.0, 4.0), (-0.6, 0.3), (40.0, -9.0)])
def test_a_points_light_is_spread_evenly_along_the_way(way):
    kernel = line_kernel(way).astype(np.float64)
    height, width = kernel.shape
    rows, columns = np.mgrid[:height, :width]
    x, y = columns - width // 2, rows - height // 2
    assert kernel.sum() == pytest.approx(1)
    assert (kernel * x).sum() == pytest.approx(0, abs=1e-6)  # nothing is shifted
    assert (kernel * y).sum() == pytest.approx(0, abs=1e-6)
    along = (x * way[0] + y * way[1]) / np.hypot(*way)
    spread = (kernel * along**2).sum()
    assert spread == pytest.approx(np.hypot(*way) ** 2 / 12, abs=0.3)  # of an even line; points are a pixel wide


def test_what_hardly_moves_stays():
    picture = np.random.default_rng(0).random((9, 9, 3)).astype(np.float32)
    assert blur_along(picture, (0.05, 0.05)) is picture
