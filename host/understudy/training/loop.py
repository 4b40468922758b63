"""How does a model learn from its first step to its last, across stops, kills and collapses?"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import torch

from understudy.aside import clear_parts
from understudy.errors import StoreError, TrainingError
from understudy.lock import locked
from understudy.progress import Progress, Silent
from understudy_sdk import Crop, TrainableModel, TrainingData

from .checkpoints import Checkpoint, Checkpoints, CheckpointState
from .collapse import WATCHED, CollapseWatch
from .history import HISTORY_NAME, LossHistory
from .interrupt import Interrupts
from .memory import attempt_step, check_ahead, largest_fitting, too_large
from .plot import write_loss_plot
from .preview import preview_sheet, write_preview

__all__ = ["LoopSettings", "TrainOutcome", "Training", "train"]

PLOT_NAME: Final = "losses.png"

MAX_RECOVERIES: Final = 3
"""How many collapses are undone before training stops."""

FORGIVEN_AFTER: Final = 10_000
"""Steps after which a collapse no longer counts."""

SLOWER: Final = 0.5
"""What the learning rate is multiplied by after a collapse."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopSettings:
    """How often the loop saves and shows.

    Attributes:
        save_every_s: A checkpoint is written at the latest after so many seconds.
        save_every_steps: And at each multiple of so many steps.
        preview_every_steps: A preview is drawn at each multiple of so many steps.
        keep: How many of the newest checkpoints stay.
    """

    save_every_s: float = 300.0
    save_every_steps: int = 500
    preview_every_steps: int = 250
    keep: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """All that a training needs.

    Attributes:
        model: Who learns.
        data: From what.
        folder: Where checkpoints, losses and previews are kept; it is made if it is not there.
        steps: How many there are to be in all, those of earlier runs included.
        offer_name: The model's name in the project.
        blame: Gives a context in which the model's own exceptions are told as the model's.
        device: Where the model lies, for the words of messages.
        preview_crops: Source's and target's crops that previews show; without any there are no previews.
        settings: How often to save and to show.
        progress: Hears how far it is.
        stop: Asked after each step; once it says yes, the state is saved and the training ends early.
        revision: The model's revision.
        title: What listeners are told the phase is called.
    """

    model: TrainableModel
    data: TrainingData
    folder: Path
    steps: int
    offer_name: str
    blame: Callable[[str], AbstractContextManager[object]]
    device: str
    preview_crops: tuple[Sequence[Crop], Sequence[Crop]] = ((), ())
    settings: LoopSettings = field(default_factory=LoopSettings)
    progress: Progress = field(default_factory=Silent)
    stop: Callable[[], bool] = lambda: False
    revision: int = 1
    title: str = "train"


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


def train(training: Training) -> TrainOutcome:
    """Train up to the wanted step, from the newest whole checkpoint on, and return how it ended.

    The losses and weights of a run that was stopped or killed and started again are those of an unbroken run.

    Raises:
        TrainingError: When a loss is not finite, a batch does not fit, or the model collapses time and again.
        StoreError: When another run trains here, or the folder cannot be used.
        KeyboardInterrupt: After Ctrl-C, when the state is saved.
    """
    with (
        locked(training.folder, "training"),
        LossHistory(training.folder / HISTORY_NAME) as history,
        Interrupts() as interrupts,
    ):
        return _Loop(training, history, interrupts).run()


class _Loop:
    """One run's state."""

    def __init__(self, training: Training, history: LossHistory, interrupts: Interrupts) -> None:
        self._training, self._history, self._interrupts = training, history, interrupts
        self._model, self._progress, self._settings = training.model, training.progress, training.settings
        self._checkpoints = Checkpoints(training.folder)
        self._watch = CollapseWatch()
        self._step = 0
        self._losses: Mapping[str, float] = {}
        self._recoveries: tuple[int, ...] = ()
        self._saved: Path | None = None
        self._saved_step = self._shown_step = 0
        self._saved_at_s = time.monotonic()

    def run(self) -> TrainOutcome:
        training = self._training
        clear_parts(training.folder)
        newest = self._checkpoints.newest(self._progress.say)
        if newest is not None:
            self._take_back(newest)
        if self._step < training.steps:
            self._learn()
        assert self._saved is not None
        return TrainOutcome(self._step, self._losses, self._saved)

    def _learn(self) -> None:
        training = self._training
        if torch.device(training.device).type == "cpu":
            check_ahead(self._model, training.data, self._step + 1, training.blame)
        self._start_progress()
        while self._step < training.steps and not self._is_stopped():
            self._learn_once()
        self._save()
        if not self._interrupts.is_asked:
            self._show()
        self._progress.finish()
        if self._interrupts.is_asked:
            self._progress.say(f"interrupted; step {self._step} is saved")
            raise KeyboardInterrupt

    def _is_stopped(self) -> bool:
        # a run learns one step at least, so that there is something to save
        return self._saved is not None and (self._interrupts.is_asked or self._training.stop())

    def _start_progress(self) -> None:
        training = self._training
        self._progress.start(training.title, training.steps, "steps", done=self._step, device=training.device)

    def _learn_once(self) -> None:
        step = self._step + 1
        self._losses = self._losses_of(step)
        self._history.add(step, self._losses)
        self._refuse_infinite(step)
        self._step = step
        collapse = self._watch.add(step, self._losses)
        if collapse:
            self._recover(f"the model collapsed by step {step}: {collapse}")
            return
        self._progress.advance(1, "  ".join(f"{name} {self._losses[name]:.3f}" for name in WATCHED))
        if self._is_save_due():
            self._save()
        if step == 1 or step % self._settings.preview_every_steps == 0:
            self._show()

    def _losses_of(self, step: int) -> dict[str, float]:
        training, size = self._training, self._model.batch_size
        with training.blame(f"learning step {step}"):
            losses = attempt_step(self._model, training.data, step, size)
            if losses is None:
                raise too_large(size, largest_fitting(self._model, training.data, step, size), training.device)
            return {name: float(losses[name]) for name in dict.fromkeys((*WATCHED, *losses))}

    def _refuse_infinite(self, step: int) -> None:
        wrong = [f"{name} loss is {loss}" for name, loss in self._losses.items() if not math.isfinite(loss)]
        if wrong:
            raise self._broken(f"training stopped at step {step}: the {', the '.join(wrong)}")

    def _broken(self, what: str) -> TrainingError:
        kept = f"the checkpoint {self._saved} is kept" if self._saved else "there is no checkpoint yet"
        return TrainingError(
            f"{what}\n  {kept}\n"
            f"  lower the learning rate of {self._training.offer_name!r}, or have it compute in float32, and run again"
        )

    def _is_save_due(self) -> bool:
        # the first step is saved at once, so that a disk that is too small shows early
        is_round = self._step == 1 or self._step % self._settings.save_every_steps == 0
        return is_round or time.monotonic() - self._saved_at_s >= self._settings.save_every_s

    def _save(self) -> None:
        if self._saved_step == self._step:
            return
        training = self._training
        with training.blame("giving its weights"):
            weights, optimizer_state = self._model.weights(), self._model.optimizer_state()
        for name, tensor in (*weights.items(), *optimizer_state.items()):
            if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
                raise self._broken(f"training stopped after step {self._step}: {name!r} is no longer finite")
        state = CheckpointState(
            step=self._step,
            losses=dict(self._losses),
            model=training.offer_name,
            revision=training.revision,
            recoveries=self._recoveries,
        )
        self._saved = self._checkpoints.save(state, weights, optimizer_state)
        self._saved_step, self._saved_at_s = self._step, time.monotonic()
        self._checkpoints.prune(self._step, self._settings.keep, self._watch.good_until)

    def _take_back(self, checkpoint: Checkpoint) -> None:
        """Set the model and the loop to a checkpoint."""
        training, state = self._training, checkpoint.state
        if state.model != training.offer_name:
            raise StoreError(
                f"{checkpoint.path} was made by the model {state.model!r}, not by {training.offer_name!r}\n"
                f"  move {training.folder} away to train from the start"
            )
        with training.blame(f"loading step {state.step}"):
            self._model.load_weights(checkpoint.weights())
            self._model.load_optimizer_state(checkpoint.optimizer_state())
        self._step, self._losses, self._recoveries = state.step, state.losses, state.recoveries
        self._saved, self._saved_step, self._saved_at_s = checkpoint.path, state.step, time.monotonic()
        self._watch = CollapseWatch(self._history.table.rows(state.step))

    def _recover(self, what: str) -> None:
        """Go back to before a collapse and learn on more slowly."""
        recoveries = (*self._recoveries, self._step)
        good = self._checkpoints.newest(self._progress.say, at_most=max(self._watch.good_until, 1))
        if good is None:
            raise TrainingError(
                f"{what}\n  there is no whole checkpoint from before\n  delete {self._training.folder} and train anew"
            )
        self._checkpoints.remove_after(good.state.step)
        self._saved = good.path
        if sum(self._step - past < FORGIVEN_AFTER for past in recoveries) > MAX_RECOVERIES:
            raise self._broken(f"{what}, although the learning rate was lowered {MAX_RECOVERIES} times")
        self._take_back(good)
        self._recoveries = recoveries
        with self._training.blame("lowering its learning rate"):
            # the checkpoint may be from before an earlier collapse too, and then has its old rate
            for _ in range(len(recoveries) - len(good.state.recoveries)):
                self._model.lower_learning_rate(SLOWER)
        self._progress.say(f"{what}; going back to step {self._step} with the learning rate times {SLOWER:g}")
        self._progress.finish()
        self._start_progress()

    def _show(self) -> None:
        """Draw the preview and the losses, once per step."""
        if self._shown_step == self._step:
            return
        training, self._shown_step = self._training, self._step
        if all(training.preview_crops):
            with training.blame("drawing a preview"):
                sheet = preview_sheet(self._model, *training.preview_crops)
            write_preview(training.folder, self._step, sheet)
        write_loss_plot(training.folder / PLOT_NAME, self._history.table)
