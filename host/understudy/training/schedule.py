"""Which settings hold at which step, and how does a model go on with others?"""

from __future__ import annotations

import gc
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch

from .job import Learner

if TYPE_CHECKING:
    from .job import Training

__all__ = ["Schedule", "kept_state"]


def kept_state(learner: Learner) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """Return copies, on the CPU, of all that a learner has learnt: its weights, and the rest."""
    return tuple(
        {name: tensor.detach().to("cpu", copy=True) for name, tensor in tensors.items()}
        for tensors in (learner.weights(), learner.optimizer_state())
    )  # type: ignore[return-value] # two in, two out


class Schedule:
    """The learner with the settings that hold at a step; it is built anew where they change.

    Attributes:
        learner: The one in use.
    """

    def __init__(self, training: Training) -> None:
        """Take the first learner in use."""
        self._training = training
        self._place = self._place_at(0)
        self.learner: Learner = self._built(self._place)

    @property
    def settings(self) -> Mapping[str, Any]:
        """Return the settings of the learner in use."""
        training = self._training
        return training.model_settings if self._place < 0 else training.changes[self._place].settings

    @property
    def since(self) -> int:
        """Return after how many steps the settings in use began to hold."""
        return 0 if self._place < 0 else self._training.changes[self._place].after

    def is_change_due(self, step: int) -> bool:
        """Tell whether other settings hold once so many steps are learnt."""
        return self._place_at(step) != self._place

    def replace(self, step: int) -> None:
        """Put the learner in use that belongs to a step; it has learnt nothing yet."""
        if not self.is_change_due(step):
            return
        self._place = self._place_at(step)
        del self.learner  # two at once may not fit into the device's memory
        gc.collect()
        self.learner = self._built(self._place)

    def carry_over(self, step: int) -> str:
        """Put the learner in use that belongs to a step, with all that the one before has learnt.

        Returns:
            Which settings hold now, in words.
        """
        before = self.settings
        with self._training.blame("giving its weights"):
            weights, state = kept_state(self.learner)
        self.replace(step)
        with self._training.blame("going on with other settings"):
            self.learner.load_weights(weights)
            self.learner.load_optimizer_state(state)
        changed = [f"{name} {value}" for name, value in self.settings.items() if before.get(name) != value]
        return f"from step {step + 1} on: {', '.join(changed) or 'no setting is another'}"

    def _place_at(self, step: int) -> int:
        """Return the number of the change that holds once so many steps are learnt, -1 for none."""
        return sum(change.after <= step for change in self._training.changes) - 1

    def _built(self, place: int) -> Learner:
        if place >= 0:
            return self._training.changes[place].build()
        assert self._training.model is not None, "without a model, the first change builds one"
        return self._training.model
