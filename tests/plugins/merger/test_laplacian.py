"""Does multi-band blending hide the edge without a halo, and stay when the light beside the face pumps?"""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from understudy_plugins.merger.laplacian import LaplacianConfig
from understudy_plugins.merger.laplacian.merger import LaplacianMerger
from understudy_plugins.merger.overlay import OverlayConfig
from understudy_plugins.merger.overlay.merger import OverlayMerger
from understudy_plugins.merger.seamless_clone import SeamlessCloneConfig
from understudy_plugins.merger.seamless_clone.merger import SeamlessCloneMerger
from understudy_sdk import Crop, FaceType, Mask, Region, Swap
from understudy_sdk.testing.values import plain_landmarks

SIDE = 160
ROW, COLUMN = np.mgrid[0:SIDE, 0:SIDE]
RADIUS = np.hypot((COLUMN - 80) / 50, (ROW - 80) / 62)
"""1 at the edge of the face's mask."""

MASK = Mask((RADIUS < 1).astype(np.float32))
UNCOLORED = {"mask": "target", "color_transfer": "none"}
KINDS = {
    "laplacian": (LaplacianMerger, LaplacianConfig),
    "overlay": (OverlayMerger, OverlayConfig),
    "seamless_clone": (SeamlessCloneMerger, SeamlessCloneConfig),
}


def skin(level, seed):
    noise = np.random.default_rng(seed).standard_normal((SIDE, SIDE, 3)).astype(np.float32)
    return np.asarray(level + 0.02 * cv2.GaussianBlur(noise, (0, 0), 1.0), np.float32)


def merged(kind, frame, face, **settings):
    merger, config = KINDS[kind]
    crop = Crop(np.full((SIDE, SIDE, 3), 128, np.uint8), np.eye(2, 3), FaceType.FULL, plain_landmarks(SIDE))
    layer = merger(config(**(UNCOLORED | settings))).merge(Region(frame, 0, 0), Swap(face), crop, MASK)
    shown = layer.mask[..., None]
    return frame * (1 - shown) + layer.rgb * shown, layer.mask


def test_interior_is_the_models_and_the_frame_stays():
    frame, face = skin(0.6, 1), skin(0.3, 2)
    result, mask = merged("laplacian", frame, face, spread_px=32)
    np.testing.assert_allclose(result[RADIUS < 0.4], face[RADIUS < 0.4], atol=2e-3)
    assert mask[RADIUS > 1.05].max() == 0.0


def test_the_edge_is_hidden():
    """A face twice as dark as the frame: from one pixel to the next the light changes far less than in an overlay."""
    frame, face = np.full((SIDE, SIDE, 3), 0.6, np.float32), np.full((SIDE, SIDE, 3), 0.3, np.float32)
    steps = {
        kind: np.abs(np.diff(merged(kind, frame, face, mask_blur_px=8)[0][80, :, 0])).max()
        for kind in ("laplacian", "overlay")
    }
    assert steps["laplacian"] < 0.5 * steps["overlay"]


def test_fine_detail_is_the_models_where_broad_light_still_fades():
    fine = np.float32(0.05) * (-1.0) ** COLUMN[..., None]
    frame = np.full((SIDE, SIDE, 3), 0.6, np.float32)
    face = np.asarray(0.3 + fine * np.ones(3), np.float32)
    result, _ = merged("laplacian", frame, face)
    ring = (RADIUS > 0.78) & (RADIUS < 0.82)
    assert result[ring].mean() > 0.42  # light on its way from 0.6 to 0.3
    assert result[ring].std() > 0.045  # and all of the detail


def test_no_halo_from_what_touches_the_edge():
    """Black hair all around the mask has no say in the face, not even near the edge."""
    face = np.full((SIDE, SIDE, 3), 0.6, np.float32)
    frame = np.where((RADIUS < 1.0)[..., None], face, np.float32(0.05))
    assert merged("laplacian", frame, face)[0][RADIUS < 0.95].min() > 0.59


def test_hair_over_the_masks_edge_darkens_the_edge_alone():
    """Where Poisson's solution darkens the whole face, this one does so as far as light fades, and no further."""
    face = np.full((SIDE, SIDE, 3), 0.6, np.float32)
    frame = np.where((RADIUS < 0.9)[..., None], face, np.float32(0.05))
    inside = RADIUS < 0.4
    assert merged("laplacian", frame, face, spread_px=32)[0][inside].min() > 0.595
    assert merged("seamless_clone", frame, face, mask_blur_px=0)[0][inside].max() < 0.3


def pumping(number):
    """Return a frame with a bulb beside the face that shines over its edge, now brighter, now darker."""
    glow = np.exp(-np.square((COLUMN - 24) / 22.0)) * (0.3 + 0.25 * np.sin(number * 1.7))
    return np.asarray(skin(0.5, 3) + glow[..., None], np.float32)


def test_interior_stays_when_the_light_beside_the_face_pumps():
    face = skin(0.45, 4)
    inside = RADIUS < 0.6

    def moves(kind):
        levels = [merged(kind, pumping(number), face)[0][inside].mean() for number in range(8)]
        return float(np.ptp(levels))

    assert moves("seamless_clone") > 0.02
    assert moves("laplacian") < 0.1 * moves("seamless_clone")


@pytest.mark.parametrize("shift", [0.0, 0.5, 3.3])
def test_bands_move_with_the_face(shift):
    """The same picture, moved by part of a pixel, is faded alike: bands lie on the crop's grid."""
    frame, face = np.full((SIDE, SIDE + 8, 3), 0.6, np.float32), skin(0.3, 5)
    merger = LaplacianMerger(LaplacianConfig(**UNCOLORED))
    rgb = np.full((SIDE, SIDE, 3), 128, np.uint8)
    crop = Crop(rgb, np.array([[1.0, 0.0, -shift], [0.0, 1.0, 0.0]]), FaceType.FULL, plain_landmarks(SIDE))
    layer = merger.merge(Region(frame, 0, 0), Swap(face), crop, MASK)
    light = cv2.GaussianBlur(frame * (1 - layer.mask[..., None]) + layer.rgb * layer.mask[..., None], (0, 0), 2.0)
    still, _ = merged("laplacian", frame[:, :SIDE], face)
    moved = cv2.warpAffine(light, np.array([[1.0, 0.0, -shift], [0.0, 1.0, 0.0]]), (SIDE, SIDE))
    np.testing.assert_allclose(moved[10:-10, 10:-10], cv2.GaussianBlur(still, (0, 0), 2.0)[10:-10, 10:-10], atol=6e-3)


def test_a_face_over_the_frames_edge_does_not_fade_towards_it():
    """Beyond the frame there is no light to fade into."""
    frame, face = np.full((SIDE, 80, 3), 0.6, np.float32), np.full((SIDE, SIDE, 3), 0.3, np.float32)
    result, mask = merged("laplacian", frame, face, spread_px=32)  # the frame ends through the face's middle
    assert mask[80, 79] > 0.99
    assert result[80, 79, 0] == pytest.approx(0.3, abs=1e-3)
