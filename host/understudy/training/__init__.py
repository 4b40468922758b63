"""What does a program need to train a model? The names below; each is loaded when it is first used.

``Checkpoints`` and ``read_losses`` answer without torch, so that looking at the state of a training stays quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from .checkpoints import Checkpoint, Checkpoints, CheckpointState
    from .data import DeckData, FaceArrays, load_arrays, save_arrays
    from .history import LossTable, read_losses
    from .job import Beginning, Change, Learner, LoopSettings, Sink, Training, TrainOutcome
    from .loop import train
    from .snapshots import Best, best_of, snapshots_of

__all__ = [
    "Beginning",
    "Best",
    "Change",
    "Checkpoint",
    "CheckpointState",
    "Checkpoints",
    "DeckData",
    "FaceArrays",
    "Learner",
    "LoopSettings",
    "LossTable",
    "Sink",
    "TrainOutcome",
    "Training",
    "best_of",
    "load_arrays",
    "read_losses",
    "save_arrays",
    "snapshots_of",
    "train",
]

_ROOMS: Final = {
    "checkpoints": ("Checkpoint", "CheckpointState", "Checkpoints"),
    "data": ("DeckData", "FaceArrays", "load_arrays", "save_arrays"),
    "history": ("LossTable", "read_losses"),
    "job": ("Beginning", "Change", "Learner", "LoopSettings", "Sink", "TrainOutcome", "Training"),
    "loop": ("train",),
    "snapshots": ("Best", "best_of", "snapshots_of"),
}


def __getattr__(name: str) -> Any:
    """Load the file that holds a public name."""
    for room, names in _ROOMS.items():
        if name in names:
            return getattr(importlib.import_module(f".{room}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
