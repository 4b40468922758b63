"""Fixtures for mergers: one merge of the reference."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from understudy_sdk import Crop, FaceType, Mask, Region, Swap
from understudy_sdk.geometry import frame_to_crop, transform_points
from understudy_sdk.warp import warp_picture


@pytest.fixture(scope="package")
def reference_merge(golden):
    """Give the reference's crop and arrays, and ``blend``, which merges its drawn frame and cuts to bytes alike."""
    with np.load(golden / "merge.npz") as stored:
        arrays = dict(stored)
    frame = np.ascontiguousarray(arrays["in_frame_bgr_u8"][..., ::-1])
    landmarks = arrays["in_landmarks"]
    affine = frame_to_crop(landmarks, FaceType.FULL, 64)
    crop = Crop(
        rgb=warp_picture(frame, affine, 64),
        frame_to_crop=affine,
        face_type=FaceType.FULL,
        landmarks=transform_points(affine, landmarks).astype(np.float32),
    )
    swap = Swap(
        rgb=np.ascontiguousarray(arrays["in_predicted_bgr"][..., ::-1]),
        source_mask=arrays["in_predicted_mask_prd"].clip(0, 1),
        target_mask=arrays["in_predicted_mask_dst"].clip(0, 1),
    )
    region = Region(frame.astype(np.float32) / 255, 0, 0)

    def blend(merger):
        layer = merger.merge(region, swap, crop, Mask(np.ones((64, 64), np.float32)))
        shown = layer.mask[..., None]
        return np.floor(np.clip(region.rgb * (1 - shown) + layer.rgb * shown, 0, 1) * 255)

    return SimpleNamespace(arrays=arrays, crop=crop, blend=blend)
