"""Does the overlay agree with the reference's?"""

from __future__ import annotations

import numpy as np
import pytest

from understudy_plugins.merger.overlay import OverlayConfig
from understudy_plugins.merger.overlay.merger import OverlayMerger


def test_model_sees_what_the_references_model_saw(reference_merge):
    expected = reference_merge.arrays["predictor_input_full_face"][..., ::-1]
    np.testing.assert_allclose(reference_merge.crop.rgb / 255, expected, atol=0.04)
    assert np.abs(reference_merge.crop.rgb / 255 - expected).mean() < 2e-3


def test_face_without_soft_edge_or_colour_transfer_is_the_references(reference_merge):
    config = OverlayConfig(mask="learned", mask_erode_px=0, mask_blur_px=0, color_transfer="none")
    difference = np.abs(reference_merge.blend(OverlayMerger(config)) - reference_merge.arrays["ct.None"][..., 2::-1])
    inside = reference_merge.arrays["ct.None"][..., 3] > 250
    assert difference[inside].mean() < 0.5  # of 255
    assert difference.mean() < 0.5  # edges differ by the reference's half-pixel shift of resized masks


@pytest.mark.parametrize("color_transfer", ["none", "rct"])
def test_frame_outside_the_face_stays(reference_merge, color_transfer):
    merged = reference_merge.blend(OverlayMerger(OverlayConfig(color_transfer=color_transfer)))
    untouched = reference_merge.arrays["ct.None"][..., 3] == 0
    frame = reference_merge.arrays["in_frame_bgr_u8"][..., ::-1]
    assert (np.abs(merged - frame)[untouched] > 1).mean() < 0.01
