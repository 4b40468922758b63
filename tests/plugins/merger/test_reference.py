"""Do the mergers, told to do as the reference does, give what it gave in each of its modes?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from understudy.plugins import discover
from understudy_sdk import Crop, FaceType, Mask, Region
from understudy_sdk.blend_config import PlainConfig
from understudy_sdk.face_masks import face_mask, weights_of
from understudy_sdk.testing.values import offline_cpu
from understudy_sdk.warp import warp_sampled

MERGERS = discover().mergers

MEAN = 0.1
"""Of 255; the reference's own code is off by up to 0.3 in merged frames under another version of OpenCV."""

PLAIN = {"mask_edge": "deepfacelab", "paste_filter": "cubic", "mask_blur_px": 0}
COLORED = {"color_statistics": "zeroed"}
UNCOLORED = {"color_transfer": "none"}
LATE = {"color_order": "after_clone", **COLORED}


def hist(of, threshold):
    return {"histogram_of": of, "histogram_threshold": threshold}


CASES = {
    "mode.overlay": ("overlay", "learned", COLORED),
    "mode.hist-match": ("hist_match", "learned", hist("white_outside", 238) | COLORED),
    "mode.seamless": ("seamless_clone", "learned", LATE),
    "mode.seamless-hist-match": ("seamless_hist_match", "learned", hist("whole_crop", 238) | LATE),
    "hist_match_unmasked_t200": ("hist_match", "learned", hist("whole_crop", 200) | UNCOLORED),
    "ct_seamless.none": ("seamless_clone", "learned", UNCOLORED),
    "mask.full": ("overlay", "full", COLORED),
    "mask.dst": ("overlay", "target", COLORED),
    "mask.learned-prd": ("overlay", "learned_source", COLORED),
    "mask.learned-dst": ("overlay", "learned_target", COLORED),
    "mask.learned-prd+learned-dst": ("overlay", "learned_sum", COLORED),
    "mask.XSeg-prd": ("overlay", "predicted", COLORED),
    "mask.XSeg-prd*XSeg-dst": ("overlay", "target_predicted", COLORED),
    "mask.learned-prd*learned-dst*XSeg-prd*XSeg-dst": ("overlay", "all", COLORED),
    "erode20_blur30": ("overlay", "learned", {"mask_erode_px": 20, "mask_blur_px": 30} | COLORED),
    "erode-20_blur60": ("overlay", "learned", {"mask_erode_px": -20, "mask_blur_px": 60} | COLORED),
    "scale+10": ("overlay", "learned", {"face_scale_percent": 100 / 1.10 - 100} | COLORED),
    "scale-15": ("overlay", "learned", {"face_scale_percent": 100 / 0.85 - 100} | COLORED),
    "whole_face": ("overlay", "learned", COLORED),
    "half_face_dst": ("overlay", "target", COLORED),
}
"""By the reference's name: the merger, its mask, and what else differs from a plain reference merge."""

FACE_TYPES = {"whole_face": FaceType.WHOLE_FACE, "half_face_dst": FaceType.HALF}


def built(name, **settings):
    return MERGERS[name].build(MERGERS[name].config(**(PLAIN | settings)), offline_cpu())


@pytest.fixture(scope="module")
def masked(reference_merge):
    """Give the target's mask as the reference made it for a case, and the swap with its mask of the drawn face."""
    side = max(reference_merge.frame.shape)
    square = np.zeros((side, side, 3), np.uint8)
    marks = reference_merge.landmarks.astype(np.float32)
    whole = Crop(square, np.eye(2, 3), FaceType.FULL, marks)
    hull = discover().maskers["hull"]
    drawn = hull.build(hull.config(edges="hard"), offline_cpu()).mask([whole])[0].values
    xseg = reference_merge.arrays["in_xseg_mask_64"].repeat(4, 0).repeat(4, 1).clip(0, 1).astype(np.float32)
    swap = replace(reference_merge.swap, predicted_mask=xseg)

    def of(case, crop):
        if "XSeg" in case:
            return Mask(xseg), swap
        return Mask(warp_sampled(drawn, crop.frame_to_crop, 64).clip(0, 1)), swap

    return of


def compare(rgb, alpha, expected, mean=MEAN):
    """Compare as bytes, at every second pixel each way."""
    ours = np.floor(np.clip(np.dstack([rgb[..., ::-1], alpha]), 0, 1) * 255)[::2, ::2]
    difference = np.abs(ours - expected)
    assert difference[..., :3].mean() < mean
    assert difference[..., 3].mean() < 1.5 * MEAN


@pytest.mark.parametrize("case", CASES, ids=str)
def test_mode(reference_merge, masked, case):
    name, choice, settings = CASES[case]
    crop = reference_merge.crop_of(FACE_TYPES.get(case, FaceType.FULL))
    mask, swap = masked(case, crop)
    layer = reference_merge.layer(built(name, mask=choice, **settings), crop, mask, swap)
    shown = layer.mask[..., None]
    merged = reference_merge.region.rgb * (1 - shown) + layer.rgb * shown
    expected = reference_merge.arrays[case]
    compare(merged, layer.mask, expected if expected.shape[0] == 54 else expected[::2, ::2])


def test_mode_original_is_the_frame_and_its_mask(reference_merge):
    layer = reference_merge.layer(built("overlay", mask="learned"), reference_merge.crop_of())
    compare(reference_merge.region.rgb, layer.mask, reference_merge.arrays["mode.original"])


def test_mode_raw_rgb_is_the_square(reference_merge):
    """At the square's very edge the reference's cubic filter shows more than all of the face; a layer cannot."""
    crop, merged = reference_merge.crop_of(), reference_merge.region.rgb
    square = reference_merge.layer(built("raw", over="square"), crop)
    masked = reference_merge.layer(built("raw", mask="learned"), crop)
    shown = square.mask[..., None]
    compare(merged * (1 - shown) + square.rgb * shown, masked.mask, reference_merge.arrays["mode.raw-rgb"], 0.3)


def test_mode_raw_predict_is_the_models_picture(reference_merge):
    expected = reference_merge.arrays["mode.raw-predict"]
    crop = Crop(np.zeros((64, 64, 3), np.uint8), np.eye(2, 3), FaceType.FULL, reference_merge.crop.landmarks)
    region = Region(np.zeros((64, 64, 3), np.float32), 0, 0)
    merger, mask = built("raw", mask="learned"), Mask(np.ones((64, 64), np.float32))
    layer = merger.merge(region, reference_merge.swap, crop, mask)
    ours = np.floor(np.clip(layer.rgb[..., ::-1], 0, 1) * 255)
    np.testing.assert_array_equal(ours, expected[..., :3])
    config = PlainConfig(mask="learned", **PLAIN)
    alpha = weights_of(config, face_mask(config, reference_merge.swap, mask), 64)
    assert np.abs(np.floor(alpha * 255) - expected[..., 3]).mean() < MEAN


def test_two_faces_are_laid_one_over_the_other(reference_merge):
    """Each on the frame as it was; the reference then lays the merged second frame through its mask once more."""
    frame, merger = reference_merge.region.rgb, built("overlay", mask="learned", **COLORED)
    merged, masks = frame, np.zeros(frame.shape[:2], np.float32)
    for number, landmarks in enumerate(("in_landmarks", "in_landmarks_second_face")):
        crop = reference_merge.crop_of(landmarks=reference_merge.arrays[landmarks])
        layer = reference_merge.layer(merger, crop)
        shown = layer.mask[..., None]
        alone = np.clip(frame * (1 - shown) + layer.rgb * shown, 0, 1)
        merged = alone if number == 0 else merged * (1 - shown) + alone * shown
        masks = np.clip(masks + layer.mask, 0, 1)
    compare(merged, masks, reference_merge.arrays["two_faces"])


@pytest.mark.parametrize(
    ("case", "changed"),
    [
        ("mode.overlay", {"color_statistics": "masked"}),
        ("mode.overlay", {"mask_edge": "inside"}),
        ("erode-20_blur60", {"mask_edge": "inside"}),
        ("scale+10", {"face_scale_percent": 10}),
        ("mode.seamless", {"color_order": "before_clone"}),
        ("mode.hist-match", {"histogram_of": "masked"}),
    ],
    ids=str,
)
def test_the_usual_way_is_another(reference_merge, masked, case, changed):
    """Each option that is named for the reference's way makes a difference here."""
    name, choice, settings = CASES[case]
    crop = reference_merge.crop_of()
    layer = reference_merge.layer(built(name, mask=choice, **(settings | changed)), crop, *masked(case, crop))
    shown = layer.mask[..., None]
    merged = reference_merge.region.rgb * (1 - shown) + layer.rgb * shown
    ours = np.floor(np.clip(np.dstack([merged[..., ::-1], layer.mask]), 0, 1) * 255)[::2, ::2]
    assert np.abs(ours - reference_merge.arrays[case]).mean() > 2 * MEAN
