"""How does a contract test compare weights and losses of a stage that learns?"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import torch

from understudy_sdk.errors import StageError

from .promises import expect, expect_refusal

__all__ = ["Tensors", "copies", "distance", "expect_losses", "expect_refusals"]

Tensors = dict[str, torch.Tensor]


def copies(tensors: Mapping[str, torch.Tensor]) -> Tensors:
    """Return tensors of their own by the same names."""
    return {name: tensor.detach().clone() for name, tensor in tensors.items()}


def distance(one: Mapping[str, torch.Tensor], other: Mapping[str, torch.Tensor]) -> float:
    """Return how far all weights lie apart together."""
    return sum(float((other[name] - tensor).abs().sum()) for name, tensor in one.items())


def expect_losses(losses: Mapping[str, float], names: set[str]) -> None:
    """Expect losses of these names, and that every loss is a plain, finite number."""
    expect(names <= set(losses), f"losses called {' and '.join(sorted(names))}", f"losses called {sorted(losses)}")
    for name, loss in losses.items():
        is_plain = isinstance(loss, float) and math.isfinite(loss)
        expect(is_plain, f"a finite float as the loss {name}", f"{type(loss).__name__} {loss}")


def expect_refusals(
    method: str, good: Mapping[str, torch.Tensor], load: Callable[[Mapping[str, torch.Tensor]], None]
) -> None:
    """Expect StageError for a name too many, one too few, and another shape.

    Args:
        method: What ``load`` is called, for the messages.
        good: What it takes.
        load: The method under test.
    """
    fitting = copies(good)
    with expect_refusal(StageError, f"{method} with an unknown name"):
        load({**fitting, "no_such_name": torch.zeros(1)})
    for name in list(fitting)[:1]:
        with expect_refusal(StageError, f"{method} without {name!r}"):
            load({other: tensor for other, tensor in fitting.items() if other != name})
        with expect_refusal(StageError, f"{method} with another shape of {name!r}"):
            load({**fitting, name: torch.zeros(3, 5, 7, 11)})
