"""Are a layer's numbers read in 8 bits as they were meant?"""

from __future__ import annotations

import numpy as np

from understudy.layers.eight_bits import alpha_numbers, colour_numbers


def test_alpha_of_8_bits_is_found_again_whether_bits_are_rounded_or_cut_off():
    steps = np.arange(256)
    numbers = alpha_numbers((steps / 255).astype(np.float32)).astype(int)
    read = numbers * 4 + (numbers >> 8)  # of 12 bits, as decoders give them
    assert np.array_equal(np.minimum((read + 8) >> 4, 255), steps)
    assert np.array_equal(read >> 4, steps)
    assert np.abs(numbers / 1023 - steps / 255).max() <= 0.002
    assert (numbers[0], numbers[255]) == (0, 1023)


def test_colours_of_8_bits_leave_room_for_what_the_codec_is_off_by():
    plane = np.arange(64, 941, 0.25, np.float32)
    numbers = colour_numbers(plane)
    assert np.array_equal(numbers, np.rint(numbers))
    assert np.abs(numbers - plane).max() <= 1.5
    for fault in (-2.75, 2.75):
        assert np.abs(np.rint((numbers + fault) / 4) - np.rint(plane / 4)).max() <= 1
