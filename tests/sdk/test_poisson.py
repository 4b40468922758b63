"""Does the clone agree with OpenCV's and keep what OpenCV's loses?"""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from understudy_sdk.poisson import clone, offset


def texture(size, softness, level, seed):
    noise = np.random.default_rng(seed).random((size, size, 3)).astype(np.float32)
    return np.clip((cv2.GaussianBlur(noise, (0, 0), softness) - 0.5) * 3 + level, 0, 1)


def oval(size):
    drawn = np.zeros((size, size), np.uint8)
    cv2.ellipse(drawn, (size // 2, size // 2), (size * 3 // 10, size * 4 // 10), 15, 0, 360, 255, -1)
    return drawn


def opencv_clone(face, frame, drawn):
    x, y, width, height = cv2.boundingRect(drawn)
    center = (x + width // 2, y + height // 2)
    return cv2.seamlessClone(face, frame, drawn.copy(), center, cv2.NORMAL_CLONE)  # it writes to its mask


@pytest.mark.parametrize(("size", "tolerance"), [(48, 1.1), (160, 1.1), (400, 12.0)])
def test_agrees_with_opencv(size, tolerance):
    """To OpenCV's truncation; where a large face is solved smaller, closely but for single pixels at the edge."""
    face = (texture(size, 4, 0.4, 1) * 255).round().astype(np.uint8)
    frame = (texture(size, 6, 0.6, 2) * 255).round().astype(np.uint8)
    ours = clone(face.astype(np.float32) / 255, frame.astype(np.float32) / 255, oval(size) > 0) * 255
    difference = ours - opencv_clone(face, frame, oval(size))
    assert np.abs(difference).max() < tolerance
    assert np.abs(difference - 0.5).mean() < 0.7
    np.testing.assert_allclose(ours[oval(size) == 0][:50], frame[oval(size) == 0][:50], atol=1e-3)


def test_constant_difference_of_light_is_taken_away_whole():
    frame = texture(96, 5, 0.5, 3)
    cloned = clone(frame + np.float32(0.2), frame, oval(96) > 0)
    np.testing.assert_allclose(cloned, frame, atol=1e-4)


def test_detail_finer_than_8_bits_survives():
    column = np.arange(128, dtype=np.float32)
    wave = np.float32(0.001) * np.sin(column * np.float32(0.8))  # a quarter of a step of 8 bits
    face = np.broadcast_to((0.5 + wave)[None, :, None], (128, 128, 3)).astype(np.float32)
    cloned = clone(face, np.full_like(face, 0.3), oval(128) > 0)
    kept = cloned[64, 46:82, 0] - cloned[64, 46:82, 0].mean()
    expected = wave[46:82] - wave[46:82].mean()
    np.testing.assert_allclose(kept, expected, atol=1e-4)


def test_offset_solves_the_poisson_equation():
    face, frame, inside = texture(40, 2, 0.3, 4), texture(40, 2, 0.7, 5), oval(40) > 0
    cloned = np.where(inside[..., None], face, frame) + offset(face, frame, inside)
    np.testing.assert_array_equal(cloned[[0, -1]], frame[[0, -1]])
    deep = cv2.erode(inside.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    laplacians = [cv2.Laplacian(picture, cv2.CV_32F)[deep] for picture in (cloned, face)]
    np.testing.assert_allclose(*laplacians, atol=1e-4)
