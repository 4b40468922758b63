"""Does the perceptual similarity answer as its paper says?"""

import cv2
import numpy as np
import pytest

from understudy.quality.haarpsi import haar_psi


def worked_out(one, other):
    """Return the index of two grey pictures of levels 0 to 255, pixel by pixel, as the paper's text has it."""
    luma = [picture.reshape(picture.shape[0] // 2, 2, -1, 2).mean(axis=(1, 3)) for picture in (one, other)]
    height, width = luma[0].shape

    def answer(plane, scale, row, column, is_level):
        side, total = 2**scale, 0.0
        for i in range(side):
            for j in range(side):
                # mirrored at the edges with the edge's pixel twice
                y, x = row + i - side // 2, column + j - side // 2
                y = -1 - y if y < 0 else 2 * height - 1 - y if y >= height else y
                x = -1 - x if x < 0 else 2 * width - 1 - x if x >= width else x
                total += plane[y, x] * (-1 if (i if is_level else j) < side // 2 else 1) / side
        return abs(total)

    above = below = 0.0
    for row in range(height):
        for column in range(width):
            weights, similarities = [], []
            for is_level in (True, False):
                mine, theirs = ([answer(plane, s, row, column, is_level) for s in (1, 2, 3)] for plane in luma)
                similar = [(2 * a * b + 900) / (a * a + b * b + 900) for a, b in zip(mine, theirs, strict=True)]
                weights.append(max(mine[2], theirs[2]))
                similarities.append((similar[0] + similar[1]) / 2)
            weights.append(sum(weights) / 2)
            similarities.append(1.0)  # grey pictures have no colour to differ in
            for weight, similar in zip(weights, similarities, strict=True):
                above += weight / (1 + np.exp(-4.2 * similar))
                below += weight
    share = above / below
    return (np.log(share / (1 - share)) / 4.2) ** 2


def test_small_pictures_agree_with_the_sums_written_out():
    random = np.random.default_rng(3)
    one = np.kron(random.integers(0, 256, (8, 8)), np.ones((4, 4)))
    other = np.clip(one + random.normal(0, 60, one.shape), 0, 255)
    wanted = worked_out(one, other)
    found = haar_psi(*(np.repeat(levels[..., None] / 255, 3, axis=2).astype(np.float32) for levels in (one, other)))
    assert wanted < 0.9
    assert found == pytest.approx(wanted, abs=1e-3)  # the weights of luma do not quite sum to one in float32


def test_equal_pictures_are_one(portrait):
    assert haar_psi(portrait, portrait) == pytest.approx(1.0, abs=1e-9)


def test_it_is_symmetric(portrait):
    blurred = cv2.GaussianBlur(portrait, (0, 0), 2)
    assert haar_psi(portrait, blurred) == pytest.approx(haar_psi(blurred, portrait))


def jpeg(picture, quality):
    done, content = cv2.imencode(".jpg", np.rint(picture * 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done
    return cv2.imdecode(content, cv2.IMREAD_COLOR).astype(np.float32) / 255


@pytest.mark.parametrize("worsen", [
    lambda picture, level: cv2.GaussianBlur(picture, (0, 0), 0.5 * level),
    lambda picture, level: np.clip(picture + np.random.default_rng(0).normal(0, 0.03 * level, picture.shape), 0, 1),
    lambda picture, level: jpeg(picture, 95 - 18 * level),
    lambda picture, level: picture * np.array([1, 1, 1 - 0.15 * level]),
], ids=["blur", "noise", "jpeg", "colour"])  # fmt: skip
def test_worse_pictures_are_less_alike(portrait, worsen):
    found = [haar_psi(portrait, worsen(portrait, level).astype(np.float32)) for level in (1, 2, 3, 4, 5)]
    assert found == sorted(found, reverse=True)
    assert 0.0 < found[-1] < found[0] - 0.01 < 1.0


def test_what_lies_outside_the_mask_does_not_count(portrait, middle):
    other = portrait.copy()
    other[middle == 0] = 0.0
    assert haar_psi(portrait, other, middle) == pytest.approx(1.0, abs=1e-9)
    other[40:56, 40:56] = 0.0
    assert haar_psi(portrait, other, middle) < haar_psi(portrait, other, np.ones_like(middle)) + 0.5
    assert haar_psi(portrait, other, middle) < 0.9


def test_plain_pictures_and_empty_masks_can_be_compared():
    plain = np.full((32, 32, 3), 0.5, np.float32)
    assert haar_psi(plain, plain) == pytest.approx(1.0)
    assert haar_psi(plain, plain * np.float32(0.5), np.zeros((32, 32), np.float32)) == 1.0
