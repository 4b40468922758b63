"""With which settings does a swap's model swap a frame, where keyframes change them on the way?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from understudy.clock import Clock
from understudy.curves import STEPS, Curve, model_curves, with_values
from understudy.errors import RequestError
from understudy.project import Chosen, ChosenSwap
from understudy.video import probe
from understudy_sdk import Adjustable, Model

__all__ = ["KeyedModel"]


@dataclass(frozen=True, slots=True)
class KeyedModel:
    """The curves of a model's settings over the frames of a clip; ``clock`` is None where none is keyed."""

    clock: Clock | None
    curves: Mapping[str, Curve]

    @classmethod
    def of(cls, swap: ChosenSwap, clip: Path) -> Self:
        """Read what a swap's keyframes say of its model in a clip."""
        if not swap.is_model_keyed:
            return cls(None, {})
        clock = Clock(probe(clip), swap.timecode)
        return cls(clock, model_curves(swap, clock))

    def stamps(self, frames: Iterable[int]) -> list[str]:
        """Return what names the settings of some frames; nothing where none is keyed."""
        if self.clock is None:
            return []
        curves = sorted(self.curves.items())
        return [f"{name} {curve.at(self.clock, frame, STEPS)!r}" for frame in frames for name, curve in curves]

    def adjust(self, model: Model, chosen: Chosen, frame: int) -> None:
        """Have a model swap with the settings that hold at a frame.

        Raises:
            RequestError: It cannot change them once it is built.
        """
        if self.clock is None:
            return
        if not isinstance(model, Adjustable):
            what = f"the model {chosen.name!r} cannot change {', '.join(self.curves)} while it swaps"
            raise RequestError(f"{what}\n  drop these keyframes")
        model.adjust(with_values(chosen, self.curves, self.clock, frame).config)
