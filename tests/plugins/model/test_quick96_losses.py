"""Do the losses give the reference's numbers?"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from understudy_plugins.model.quick96.losses import face_losses
from understudy_sdk.autoencoder.losses import Faces, dssim, gaussian_blur
from understudy_sdk.autoencoder.network import Decoder


def nchw(values):
    return torch.from_numpy(values).permute(0, 3, 1, 2)


def read(golden, name):
    with np.load(golden / "quick96" / f"{name}.npz") as arrays:
        return dict(arrays)


@pytest.mark.parametrize("window_px", [2, 5, 8, 11, 19])
def test_dssim_equals_the_reference(golden, window_px):
    stored = read(golden, "dssim")
    ours = dssim(nchw(stored["a"]), nchw(stored["b"]), window_px)
    np.testing.assert_allclose(ours.numpy(), stored[f"dssim_fs{window_px}"], atol=1e-5)


@pytest.mark.parametrize("sigma_px", [1, 3])
def test_blur_equals_the_reference(golden, sigma_px):
    stored = read(golden, "blur")
    blurred = gaussian_blur(nchw(stored["a"]), sigma_px)
    torch.testing.assert_close(blurred, nchw(stored[f"gaussian_blur_r{sigma_px}"]), atol=2e-6, rtol=0)


def test_loss_of_a_face_equals_the_reference(golden):
    io, weights = (
        read(golden, "liae_ud_io"),
        {**read(golden, "liae_ud_decoder"), **read(golden, "liae_ud_decoder_mask")},
    )
    decoder = Decoder(56, 6, 4)
    order = {4: (3, 2, 0, 1), 1: (0,)}
    decoder.load_state_dict({name: torch.from_numpy(w.transpose(order[w.ndim])) for name, w in weights.items()})
    with torch.no_grad():
        _, drawn_mask = decoder(nchw(io["mid_inter_AB_src"]).repeat(1, 2, 1, 1))
    mask = nchw(io["target_srcm"])
    weight = gaussian_blur(mask, 2).clamp(0, 0.5) * 2  # the stored model clips the weight; Quick96 does not
    drawn, true = Faces(nchw(io["pred_src_src"]), drawn_mask), Faces(nchw(io["target_src"]), mask)
    ours = face_losses(drawn, true, weight, 5)
    np.testing.assert_allclose(ours.numpy(), io["src_loss"], rtol=1e-5)


def test_a_perfect_face_loses_nothing():
    generator = torch.Generator().manual_seed(0)
    faces = Faces(torch.rand(3, 3, 24, 24, generator=generator), torch.rand(3, 1, 24, 24, generator=generator))
    losses = face_losses(faces, faces, gaussian_blur(faces.mask, 3), 8)
    torch.testing.assert_close(losses, torch.zeros(3), atol=1e-5, rtol=0)


def test_each_face_has_its_own_loss():
    generator = torch.Generator().manual_seed(0)
    true, drawn = (
        Faces(torch.rand(2, 3, 24, 24, generator=generator), torch.rand(2, 1, 24, 24, generator=generator))
        for _ in range(2)
    )
    together = face_losses(drawn, true, true.mask, 8)
    alone = [
        face_losses(
            Faces(*(t[i : i + 1] for t in drawn)), Faces(*(t[i : i + 1] for t in true)), true.mask[i : i + 1], 8
        )
        for i in range(2)
    ]
    torch.testing.assert_close(together, torch.cat(alone))
