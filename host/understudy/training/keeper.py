"""When is what a running training has learnt saved, and which of it stays?"""

from __future__ import annotations

import time
from pathlib import Path

import torch

from understudy.errors import TrainingError

from .checkpoints import Checkpoint, Checkpoints, CheckpointState
from .job import Training
from .schedule import Schedule
from .snapshots import Best, Snapshots

__all__ = ["Keeper"]


class Keeper:
    """Keeps a running training's checkpoints and snapshots.

    Attributes:
        checkpoints: All of them.
        saved: The newest; None before the first.
        saved_step: Its step.
    """

    def __init__(self, training: Training, schedule: Schedule) -> None:
        """Look into the training's folder."""
        settings = training.settings
        self._training, self._schedule = training, schedule
        self.checkpoints = Checkpoints(training.folder)
        self._snapshots = Snapshots(training.folder, settings.snapshot_every_steps, settings.keep_snapshots)
        self.saved: Path | None = None
        self.saved_step = 0
        self._saved_at_s = time.monotonic()

    def is_save_due(self, step: int) -> bool:
        """Tell whether a checkpoint is due after a step."""
        # the first step is saved at once, so that a disk that is too small shows early
        settings = self._training.settings
        is_round = self.saved is None or step % settings.save_every_steps == 0
        return is_round or time.monotonic() - self._saved_at_s >= settings.save_every_s

    def is_snapshot_due(self, step: int, score: float | None) -> bool:
        """Tell whether a step is kept whatever else is."""
        is_best = score is not None and self._snapshots.is_better(score, "held-out faces")
        return is_best or self._snapshots.is_due(step)

    def save(self, state: CheckpointState, good_until: int) -> Path:
        """Write a checkpoint, delete those that are no longer needed, and return the new one's folder.

        Raises:
            TrainingError: When some of it is not finite.
            StoreError: When the disk does not take it.
        """
        learner = self._schedule.learner
        with self._training.blame("giving its weights"):
            weights, optimizer_state = learner.weights(), learner.optimizer_state()
        for name, tensor in (*weights.items(), *optimizer_state.items()):
            if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
                raise self.broken(f"training stopped after step {state.step}: {name!r} is no longer finite")
        self.saved = self.checkpoints.save(state, weights, optimizer_state)
        self.saved_step, self._saved_at_s = state.step, time.monotonic()
        self.checkpoints.prune(state.step, self._training.settings.keep, good_until)
        return self.saved

    def keep_snapshot(self, step: int, score: float | None, smoothed: float) -> None:
        """Keep the newest checkpoint if it is due or the best; without measuring, smoothed losses tell the best."""
        settings, best = self._training.settings, None
        is_measured = self._training.measure is not None and settings.measure_every_steps > 0
        if is_measured and score is not None and self._snapshots.is_better(score, "held-out faces"):
            best = Best(step, score, "held-out faces")
        elif not is_measured and settings.snapshot_every_steps and self._snapshots.is_better(smoothed, "losses"):
            best = Best(step, smoothed, "losses")
        if best is not None or self._snapshots.is_due(step):
            self._snapshots.take(step, best)

    def took_back(self, checkpoint: Checkpoint) -> None:
        """Go on from a checkpoint that is there."""
        self.saved, self.saved_step = checkpoint.path, checkpoint.state.step
        self._saved_at_s = time.monotonic()

    def forget_after(self, good: Checkpoint) -> None:
        """Delete what came after a checkpoint."""
        self.checkpoints.remove_after(good.state.step)
        self._snapshots.remove_after(good.state.step)
        self.saved = good.path

    def broken(self, what: str) -> TrainingError:
        """Return the error of a training that cannot go on with what it has become."""
        kept = f"the checkpoint {self.saved} is kept" if self.saved else "there is no checkpoint yet"
        return TrainingError(
            f"{what}\n  {kept}\n"
            f"  lower the learning rate of {self._training.offer_name!r}, or have it compute in float32, and run again"
        )
