"""Which states of a training are kept for good, so that one can go back to them?

A snapshot is a checkpoint that stays when newer ones push it out: one at each multiple of some steps, and the best.
Its files are the checkpoint's own, by hard links where the disk has them, so that a snapshot of a checkpoint that is
still there takes no space.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from understudy.aside import clear_parts
from understudy.store import read_json, write_json

from .checkpoints import Checkpoints

__all__ = ["BEST_NAME", "SNAPSHOTS_NAME", "Best", "Snapshots", "best_of", "snapshots_of"]

SNAPSHOTS_NAME: Final = "snapshots"
"""Name of the folder inside a training's."""

BEST_NAME: Final = "best.json"

By = Literal["held-out faces", "losses"]


@dataclass(frozen=True, slots=True)
class Best:
    """The best snapshot.

    Attributes:
        step: Its step.
        score: How far it was from perfect; less is better.
        by: What the score was measured with.
    """

    step: int
    score: float
    by: By


def snapshots_of(training: Path) -> Checkpoints:
    """Return the snapshots of the training in a folder."""
    return Checkpoints(training / SNAPSHOTS_NAME)


def best_of(training: Path) -> Best | None:
    """Return which snapshot of the training in a folder is the best, or None where that is not known.

    Raises:
        StoreError: When the note of it is damaged.
    """
    found = read_json(training / SNAPSHOTS_NAME / BEST_NAME)
    if not isinstance(found, dict) or found.get("step") not in snapshots_of(training).steps():
        return None
    return Best(int(found["step"]), float(found["score"]), found["by"])


class Snapshots:
    """The snapshots of a running training."""

    def __init__(self, training: Path, every: int, keep: int) -> None:
        """Look at those that are there.

        Args:
            training: The training's folder.
            every: A snapshot is due at each multiple of so many steps; 0: never.
            keep: How many of the newest stay.
        """
        self._training, self._every, self._keep = training, every, keep
        self._checkpoints = snapshots_of(training)
        if self._checkpoints.folder.is_dir():
            clear_parts(self._checkpoints.folder)

    def is_due(self, step: int) -> bool:
        """Tell whether a snapshot is taken at a step whatever its worth."""
        return self._every > 0 and step % self._every == 0

    def is_better(self, score: float, by: By) -> bool:
        """Tell whether a score is the best so far; of another kind than the one before, it is."""
        best = best_of(self._training)
        return best is None or best.by != by or score < best.score

    def take(self, step: int, best: Best | None = None) -> None:
        """Keep the checkpoint of a step, as the best where that is said, and delete those that are too many.

        Raises:
            StoreError: When the disk does not take it.
        """
        Checkpoints(self._training).copy(step, self._checkpoints.path_of(step))
        if best is not None:
            write_json(self._checkpoints.folder / BEST_NAME, {"step": best.step, "score": best.score, "by": best.by})
        self._prune()

    def remove_after(self, step: int) -> None:
        """Delete those of later steps: they belong to a past that was given up."""
        self._checkpoints.remove_after(step)

    def _prune(self) -> None:
        best = best_of(self._training)
        regular = [step for step in self._checkpoints.steps() if self.is_due(step)]
        kept = {*regular[-self._keep :], *([best.step] if best else [])}
        for step in self._checkpoints.steps():
            if step not in kept:
                self._checkpoints.remove(step)
