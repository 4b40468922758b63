"""Can a person see from the sheets where a mask ends?"""

import numpy as np

from understudy.faceset import Faceset
from understudy.mask_training import shown_faces
from understudy.mask_training.drawing import over_face
from understudy_sdk.polygons import Polygon


def test_outside_the_mask_it_is_dark_and_its_edge_is_drawn():
    grey = np.full((64, 64, 3), 200, np.uint8)
    mask = np.zeros((32, 32), np.float32)
    mask[:, 16:] = 1
    picture = over_face(grey, mask)
    assert picture[96, 20].tolist() == [70, 70, 70]
    assert picture[96, 180].tolist() == [200, 200, 200]
    edge = picture[96, 90:98].astype(int)
    assert (edge[:, 0] - edge[:, 2]).max() > 100, "yellow"
    square = np.array([[4, 4], [60, 4], [60, 60], [4, 60]], np.float32)
    drawn = over_face(grey, mask, [Polygon(square, is_included=False)])
    red = drawn[96, 12].astype(int)
    assert red[0] > red[1] + 100


def test_a_sheet_shows_so_many_faces_spread_over_all(make_set):
    with Faceset(make_set(frames=9, labelled=2)) as index:
        sheet, shown, faces = shown_faces(index, 4)
        assert (shown, faces) == (4, 9)
        assert sheet.shape[1] == 6 * 192
        labelled, shown, faces = shown_faces(index, 4, only_labelled=True)
        assert (shown, faces) == (2, 2)
        green = (labelled[..., 1].astype(int) - labelled[..., 0] > 100).sum()
        assert green > 100, "polygons are drawn"
