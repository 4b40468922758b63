"""How is what was kept between two runs taken back, when settings may have changed in between?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import torch
from torch import Tensor

from .adversary import Adversary
from .state import take

__all__ = ["state_of", "take_state"]

_ADVERSARIES: Final = frozenset({"gan", "code"})
"""Names that adversaries have in a state."""

_SLOTS: Final = frozenset({"means", "deviations", "squares"})


def state_of(slots: Mapping[str, Mapping[str, Tensor]], adversaries: Mapping[str, Adversary]) -> dict[str, Tensor]:
    """Return the live tensors of an optimizer's slots and of adversaries, ``gan`` and ``code``, by name."""
    state = {f"{slot}.{name}": value for slot, kept in slots.items() for name, value in kept.items()}
    for group, adversary in adversaries.items():
        state |= {f"{group}.{name}": value for name, value in adversary.state().items()}
    return state


def take_state(
    mine: Mapping[str, Tensor], adversaries: Mapping[str, Adversary], given: Mapping[str, Tensor], model: str
) -> None:
    """Copy a state over the live one, in place, as far as the settings still want it.

    The means of another optimizer count as none, and none as zeros. Of an adversary all is taken or, where it is
    missing or of another size, nothing: it begins anew.

    Args:
        mine: Live tensors, those of adversaries among them.
        adversaries: ``gan`` and ``code``, as far as there are any.
        given: What they shall hold.
        model: The model's name, for messages.

    Raises:
        StageError: Where a name that is not an adversary's is missing, unknown or has another shape.
    """
    core, core_given = _without(mine, _ADVERSARIES), _without(given, _ADVERSARIES)
    if not _slots_of(core) & _slots_of(core_given):
        fresh = {name: torch.zeros_like(core[name]) for name in core if _first(name) in _SLOTS}
        core_given = _without(core_given, _SLOTS) | fresh
    take("optimizer state", core, core_given, model)
    for group, adversary in adversaries.items():
        kept = {name.removeprefix(f"{group}."): value for name, value in given.items() if _first(name) == group}
        adversary.take_or_begin_anew(kept, model)


def _first(name: str) -> str:
    return name.partition(".")[0]


def _slots_of(tensors: Mapping[str, Tensor]) -> set[str]:
    return {_first(name) for name in tensors} & _SLOTS


def _without(tensors: Mapping[str, Tensor], firsts: frozenset[str]) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in tensors.items() if _first(name) not in firsts}
