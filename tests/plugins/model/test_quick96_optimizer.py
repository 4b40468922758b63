"""Do the weights move as the reference moves them?"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from understudy_sdk.autoencoder import mover
from understudy_sdk.autoencoder.optimizer import RMSprop


@pytest.fixture(scope="module")
def reference(golden):
    with np.load(golden / "quick96" / "rmsprop.npz") as arrays:
        return dict(arrays)


@pytest.mark.parametrize(("name", "learning_rate"), [("rmsprop_lr1e-2", 1e-2), ("rmsprop_lr2e-4", 2e-4)])
def test_five_steps_equal_the_reference(reference, name, learning_rate):
    matrix, wanted = torch.from_numpy(reference["A"]), torch.from_numpy(reference["y"])
    w, b = (torch.from_numpy(reference[key].copy()).requires_grad_() for key in ("w0", "b0"))
    optimizer = RMSprop({"w": w, "b": b})
    for number in range(5):
        loss = (matrix @ w + b - wanted).square().sum() / 2
        assert loss.item() == pytest.approx(reference[f"{name}.loss_before"][number], rel=1e-5)
        loss.backward()
        optimizer.step(number + 1, learning_rate)
        np.testing.assert_allclose(w.detach().numpy(), reference[f"{name}.w"][number], atol=1e-6)
        np.testing.assert_allclose(b.detach().numpy(), reference[f"{name}.b"][number], atol=1e-6)
    np.testing.assert_allclose(optimizer.squares["w"].numpy(), reference[f"{name}.state.w_0"], rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(optimizer.squares["b"].numpy(), reference[f"{name}.state.b_0"], rtol=1e-4, atol=1e-7)


def moved(steps, count=10_000, seed=0):
    """Return which of many weights have moved after these steps, each with a gradient of 1."""
    weights = torch.zeros(count, requires_grad=True)
    optimizer = RMSprop({"w": weights}, moving_share=0.3, seed=seed)
    for number in steps:
        weights.grad = torch.ones(count)
        optimizer.step(number, 1e-3)
    return weights.detach() != 0


def test_as_many_weights_move_as_in_the_reference(reference):
    for steps in ([1], [1, 2]):
        share = moved(steps).float().mean().item()
        assert share == pytest.approx(reference[f"lr_dropout_0.3_moved_after_{len(steps)}"].item(), abs=0.02)


def test_which_weights_move_depends_on_step_and_seed_alone():
    assert torch.equal(moved([5]), moved([5]))
    assert not torch.equal(moved([5]), moved([6]))
    assert not torch.equal(moved([5]), moved([5], seed=1))


def test_mean_squares_grow_also_where_a_weight_rests():
    weights = torch.zeros(1000, requires_grad=True)
    optimizer = RMSprop({"w": weights}, moving_share=0.3)
    weights.grad = torch.full((1000,), 2.0)
    optimizer.step(1, 1e-3)
    torch.testing.assert_close(optimizer.squares["w"], torch.full((1000,), 0.4))
    assert weights.grad is None


def test_pieces_make_no_difference(monkeypatch):
    start = torch.linspace(-1, 1, 3 * 40 * 5).reshape(3, 40, 5)
    results = []
    for piece in (1 << 18, 64):
        monkeypatch.setattr(mover, "_PIECE", piece)
        weights = start.clone().requires_grad_()
        optimizer = RMSprop({"w": weights}, moving_share=1.0)
        weights.grad = start.cos()
        optimizer.step(1, 1e-3)
        results.append(weights.detach())
    assert torch.equal(*results)


def test_strided_weights_move_like_plain_ones():
    start = torch.linspace(-1, 1, 2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    results = []
    for layout in (torch.contiguous_format, torch.channels_last):
        weights = start.clone().contiguous(memory_format=layout).requires_grad_()
        optimizer = RMSprop({"w": weights})
        weights.square().sum().backward()
        optimizer.step(1, 1e-2)
        results.append(weights.detach().contiguous())
    assert torch.equal(*results)
