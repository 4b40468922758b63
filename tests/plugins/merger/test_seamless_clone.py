"""Does the clone take the frame's light, at the frame's edge too, and leave faces of a few pixels alone?"""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from understudy_plugins.merger.seamless_clone import SeamlessCloneConfig
from understudy_plugins.merger.seamless_clone.merger import SeamlessCloneMerger
from understudy_sdk import Mask, Region, Swap
from understudy_sdk.testing.values import plain_crop, plain_region


def oval(size):
    drawn = np.zeros((size, size), np.uint8)
    cv2.ellipse(drawn, (size // 2, size // 2), (size * 3 // 10, size * 4 // 10), 15, 0, 360, 255, -1)
    return drawn


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
