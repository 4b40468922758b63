"""Do the weights move as the reference moves them?"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from understudy_sdk.autoencoder import mover
from understudy_sdk.autoencoder.optimizer import AdaBelief, RMSprop, cosine_factor

KINDS = {"adabelief": AdaBelief, "rmsprop": RMSprop}


@pytest.fixture(scope="module")
def reference(golden):
    with np.load(golden / "saehd" / "optimizers.npz") as arrays:
        return dict(arrays)


@pytest.mark.parametrize(
    ("name", "rate", "options"),
    [
        ("adabelief_lr1e-2", 1e-2, {}),
        ("adabelief_lr5e-5", 5e-5, {}),
        ("adabelief_clip1", 1e-2, {"clip_norm": 1.0}),
        ("adabelief_cos4", 1e-2, {"period": 4}),
        ("rmsprop_lr1e-2", 1e-2, {}),
        ("rmsprop_clip1", 1e-2, {"clip_norm": 1.0}),
        ("rmsprop_cos4", 1e-2, {"period": 4}),
    ],
)
def test_five_steps_equal_the_reference(reference, name, rate, options):
    matrix, wanted = torch.from_numpy(reference["A"]), torch.from_numpy(reference["y"])
    w, b = (torch.from_numpy(reference[key].copy()).requires_grad_() for key in ("w0", "b0"))
    period = options.pop("period", None)
    optimizer = KINDS[name.partition("_")[0]]({"w": w, "b": b}, **options)
    for number in range(5):
        loss = (matrix @ w + b - wanted).square().sum() / 2
        assert loss.item() == pytest.approx(reference[f"{name}.loss_before"][number], rel=1e-5)
        loss.backward()
        optimizer.step(number + 1, rate * (cosine_factor(number + 1, period) if period else 1.0))
        np.testing.assert_allclose(w.detach().numpy(), reference[f"{name}.w"][number], atol=1e-6)
        np.testing.assert_allclose(b.detach().numpy(), reference[f"{name}.b"][number], atol=1e-6)


@pytest.mark.parametrize("kind", KINDS.values())
def test_which_weights_move_is_drawn_afresh_from_step_and_seed(kind):
    def moved(step, **options):
        weights = torch.zeros(10_000, requires_grad=True)
        optimizer = kind({"w": weights}, 0.3, **options)
        weights.grad = torch.ones(10_000)
        optimizer.step(step, 1e-3)
        assert weights.grad is None
        assert all(slot["w"].all() for slot in optimizer.slots.values()), "means go on where a weight rests"
        return weights.detach() != 0

    assert moved(5).float().mean().item() == pytest.approx(0.3, abs=0.02)
    assert torch.equal(moved(5), moved(5))
    assert not torch.equal(moved(5), moved(6))
    assert not torch.equal(moved(5), moved(5, seed=1))
    assert torch.equal(moved(5), moved(5, draws_on_cpu=True))


@pytest.mark.parametrize("kind", KINDS.values())
def test_pieces_make_no_difference(kind, monkeypatch):
    start = torch.linspace(-1, 1, 3 * 40 * 5).reshape(3, 40, 5)
    results = []
    for piece in (1 << 18, 64):
        monkeypatch.setattr(mover, "_PIECE", piece)
        weights = start.clone().requires_grad_()
        optimizer = kind({"w": weights})
        for step in (1, 2):
            weights.grad = start.cos() * step
            optimizer.step(step, 1e-3)
        results.append(weights.detach())
    assert torch.equal(*results)


def test_a_parameter_without_gradient_stays_and_counts_for_nothing():
    still, moving = torch.ones(3, requires_grad=True), torch.ones(3, requires_grad=True)
    optimizer = AdaBelief({"still": still, "moving": moving}, clip_norm=1.0)
    moving.grad = torch.full((3,), 0.1)
    optimizer.step(1, 1e-3)
    assert torch.equal(still.detach(), torch.ones(3))
    assert torch.allclose(optimizer.means["moving"], torch.full((3,), 0.01))
