"""Do colour transfers and textures, told to do as the reference does, give what it gave in a merge?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from understudy.plugins import discover
from understudy_sdk.testing.values import offline_cpu

OVERLAY = discover().mergers["overlay"]

PLAIN = {
    "mask": "learned",
    "mask_edge": "deepfacelab",
    "paste_filter": "cubic",
    "mask_blur_px": 0,
    "color_statistics": "zeroed",
}

# By the reference's name: the transfer, and by how much of 255 the mean may be off. Directions of the transport are
# drawn by chance, and the mix is rounded to 8 bits several times on its way.
TRANSFERS = {
    "ct.None": ("none", 0.2),
    "ct.lct": ("lct", 0.25),
    "ct.mkl": ("mkl", 0.25),
    "ct.mkl-m": ("mkl_m", 0.25),
    "ct.sot-m": ("sot_m", 1.0),
    "ct.mix-m": ("mix_m", 2.0),
}

# Textures are made at the frame's size, and the reference's at the model's, from a face that it has laid and taken
# back; where the face shows wholly, that leaves some levels.
TEXTURES = {
    "blur_-50": ({"sharpen": -50}, 4.0),
    "motion_blur_50": ({"motion_blur": 50}, 2.0),
}


@pytest.fixture(scope="module")
def off_by(golden, reference_merge):
    """Give a function that tells by how much of 255 a merge is off where the mask shows so much at least."""
    with np.load(golden / "merge_textures_every2.npz") as stored:
        expected = {**stored, "ct.None": reference_merge.arrays["ct.None"][::2, ::2]}
    # the reference blurs in the crop's pixels, so the movement is such that it comes out as 11 px at 35 degrees there
    crop, angle = reference_merge.crop_of(), np.deg2rad(35)
    way = np.linalg.inv(crop.frame_to_crop[:, :2]) @ (22 * np.cos(angle), -22 * np.sin(angle))
    crop = replace(crop, motion_px=(float(way[0]), float(way[1])))

    def off(case, settings, shown_at_least):
        layer = reference_merge.layer(OVERLAY.build(OVERLAY.config(**PLAIN, **settings), offline_cpu()), crop)
        shown = layer.mask[..., None]
        merged = reference_merge.region.rgb * (1 - shown) + layer.rgb * shown
        ours = np.floor(np.clip(merged[..., ::-1], 0, 1) * 255)[::2, ::2]
        return np.abs(ours - expected[case][..., :3])[layer.mask[::2, ::2] > shown_at_least].mean()

    return off


@pytest.mark.parametrize("case", TRANSFERS, ids=str)
def test_colour_transfer(off_by, case):
    way, mean = TRANSFERS[case]
    assert off_by(case, {"color_transfer": way}, 0.02) < mean


@pytest.mark.parametrize("case", TEXTURES, ids=str)
def test_texture(off_by, case):
    settings, mean = TEXTURES[case]
    off = off_by(case, settings, 0.99)
    assert off < mean
    assert off < 0.5 * off_by(case, {}, 0.99)
