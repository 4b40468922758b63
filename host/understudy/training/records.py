"""What is kept of a training, and how does it go back to an earlier state?

Checkpoints are what a training goes on from, snapshots what is kept for good. Whoever goes back to a step moves the
checkpoints and snapshots of later steps aside; nothing is deleted.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from understudy.aside import sync
from understudy.errors import RequestError
from understudy.lock import locked
from understudy.store import folder_bytes

from .checkpoints import Checkpoint, Checkpoints, CheckpointState, read_checkpoint
from .snapshots import Best, best_of, snapshots_of

__all__ = ["ASIDE_NAME", "Record", "find_record", "records_of", "roll_back"]

ASIDE_NAME: Final = "set-aside"
"""Folder inside a training's that holds what was moved aside."""


@dataclass(frozen=True, slots=True)
class Record:
    """One state of a training that is kept.

    Attributes:
        path: Its folder.
        step: How many steps it has learnt.
        kind: ``checkpoint``, ``snapshot``, or both where a snapshot is a checkpoint too.
        losses: Of its last step, by name.
        score: How far it is from the held-out faces, less is better; None where it was not measured.
        is_best: Whether it is the best snapshot.
        bytes: Of its files.
        made: When it was written, in the machine's own time.
        fault: What is wrong with it, as far as its state and its files' sizes tell; empty where nothing is.
        state: All that it says about itself; None where that cannot be read.
    """

    path: Path
    step: int
    kind: str
    losses: dict[str, float]
    score: float | None
    is_best: bool
    bytes: int
    made: datetime.datetime
    fault: str
    state: CheckpointState | None

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values, without its full state."""
        names = ("path", "step", "kind", "losses", "score", "is_best", "bytes", "fault")
        return {**{name: getattr(self, name) for name in names}, "made": self.made.isoformat(timespec="seconds")}


def records_of(folder: Path) -> list[Record]:
    """Return what is kept of the training in a folder, by step; nothing where nothing was trained."""
    checkpoints, snapshots, best = Checkpoints(folder), snapshots_of(folder), best_of(folder)
    both = set(checkpoints.steps()) & set(snapshots.steps())
    found = [
        _record(place.path_of(step), step, "checkpoint, snapshot" if step in both else kind, best)
        for kind, place in (("checkpoint", checkpoints), ("snapshot", snapshots))
        for step in place.steps()
        if kind == "checkpoint" or step not in both
    ]
    return sorted(found, key=lambda record: record.step)


def find_record(folder: Path, step: int | None) -> Record:
    """Return what is kept of a step, or the newest.

    Raises:
        RequestError: Nothing is kept of that step; says of which something is.
    """
    records = records_of(folder)
    for record in reversed(records):
        if step in {None, record.step}:
            return record
    known = ", ".join(str(record.step) for record in records) or "none"
    what = f"nothing is kept of step {step}" if records else "nothing was trained yet"
    raise RequestError(f"{what} in {folder}\n  steps that are kept: {known}")


def roll_back(folder: Path, step: int, say: Callable[[str], None]) -> Record:
    """Let the training in a folder go on from an earlier state, and return that state.

    What is newer is moved to ``set-aside`` in the folder. The record of losses is cut by the next step that is learnt.

    Args:
        folder: The training's.
        step: Of a checkpoint or snapshot.
        say: Told what was moved.

    Raises:
        RequestError: Nothing whole is kept of that step.
        StoreError: The training is running.
    """
    with locked(folder, "rolling back"):
        record = find_record(folder, step)
        found = read_checkpoint(record.path)
        fault = found.fault() if isinstance(found, Checkpoint) else found
        if fault:
            raise RequestError(f"step {step} in {folder} is damaged: {fault}\n  choose another step")
        checkpoints, snapshots = Checkpoints(folder), snapshots_of(folder)
        place = checkpoints.path_of(step)
        if not place.exists():
            snapshots.copy(step, place)
        for one, kind in ((checkpoints, "checkpoint"), (snapshots, "snapshot")):
            for later in (later for later in one.steps() if later > step):
                say(f"{kind} {later} is now {_set_aside(folder, one.path_of(later), kind)}")
        sync(folder)
        return find_record(folder, step)


def _set_aside(folder: Path, path: Path, kind: str) -> Path:
    aside = folder / ASIDE_NAME
    aside.mkdir(exist_ok=True)
    number = 1
    while (place := aside / f"{kind}-{path.name.removeprefix('step-')}{f'-{number}' if number > 1 else ''}").exists():
        number += 1
    path.rename(place)
    return place


def _record(path: Path, step: int, kind: str, best: Best | None) -> Record:
    found = read_checkpoint(path)
    state = found.state if isinstance(found, Checkpoint) else None
    return Record(
        path=path,
        step=step,
        kind=kind,
        losses=state.losses if state else {},
        score=state.score if state else None,
        is_best="snapshot" in kind and best is not None and best.step == step,
        bytes=folder_bytes(path),
        made=datetime.datetime.fromtimestamp(path.stat().st_mtime).astimezone(),
        fault=found.fault_at_sight() if isinstance(found, Checkpoint) else found,
        state=state,
    )
