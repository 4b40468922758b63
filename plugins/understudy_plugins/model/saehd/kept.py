"""How is what was kept between two runs taken back, when settings may have changed in between?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import torch
from torch import Tensor

from understudy_sdk.autoencoder.state import take

__all__ = ["take_state"]

_ADVERSARIES: Final = ("gan", "code")
_SLOTS: Final = frozenset({"means", "deviations", "squares"})


def take_state(mine: Mapping[str, Tensor], given: Mapping[str, Tensor], model: str) -> set[str]:
    """Copy an optimizer's state over the live one, in place, as far as the settings still want it.

    The means of another optimizer count as none, and none as zeros. Of an adversary, named by the first part of a
    tensor's name, all is taken or, where it is missing or of another shape, nothing.

    Args:
        mine: Live tensors.
        given: What they shall hold.
        model: The model's name, for messages.

    Returns:
        The adversaries that must begin anew.

    Raises:
        StageError: Where any other name is missing, unknown or has another shape.
    """
    core, core_given = _without(mine, _ADVERSARIES), _without(given, _ADVERSARIES)
    has_means = bool(_slots_of(core) & _slots_of(core_given))
    if not has_means:
        fresh = {name: torch.zeros_like(core[name]) for name in core if _first(name) in _SLOTS}
        core_given = _without(core_given, _SLOTS) | fresh
    take("optimizer state", core, core_given, model)
    anew = set()
    for adversary in _slots_of(mine, _ADVERSARIES):
        live, kept = (_only(tensors, adversary) for tensors in (mine, given))
        if live.keys() == kept.keys() and all(live[name].shape == kept[name].shape for name in live):
            take(f"tensors of {adversary}", live, kept, model)
        else:
            anew.add(adversary)
    return anew


def _first(name: str) -> str:
    return name.partition(".")[0]


def _slots_of(tensors: Mapping[str, Tensor], among: frozenset[str] | tuple[str, ...] = _SLOTS) -> set[str]:
    return {_first(name) for name in tensors} & set(among)


def _without(tensors: Mapping[str, Tensor], firsts: frozenset[str] | tuple[str, ...]) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in tensors.items() if _first(name) not in firsts}


def _only(tensors: Mapping[str, Tensor], first: str) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in tensors.items() if _first(name) == first}
