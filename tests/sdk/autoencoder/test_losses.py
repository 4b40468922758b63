"""Do measures of drawn faces equal the reference's?"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from understudy_sdk.autoencoder.losses import (
    Faces,
    blur_outside,
    cross_entropy,
    dssim,
    edge_weight,
    structure_loss,
    style_loss,
    total_variation,
)


@pytest.fixture(scope="module")
def reference(golden):
    with np.load(golden / "saehd" / "measures.npz") as arrays:
        return dict(arrays)


@pytest.fixture(scope="module")
def pair(reference):
    return tuple(torch.from_numpy(reference[name]).permute(0, 3, 1, 2).contiguous() for name in ("a", "b"))


def test_structure_equals_the_reference(pair, reference):
    for window in (2, 5, 11):
        np.testing.assert_allclose(dssim(*pair, window).numpy(), reference[f"dssim_fs{window}"], atol=1e-5)


def test_large_pictures_are_compared_in_two_windows(pair):
    large = tuple(x.repeat(1, 1, 4, 4) for x in pair)
    expected = 5 * (dssim(*large, 22) + dssim(*large, 11)).mean(dim=1)
    torch.testing.assert_close(structure_loss(*large), expected)
    torch.testing.assert_close(structure_loss(*pair), 10 * dssim(*pair, 5).mean(dim=1))


def test_style_and_variation_equal_the_reference(pair, reference):
    np.testing.assert_allclose(style_loss(*pair, 8, 10_000).numpy(), reference["style_loss_r8_w10000"], rtol=1e-4)
    np.testing.assert_allclose(total_variation(pair[0]).numpy(), reference["total_variation_mse"], rtol=1e-5)


def test_cross_entropy_by_hand():
    logits = torch.tensor([[[[0.0, 0.0]]], [[[2.0, -2.0]]]])
    expected = [np.log(2), (np.log1p(np.exp(-2)) + np.log1p(np.exp(2))) / 2]
    for label in (0.0, 1.0):
        np.testing.assert_allclose(cross_entropy(logits, label).numpy(), expected, rtol=1e-6)


def test_surroundings_are_blurred_and_the_face_does_not_bleed_into_them():
    mask = torch.zeros(1, 1, 128, 128)
    mask[..., 40:90, 40:90] = 1
    rgb = torch.full((1, 3, 128, 128), 0.5) + 0.2 * torch.rand(
        1, 3, 128, 128, generator=torch.Generator().manual_seed(0)
    )
    rgb = torch.where(mask > 0, 1.0, rgb)
    done = blur_outside(Faces(rgb, mask))
    outside = (mask == 0).expand_as(rgb)
    assert torch.equal(done[~outside], rgb[~outside])
    assert done[outside].max() < 0.71, "the face is white, and its white must not reach out"
    assert done[outside].std() < 0.7 * rgb[outside].std()


def test_weight_is_full_within_the_mask_and_falls_outside():
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., 20:44, 20:44] = 1
    weight = edge_weight(mask)[0, 0]
    assert weight[22:42, 22:42].min() == 1
    assert 0 < weight[32, 18] < 1
    assert weight[32, 10] == 0
