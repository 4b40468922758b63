"""Are the words of the code as far apart as they must be?"""

import numpy as np

from understudy.provenance.golay import codewords


def test_any_two_words_differ_in_eight_places_or_more():
    words = codewords()
    assert words.shape == (4096, 24)
    likeness = words @ words.T
    np.fill_diagonal(likeness, -24)
    assert likeness.max() == 24 - 2 * 8
    weights, counts = np.unique((words < 0).sum(axis=1), return_counts=True)
    assert dict(zip(weights.tolist(), counts.tolist(), strict=True)) == {0: 1, 8: 759, 12: 2576, 16: 759, 24: 1}


def test_a_word_is_read_with_three_signs_turned():
    sent = codewords()[0xABC].copy()
    sent[[1, 9, 20]] *= -1
    assert int(np.argmax(codewords() @ sent)) == 0xABC
