"""Fixtures for mergers: one merge of the reference."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from understudy_sdk import Crop, FaceType, Mask, Region, Swap
from understudy_sdk.geometry import frame_to_crop, transform_points
from understudy_sdk.warp import warp_picture, warp_sampled

ONES = Mask(np.ones((64, 64), np.float32))


@pytest.fixture(scope="package")
def reference_merge(golden):
    """Give the reference's crop and arrays, and ``blend``, which merges its drawn frame and cuts to bytes alike."""
    with np.load(golden / "merge.npz") as stored, np.load(golden / "merge_modes_every2.npz") as modes:
        arrays = {**stored, **modes}
    frame = np.ascontiguousarray(arrays["in_frame_bgr_u8"][..., ::-1])
    landmarks = arrays["in_landmarks"]
    swap = Swap(
        rgb=np.ascontiguousarray(arrays["in_predicted_bgr"][..., ::-1]),
        source_mask=arrays["in_predicted_mask_prd"].clip(0, 1),
        target_mask=arrays["in_predicted_mask_dst"].clip(0, 1),
    )
    region = Region(frame.astype(np.float32) / 255, 0, 0)

    def crop_of(face_type=FaceType.FULL, landmarks=landmarks, cut=warp_sampled):
        affine = frame_to_crop(landmarks, face_type, 64)
        return Crop(cut(frame, affine, 64), affine, face_type, transform_points(affine, landmarks).astype(np.float32))

    def layer(merger, crop, mask=ONES, swap=swap):
        return merger.merge(region, swap, crop, mask)

    def blend(merger):
        laid = layer(merger, crop_of(cut=warp_picture))
        shown = laid.mask[..., None]
        return np.floor(np.clip(region.rgb * (1 - shown) + laid.rgb * shown, 0, 1) * 255)

    return SimpleNamespace(
        arrays=arrays,
        crop=crop_of(cut=warp_picture),
        frame=frame,
        region=region,
        swap=swap,
        landmarks=landmarks,
        blend=blend,
        crop_of=crop_of,
        layer=layer,
    )
