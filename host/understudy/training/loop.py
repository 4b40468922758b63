"""How does a model learn from its first step to its last, across stops, kills and collapses?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from understudy.answers import check_losses
from understudy.aside import clear_parts
from understudy.errors import StoreError, TrainingError
from understudy.lock import locked
from understudy_sdk import Remarking

from .checkpoints import Checkpoint, CheckpointState
from .collapse import CollapseWatch
from .history import HISTORY_NAME, LossHistory, LossTable, read_losses
from .interrupt import Interrupts
from .job import Beginning, Change, Learner, LoopSettings, Sink, Training, TrainOutcome
from .keeper import Keeper
from .memory import Untouched, attempt_step, largest_fitting, too_large
from .plateau import TrendWatch
from .plot import write_loss_plot
from .preview import write_preview
from .schedule import Schedule
from .sizing import batch_for

__all__ = ["Beginning", "Change", "Learner", "LoopSettings", "Sink", "TrainOutcome", "Training", "train"]

PLOT_NAME: Final = "losses.png"

MAX_RECOVERIES: Final = 3
"""How many collapses are undone before training stops."""

FORGIVEN_AFTER: Final = 10_000
"""Steps after which a collapse no longer counts."""

SLOWER: Final = 0.5
"""What the learning rate is multiplied by after a collapse."""


def train(training: Training) -> TrainOutcome:
    """Train up to the wanted step, from the newest whole checkpoint on, and return how it ended.

    The losses and weights of a run that was stopped or killed and started again are those of an unbroken run.

    Raises:
        TrainingError: When a loss is not finite, memory runs out, or the model collapses time and again.
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
        self._progress, self._settings = training.progress, training.settings
        self._schedule = Schedule(training)
        self._keeper = Keeper(training, self._schedule)
        self._watch = CollapseWatch(watched=training.watched)
        self._step = self._shown_step = self._size = 0
        self._is_size_chosen = False
        self._losses: Mapping[str, float] = {}
        self._recoveries: tuple[int, ...] = ()
        self._trend = TrendWatch(training.watched)

    @property
    def _model(self) -> Learner:
        return self._schedule.learner

    def run(self) -> TrainOutcome:
        training = self._training
        clear_parts(training.folder)
        newest = self._keeper.checkpoints.newest(self._progress.say)
        if newest is not None:
            self._take_back(newest)
        elif training.beginning is not None:
            self._begin_with(training.beginning)
        if self._step < training.steps:
            self._learn(is_new=newest is None)
        assert self._keeper.saved is not None
        return TrainOutcome(self._step, self._losses, self._keeper.saved)

    def _learn(self, *, is_new: bool) -> None:
        training = self._training
        self._size_up(is_new=is_new)
        self._start_progress()
        while self._step < training.steps and not self._is_stopped():
            self._change_settings()
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
        return self._keeper.saved is not None and (self._interrupts.is_asked or self._training.stop())

    def _start_progress(self) -> None:
        training = self._training
        self._progress.start(training.title, training.steps, "steps", done=self._step, device=training.device)

    def _size_up(self, *, is_new: bool) -> None:
        """Settle how many faces a step has; what was chosen earlier stays."""
        wanted = self._model.batch_size
        wants_choice = wanted == 0
        is_known = self._is_size_chosen if wants_choice else wanted == self._size
        if not is_known or self._size % self._training.processes:
            self._size = batch_for(self._training, self._model, self._step + 1, is_new=is_new)
        self._is_size_chosen = wants_choice
        with self._training.blame("giving its weights"):
            self._untouched = Untouched(self._model)

    def _change_settings(self) -> None:
        if not self._schedule.is_change_due(self._step):
            return
        self._save()  # with the settings that led here
        del self._untouched  # which holds on to the tensors of the model that goes
        self._progress.say(self._schedule.carry_over(self._step))
        self._size_up(is_new=False)

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
        for sink in self._training.sinks:
            sink.losses(step, self._losses)
        self._pass_remarks_on()
        self._progress.advance(1, "  ".join(f"{name} {self._losses[name]:.3f}" for name in self._training.watched))
        self._keep()
        if step == 1 or step % self._settings.preview_every_steps == 0:
            self._show()
        if advice := self._trend.look(step, self._history.table, self._schedule.since):
            self._progress.say(advice)

    def _pass_remarks_on(self) -> None:
        model = self._model
        if isinstance(model, Remarking):
            with self._training.blame("giving its remarks"):
                remarks = list(model.remarks())
            for remark in remarks:
                self._progress.say(remark)

    def _losses_of(self, step: int) -> dict[str, float]:
        training, size = self._training, self._size
        with training.blame(f"learning step {step}"):
            self._untouched.look()
            losses = attempt_step(self._model, training.data, step, size)
            if losses is None:
                raise self._out_of_memory(step)
            return check_losses(losses, training.watched)

    def _out_of_memory(self, step: int) -> TrainingError:
        """Save what can be saved, and return what to tell about a step that memory was too small for."""
        training, size = self._training, self._size
        if self._step and self._untouched.is_so():
            self._save()
        saved = self._keeper.saved
        fitting = largest_fitting(self._model, training.data, step, size) if training.processes == 1 else 0
        if saved is None or not self._step:
            return too_large(size, fitting, training.device)
        lost = self._step - self._keeper.saved_step
        kept = f"step {self._keeper.saved_step} is saved in {saved}" + (
            f"; {lost} steps since are lost" if lost else ""
        )
        smaller = fitting or max(size // 2, 1)
        return TrainingError(
            f"the memory of {training.device} ran out at step {step}, with a batch of {size} that fitted before\n"
            f"  {kept}\n"
            f"  end other programs that use that memory, or set the model's batch_size to {smaller}, and run again"
        )

    def _refuse_infinite(self, step: int) -> None:
        wrong = [f"{name} loss is {loss}" for name, loss in self._losses.items() if not math.isfinite(loss)]
        if wrong:
            raise self._keeper.broken(f"training stopped at step {step}: the {', the '.join(wrong)}")

    def _keep(self) -> None:
        """Save, measure and keep snapshots where that is due."""
        score = self._measured()
        if self._keeper.is_save_due(self._step) or self._keeper.is_snapshot_due(self._step, score):
            self._save(score)
            self._keeper.keep_snapshot(self._step, score, self._watch.smoothed)

    def _measured(self) -> float | None:
        """Return the score of a step after which the model is measured."""
        training, every = self._training, self._settings.measure_every_steps
        if training.measure is None or not every or self._step % every:
            return None
        with training.blame("being measured"):
            found = training.measure(self._model, self._step)
        score = found.get("score", math.nan)
        return float(score) if math.isfinite(score) else None

    def _save(self, score: float | None = None) -> None:
        if self._keeper.saved_step == self._step:
            return
        state = CheckpointState(
            step=self._step,
            losses=dict(self._losses),
            model=self._training.offer_name,
            revision=self._training.revision,
            settings=dict(self._schedule.settings),
            batch_size=self._size,
            is_batch_chosen=self._is_size_chosen,
            score=score,
            recoveries=self._recoveries,
        )
        self._progress.wrote("checkpoint", self._keeper.save(state, self._watch.good_until), self._step)

    def _begin_with(self, beginning: Beginning) -> None:
        """Set a new training to what another one has learnt."""
        found = beginning.checkpoint
        fault = found.fault()
        if fault:
            raise StoreError(f"{found.path}, named by start_from, is damaged: {fault}\n  name another checkpoint")
        self._refuse_other(found)
        self._step = found.state.step if beginning.keep_steps else 0
        self._load(found)
        self._losses = found.state.losses if self._step else {}
        self._progress.say(f"begins with step {found.state.step} of {found.path}")
        if self._step:
            self._history.take_over(_history_of(found), self._step)
            self._keeper.saved_step = 0
            self._save()

    def _take_back(self, checkpoint: Checkpoint) -> None:
        """Set the model and the loop to a checkpoint."""
        state = checkpoint.state
        self._refuse_other(checkpoint)
        self._step, self._losses, self._recoveries = state.step, state.losses, state.recoveries
        self._load(checkpoint)
        if state.is_batch_chosen:
            self._size, self._is_size_chosen = state.batch_size, True
        self._keeper.took_back(checkpoint)
        self._watch = CollapseWatch(self._history.table.rows(state.step), self._training.watched)

    def _refuse_other(self, checkpoint: Checkpoint) -> None:
        training, made_by = self._training, checkpoint.state.model
        if made_by != training.offer_name:
            raise StoreError(
                f"{checkpoint.path} was made by the model {made_by!r}, not by {training.offer_name!r}\n"
                f"  move {checkpoint.path.parent} away to train from the start"
            )

    def _load(self, checkpoint: Checkpoint) -> None:
        """Put the learner of the step in use, and give it what a checkpoint holds."""
        self._schedule.replace(self._step)
        with self._training.blame(f"loading step {checkpoint.state.step}"):
            self._model.load_weights(checkpoint.weights())
            self._model.load_optimizer_state(checkpoint.optimizer_state())

    def _recover(self, what: str) -> None:
        """Go back to before a collapse and learn on more slowly."""
        recoveries = (*self._recoveries, self._step)
        good = self._keeper.checkpoints.newest(self._progress.say, at_most=max(self._watch.good_until, 1))
        if good is None:
            raise TrainingError(
                f"{what}\n  there is no whole checkpoint from before\n  delete {self._training.folder} and train anew"
            )
        self._keeper.forget_after(good)
        if sum(self._step - past < FORGIVEN_AFTER for past in recoveries) > MAX_RECOVERIES:
            raise self._keeper.broken(f"{what}, although the learning rate was lowered {MAX_RECOVERIES} times")
        del self._untouched
        self._take_back(good)
        self._recoveries = recoveries
        with self._training.blame("lowering its learning rate"):
            # the checkpoint may be from before an earlier collapse too, and then has its old rate
            for _ in range(len(recoveries) - len(good.state.recoveries)):
                self._model.lower_learning_rate(SLOWER)
        self._progress.say(f"{what}; going back to step {self._step} with the learning rate times {SLOWER:g}")
        self._progress.finish()
        self._size_up(is_new=False)
        self._start_progress()

    def _show(self) -> None:
        """Draw the preview and the losses, once per step."""
        if self._shown_step == self._step:
            return
        training, self._shown_step = self._training, self._step
        if training.draw_preview is not None:
            with training.blame("drawing a preview"):
                sheet = training.draw_preview(self._model)
            self._progress.wrote("preview", write_preview(training.folder, self._step, sheet), self._step)
            for sink in training.sinks:
                sink.preview(self._step, sheet)
        write_loss_plot(training.folder / PLOT_NAME, self._history.table)


def _history_of(checkpoint: Checkpoint) -> LossTable:
    """Return the losses of the training that a checkpoint, a snapshot or an imported model is of."""
    places = [place / HISTORY_NAME for place in (checkpoint.path, *list(checkpoint.path.parents)[:2])]
    return next((read_losses(place) for place in places if place.is_file()), LossTable())
