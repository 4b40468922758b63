"""Do weights move alike, whichever way they are gone over?"""

from __future__ import annotations

import pytest
import torch

from understudy_sdk.autoencoder import mover
from understudy_sdk.autoencoder.mover import Mover
from understudy_sdk.autoencoder.optimizer import AdaBelief, RMSprop

KINDS = {"adabelief": AdaBelief, "rmsprop": RMSprop}
SHAPES = {"a": (300, 7), "b": (5,), "c": (16, 3, 3, 3), "d": (1000,)}


def moved(kind, *, device="cpu", layout=torch.contiguous_format, steps=3, **options):
    """Return weights and slots after some steps, on the CPU."""
    weights = {}
    for name, shape in SHAPES.items():
        start = torch.linspace(-1, 1, torch.Size(shape).numel()).view(shape).to(device)
        weights[name] = (start.contiguous(memory_format=layout) if start.ndim == 4 else start).requires_grad_()
    optimizer = KINDS[kind](weights, seed=3, **options)
    for step in range(1, steps + 1):
        for value in weights.values():
            value.grad = (value.detach() * 7 * step).cos()
        optimizer.step(step, 1e-2)
        assert all(value.grad is None for value in weights.values())
    slots = {f"{slot}.{name}": value for slot, kept in optimizer.slots.items() for name, value in kept.items()}
    return {name: value.detach().cpu().clone() for name, value in {**weights, **slots}.items()}


@pytest.mark.parametrize("options", [{}, {"moving_share": 0.3}, {"clip_norm": 1.0}], ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_many_at_once_move_as_piece_by_piece(kind, options, monkeypatch):
    expected = moved(kind, **options)
    monkeypatch.setattr(Mover, "_walk", Mover._leap)
    monkeypatch.setattr(mover, "_GROUP", 2200)  # some tensors together, and one that is larger than that
    for name, value in moved(kind, **options).items():
        torch.testing.assert_close(value, expected[name], msg=name)


@pytest.mark.parametrize("kind", KINDS)
def test_slots_in_main_memory_come_and_go(kind, monkeypatch):
    expected = moved(kind, moving_share=0.3)
    plain = Mover.new_slot

    def carried(self):
        self._is_carried = True  # as where the parameters lie on a GPU
        return plain(self)

    monkeypatch.setattr(Mover, "new_slot", carried)
    monkeypatch.setattr(mover, "_CARRIED", 512)
    for name, value in moved(kind, moving_share=0.3, slots_on_cpu=True).items():
        assert torch.equal(value, expected[name]), name


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("is_leap", [False, True])
def test_which_weights_move_does_not_depend_on_their_layout(kind, is_leap, monkeypatch):
    if is_leap:
        monkeypatch.setattr(Mover, "_walk", Mover._leap)
    expected = moved(kind, moving_share=0.3)
    for name, value in moved(kind, moving_share=0.3, layout=torch.channels_last).items():
        assert torch.equal(value.contiguous(), expected[name]), name


@pytest.mark.gpu
@pytest.mark.parametrize("options", [{}, {"slots_on_cpu": True}, {"clip_norm": 1.0}], ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_weights_on_a_gpu_move_as_on_the_cpu(kind, options):
    if not torch.cuda.is_available():
        pytest.skip("there is no CUDA device here")
    options = {"moving_share": 0.3, "draws_on_cpu": True, **options}
    expected = moved(kind, **options)
    for name, value in moved(kind, device="cuda", **options).items():
        torch.testing.assert_close(value, expected[name], rtol=1e-4, atol=1e-5, msg=name)
