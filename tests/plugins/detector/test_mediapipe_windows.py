"""Do the searched parts cover the frame, and do their coordinates lead back to it?"""

from __future__ import annotations

import numpy as np
import pytest

from understudy_plugins.detector.mediapipe.decode import Found
from understudy_plugins.detector.mediapipe.windows import (
    SMALLEST_SHARE,
    Fit,
    Window,
    fit,
    tile_side,
    tile_windows,
    to_frame,
    turned_back,
    uncut,
)


def boxes(*rows: tuple[float, float, float, float]) -> Found:
    values = np.array(rows, np.float32)
    return Found(values, np.repeat(values[:, None, :2], 6, axis=1), np.ones(len(rows), np.float32))


def test_a_wide_window_gets_black_above_and_below():
    assert fit(Window(0, 0, 1280, 720), 192) == Fit(left=0, top=42, width=192, height=108)


def test_a_line_of_pixels_still_has_a_height():
    assert fit(Window(0, 0, 1000, 1), 192).height == 1


@pytest.mark.parametrize("window", [Window(0, 0, 1280, 720), Window(100, 50, 420, 370), Window(0, 0, 719, 1363)])
def test_the_windows_edges_come_back_to_the_frame(window):
    """The square's share of the shrunk window's edges is the window's own edges, half a pixel before the centres."""
    inner = fit(window, 192)
    edges = np.array([inner.left, inner.top, inner.left + inner.width, inner.top + inner.height]) / 192
    back = to_frame(boxes(tuple(edges)), window, 192)
    np.testing.assert_allclose(back.boxes[0], np.array(window) - 0.5, atol=1e-3)
    np.testing.assert_allclose(back.points[0, 0], np.array(window[:2]) - 0.5, atol=1e-3)


def test_tiles_only_where_asked_and_useful():
    assert tile_side("off", 4000, 2000) is None
    assert tile_side("auto", 640, 360) is None
    assert tile_side("auto", 1280, 720) == 640
    assert tile_side("auto", 3840, 2160) == 1280
    assert tile_side(256, 1280, 720) == 256


@pytest.mark.parametrize(
    ("side", "width", "height"), [(640, 1280, 720), (256, 1280, 720), (128, 1999, 131), (640, 3840, 640)]
)
def test_any_face_that_the_whole_frame_may_miss_lies_whole_in_a_tile(side, width, height):
    tiles = tile_windows(side, width, height)
    assert all(0 <= tile.x0 < tile.x1 <= width and 0 <= tile.y0 < tile.y1 <= height for tile in tiles)
    size = min(int(SMALLEST_SHARE * max(width, height)), side // 2, height) - 1
    for x in range(0, width - size, 7):
        for y in range(0, height - size, 7):
            assert any(t.x0 <= x and x + size <= t.x1 and t.y0 <= y and y + size <= t.y1 for t in tiles)


def test_faces_on_a_tiles_inner_edge_are_dropped():
    tile = Window(100, 0, 200, 100)  # its right edge is the frame's, as are top and bottom
    kept = uncut(boxes((150, -5, 210, 40), (98, 20, 130, 50), (110, 60, 140, 110)), tile, 200, 100)
    np.testing.assert_allclose(kept.boxes, [[150, -5, 210, 40], [110, 60, 140, 110]])


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_turned_square_s_boxes_come_back(quarters):
    """A spot drawn into a square is found again in the turned square, and its place there leads back."""
    square = np.zeros((100, 100), np.uint8)
    square[10:30, 60:65] = 1  # rows and columns; in shares x from 0.6 to 0.65, y from 0.1 to 0.3
    rows, columns = np.nonzero(np.rot90(square, quarters))
    box = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]) / 100
    back = turned_back(boxes(tuple(box)), quarters)
    np.testing.assert_allclose(back.boxes, [[0.6, 0.1, 0.65, 0.3]], atol=1e-6)
    # The turned box's top-left corner is another corner of the box itself.
    corner = {0: (0.6, 0.1), 1: (0.65, 0.1), 2: (0.65, 0.3), 3: (0.6, 0.3)}[quarters]
    np.testing.assert_allclose(back.points[0, 0], corner, atol=1e-6)
    assert back.boxes.dtype == np.float32
