"""Can a training begin with the checkpoint that its project names?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from understudy.errors import StoreError
from understudy.training.checkpoints import Checkpoint, Checkpoints, CheckpointState, read_checkpoint
from understudy_sdk import CHANGEABLE, INPUT_PATH

from .checks import clip_path
from .choosing import Choices
from .chosen import Chosen, marked_fields
from .places import Loc, Problem
from .raw import items_at, mapping_at

__all__ = ["check_beginnings"]


def check_beginnings(data: object, root: Path, choices: Choices) -> list[Problem]:
    """Check every ``start_from`` of a project's data: that it is a checkpoint, and of a model with these settings."""
    problems: list[Problem] = []
    for index, swap in enumerate(items_at(data, "swaps")):
        here: Loc = ("swaps", index, "model")
        model = mapping_at(swap, "model")
        text = model.get("start_from")
        if not isinstance(text, str) or not text:
            continue
        found = _found(clip_path(root, text))
        if isinstance(found, str):
            problems.append(Problem((*here, "start_from"), found))
        elif here in choices:
            problems += _differences(here, choices[here], found.state, set(mapping_at(model, "with")))
    return problems


def _found(path: Path) -> Checkpoint | str:
    """Return the checkpoint in a folder, or what is wrong with it."""
    if not path.is_dir():
        return f"there is no folder {path}"
    steps = Checkpoints(path).steps()
    if steps and not (path / "state.json").exists():
        return f"{path} holds several checkpoints; name one of them, such as step-{steps[-1]:08d}"
    try:
        found = read_checkpoint(path)
    except StoreError as error:
        return str(error).splitlines()[0]
    return f"{path} is no checkpoint: {found}" if isinstance(found, str) else found


def _differences(here: Loc, chosen: Chosen, state: CheckpointState, stated: set[str]) -> Iterator[Problem]:
    """Yield why what a checkpoint holds does not fit into the chosen model."""
    start = (*here, "start_from")
    if state.model != chosen.name:
        yield Problem(start, f"was made by the model {state.model!r}, but the project uses {chosen.name!r}")
        return
    free = {*marked_fields(chosen.config, CHANGEABLE), *marked_fields(chosen.config, INPUT_PATH)}
    for name, value in chosen.config.model_dump(mode="json", exclude=free).items():
        if name in state.settings and state.settings[name] != value:
            loc = (*here, "with", name) if name in stated else start
            made = f"{name} is {value!r} here, but {state.settings[name]!r} in the checkpoint of start_from"
            yield Problem(loc, f"{made}; both must be the same")
