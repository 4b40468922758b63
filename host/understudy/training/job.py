"""What is a training told before it begins: who learns, from what, how long, and who looks on?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from understudy.progress import Progress, Silent
from understudy_sdk.types import U8

from .checkpoints import Checkpoint
from .collapse import WATCHED

if TYPE_CHECKING:
    import torch

__all__ = ["Beginning", "Change", "Learner", "LoopSettings", "Sink", "TrainOutcome", "Training"]


class Learner(Protocol):
    """What the loop needs of a TrainableModel or a TrainableMasker; see there what each method promises."""

    @property
    def batch_size(self) -> int:
        """Faces per step; 0 asks for as many as fit."""
        ...

    def train_step(self, data: Any, step: int, batch_size: int) -> Mapping[str, float]:
        """Learn once and return the losses."""
        ...

    def weights(self) -> dict[str, torch.Tensor]:
        """Return what inference needs."""
        ...

    def load_weights(self, weights: Mapping[str, torch.Tensor]) -> None:
        """Take weights back."""
        ...

    def optimizer_state(self) -> dict[str, torch.Tensor]:
        """Return all else that the next step depends on."""
        ...

    def load_optimizer_state(self, state: Mapping[str, torch.Tensor]) -> None:
        """Take the optimizer's state back."""
        ...

    def lower_learning_rate(self, factor: float) -> None:
        """Multiply the learning rate."""
        ...


class Sink(Protocol):
    """Takes what a training shows elsewhere, such as to TensorBoard."""

    def losses(self, step: int, losses: Mapping[str, float]) -> None:
        """Take a step's losses."""
        ...

    def preview(self, step: int, picture: U8) -> None:
        """Take a preview, uint8 (H, W, 3) RGB."""
        ...


@dataclass(frozen=True, slots=True)
class Change:
    """Other settings from a step on.

    Attributes:
        after: How many steps are learnt before they hold.
        build: Gives the learner with these settings; what it has learnt is carried over to it.
        settings: All of them, as JSON values by name.
    """

    after: int
    build: Callable[[], Learner]
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a new training begins with.

    Attributes:
        checkpoint: Weights and optimizer of another training.
        keep_steps: Whether steps are counted on from there, not from 0.
    """

    checkpoint: Checkpoint
    keep_steps: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopSettings:
    """How often the loop saves and shows.

    Attributes:
        save_every_s: A checkpoint is written at the latest after so many seconds.
        save_every_steps: And at each multiple of so many steps.
        preview_every_steps: A preview is drawn at each multiple of so many steps.
        measure_every_steps: What is learnt is measured at each multiple of so many steps; 0: never.
        snapshot_every_steps: A snapshot is kept at each multiple of so many steps; 0: none.
        keep: How many of the newest checkpoints stay.
        keep_snapshots: How many of the newest snapshots stay, besides the best.
    """

    save_every_s: float = 300.0
    save_every_steps: int = 500
    preview_every_steps: int = 250
    measure_every_steps: int = 0
    snapshot_every_steps: int = 0
    keep: int = 3
    keep_snapshots: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """All that a training needs.

    Attributes:
        model: Who learns; None where the first of ``changes`` builds it, with ``after`` 0.
        data: From what: what the learner's ``train_step`` takes.
        folder: Where checkpoints, losses and previews are kept; it is made if it is not there.
        steps: How many there are to be in all, those of earlier runs included.
        offer_name: The learner's name in the project.
        blame: Gives a context in which the learner's own exceptions are told as its plugin's.
        device: Where it lies, for the words of messages.
        model_settings: All settings of ``model``, as JSON values by name; checkpoints keep them.
        changes: Other settings on the way, in the order of their steps.
        beginning: What a new training begins with; without, it begins with the learner as it is.
        watched: The losses that are shown and watched for a collapse.
        draw_preview: Draws what the learner makes of some faces, uint8 (H, W, 3) RGB; without, there are no previews.
        measure: Measures the learner after a step, on faces it does not learn from. ``score`` among what it returns,
            less is better, decides which snapshot is the best.
        sinks: Who else is told losses and previews.
        settings: How often to save and to show.
        progress: Hears how far it is.
        stop: Asked after each step; once it says yes, the state is saved and the training ends early.
        revision: The revision of the learner's offer.
        title: What listeners are told the phase is called.
        processes: How many learn together, each its share of every batch.
    """

    model: Learner | None
    data: Any
    folder: Path
    steps: int
    offer_name: str
    blame: Callable[[str], AbstractContextManager[object]]
    device: str
    model_settings: Mapping[str, Any] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    beginning: Beginning | None = None
    watched: tuple[str, ...] = WATCHED
    draw_preview: Callable[[Any], U8] | None = None
    measure: Callable[[Any, int], Mapping[str, float]] | None = None
    sinks: tuple[Sink, ...] = ()
    settings: LoopSettings = field(default_factory=LoopSettings)
    progress: Progress = field(default_factory=Silent)
    stop: Callable[[], bool] = lambda: False
    revision: int = 1
    title: str = "train"
    processes: int = 1


@dataclass(frozen=True, slots=True)
class TrainOutcome:
    """How a training ended.

    Attributes:
        step: The last step learnt.
        losses: Of that step, by name.
        checkpoint: The folder that keeps it.
    """

    step: int
    losses: Mapping[str, float]
    checkpoint: Path
