"""Does the clone agree with OpenCV's and keep what OpenCV's loses?"""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from understudy_plugins.merger.seamless_clone import SeamlessCloneConfig
from understudy_plugins.merger.seamless_clone.merger import SeamlessCloneMerger, clone
from understudy_plugins.merger.seamless_clone.poisson import offset
from understudy_sdk import Mask, Region, Swap
from understudy_sdk.testing.values import plain_crop, plain_region


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


def merged(region, crop, swap, values, **settings):
    config = SeamlessCloneConfig(mask="target", color_transfer="none", **settings)
    return SeamlessCloneMerger(config).merge(region, swap, crop, Mask(values))


def test_a_dark_face_takes_the_frames_light():
    region = Region(np.full((80, 96, 3), 0.7, np.float32), 0, 0)
    values = (oval(64) > 0).astype(np.float32)
    layer = merged(region, plain_crop(), Swap(np.full((64, 64, 3), 0.2, np.float32)), values)
    np.testing.assert_allclose(layer.rgb[layer.mask > 0.1], 0.7, atol=1e-3)


@pytest.mark.parametrize("axis", [0, 1])
def test_at_the_frames_edge_light_flows_in_from_the_other_sides_only(axis):
    """The frame ends through the face; the light of the last row or column must not be pinned to the old face."""
    light = np.full((96, 96, 3), 0.6, np.float32)
    light[40:56, 40:56] = 0.1  # the old face is dark, and the frame's edge goes through it
    cut = np.ascontiguousarray(light[48:] if axis == 0 else light[:, 48:])
    x0, y0 = (48, 0) if axis else (0, 48)
    crop = plain_crop()
    crop = type(crop)(crop.rgb, np.array([[1.0, 0.0, -16.0], [0.0, 1.0, -16.0]]), crop.face_type, crop.landmarks)
    values = (oval(64) > 0).astype(np.float32)
    layer = merged(Region(cut, x0, y0), crop, Swap(np.full((64, 64, 3), 0.3, np.float32)), values, mask_blur_px=0)
    np.testing.assert_allclose(layer.rgb[layer.mask > 0.99], 0.6, atol=0.03)


def test_a_face_of_a_few_pixels_is_left_alone():
    crop = plain_crop()
    tiny = type(crop)(crop.rgb, np.array([[20.0, 0.0, -100.0], [0.0, 20.0, -100.0]]), crop.face_type, crop.landmarks)
    layer = merged(plain_region(), tiny, Swap(np.ones((64, 64, 3), np.float32)), np.ones((64, 64), np.float32))
    assert layer.mask.max() == 0.0


def test_clone_is_near_the_references(reference_merge):
    config = SeamlessCloneConfig(mask="learned", mask_erode_px=0, mask_blur_px=0, color_transfer="none")
    merged_frame = reference_merge.blend(SeamlessCloneMerger(config))
    expected = reference_merge.arrays["ct_seamless.none"]
    assert np.abs(merged_frame - expected[..., 2::-1]).mean() < 0.6  # of 255
