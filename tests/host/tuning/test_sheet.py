"""Do pictures stand where they belong, at a size that can be opened?"""

import numpy as np

from understudy.tuning.sheet import Sheet


def picture(level, size=(60, 80)):
    return np.full((*size, 3), level, np.uint8)


def test_frames_stand_below_each_other_and_variants_beside_each_other():
    sheet = Sheet(["as it is", "a=1"], ["frame 3", "frame 4"])
    for row in range(2):
        for column in range(2):
            sheet.put(row, column, picture(100 + 50 * row + 20 * column, (120, 200)))
    drawn = sheet.drawn()
    top = 2 * 26
    for row in range(2):
        for column in range(2):
            place = drawn[top + row * (120 + 26) + 60, 6 + column * 206 + 100]
            assert place.tolist() == [100 + 50 * row + 20 * column] * 3
    assert (drawn[:26] > 100).any()  # the words that say what it is
    assert (drawn[26:52] > 100).any()


def test_large_pictures_are_shrunk_until_the_sheet_can_be_opened():
    sheet = Sheet([str(number) for number in range(25)], [str(number) for number in range(40)])
    sheet.put(0, 0, picture(90, (1080, 1920)))
    height, width = sheet.drawn().shape[:2]
    assert height <= 24100
    assert width <= 8192
