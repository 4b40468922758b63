"""How is what a model has learnt kept, and how is the newest whole checkpoint found again?

A checkpoint is a folder such as ``step-00000500`` with ``weights.safetensors`` (what inference needs),
``optimizer.safetensors`` (all else the next step depends on) and ``state.json`` (step, losses, who made it, and the
SHA-256 of the other two). It is written aside, synced and renamed. torch is loaded only to write and read tensors.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from understudy import __version__
from understudy.aside import whole_folder
from understudy.errors import StoreError

if TYPE_CHECKING:
    import torch

__all__ = ["Checkpoint", "CheckpointState", "Checkpoints", "FileMark", "fill_checkpoint", "read_checkpoint"]

FORMAT: Final = 1
"""Version of a checkpoint's layout."""

_WEIGHTS: Final = "weights.safetensors"
_OPTIMIZER: Final = "optimizer.safetensors"
_STATE: Final = "state.json"


class FileMark(BaseModel):
    """How a file of a checkpoint must be."""

    model_config = ConfigDict(frozen=True)

    bytes: int
    sha256: str


class CheckpointState(BaseModel):
    """What a checkpoint says about itself, as it stands in ``state.json``.

    Attributes:
        step: How many steps the model has learnt.
        losses: Of the last step, by name.
        model: Name of the model's offer.
        revision: The offer's revision.
        settings: All settings of the model at that step, as JSON values by name.
        batch_size: Faces of each side that the step learnt from; 0 where that is not known.
        is_batch_chosen: Whether the host chose that number, as the most that fits.
        score: How far the model is from the held-out faces, less is better; None where it was not measured.
        recoveries: Steps at which a collapse was noticed and undone.
        format: Version of the layout.
        made_with: Versions of what made it.
        files: Size and SHA-256 of the other files.
    """

    model_config = ConfigDict(frozen=True)

    step: int
    losses: dict[str, float]
    model: str
    revision: int = 1
    settings: dict[str, Any] = {}
    batch_size: int = 0
    is_batch_chosen: bool = False
    score: float | None = None
    recoveries: tuple[int, ...] = ()
    format: int = FORMAT
    made_with: dict[str, str] = {}
    files: dict[str, FileMark] = {}


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint on the disk.

    Attributes:
        path: Its folder.
        state: What it says about itself.
    """

    path: Path
    state: CheckpointState

    def weights(self) -> dict[str, torch.Tensor]:
        """Return what inference needs, by name, on the CPU."""
        return _load(self.path / _WEIGHTS)

    def optimizer_state(self) -> dict[str, torch.Tensor]:
        """Return all else that the next step depends on, by name, on the CPU."""
        return _load(self.path / _OPTIMIZER)

    def fault(self) -> str:
        """Say what is damaged, or return an empty text; reads every byte."""
        if fault := self.fault_at_sight():
            return fault
        for name in (_WEIGHTS, _OPTIMIZER):
            if _sha256(self.path / name) != self.state.files[name].sha256:
                return f"{name} has changed since it was written"
        return ""

    def fault_at_sight(self) -> str:
        """Say which file is missing or cut short, or return an empty text; reads no file."""
        for name in (_WEIGHTS, _OPTIMIZER):
            mark, path = self.state.files.get(name), self.path / name
            if mark is None or not path.is_file():
                return f"{name} is missing"
            if path.stat().st_size != mark.bytes:
                return f"{name} has {path.stat().st_size} bytes instead of {mark.bytes}"
        return ""


class Checkpoints:
    """The numbered checkpoints in a folder."""

    def __init__(self, folder: Path) -> None:
        """Look into a folder, which need not exist yet."""
        self.folder = folder

    def steps(self) -> list[int]:
        """Return the steps of which there is a checkpoint, whole or not, in order."""
        if not self.folder.is_dir():
            return []
        found = (re.fullmatch(r"step-(\d{8,})", path.name) for path in self.folder.iterdir())
        return sorted(int(match[1]) for match in found if match)

    def peek(self) -> CheckpointState | None:
        """Return what the newest checkpoint that is whole at sight says about itself, without reading its tensors.

        Raises:
            StoreError: When a newer Understudy made it.
        """
        for step in reversed(self.steps()):
            found = read_checkpoint(self.path_of(step))
            if isinstance(found, Checkpoint) and not found.fault_at_sight():
                return found.state
        return None

    def newest(self, say: Callable[[str], None], at_most: int | None = None) -> Checkpoint | None:
        """Return the newest whole checkpoint, or None where there is none.

        Args:
            say: Told each damaged checkpoint that is passed over.
            at_most: Passes over those of later steps.

        Raises:
            StoreError: When a newer Understudy made it.
        """
        for step in reversed(self.steps()):
            if at_most is not None and step > at_most:
                continue
            found = read_checkpoint(self.path_of(step))
            fault = found.fault() if isinstance(found, Checkpoint) else found
            if isinstance(found, Checkpoint) and not fault:
                return found
            say(f"the checkpoint {self.path_of(step)} is damaged and passed over: {fault}")
        return None

    def save(
        self,
        state: CheckpointState,
        weights: Mapping[str, torch.Tensor],
        optimizer_state: Mapping[str, torch.Tensor],
    ) -> Path:
        """Write a checkpoint and return its folder; one of the same step is replaced.

        Raises:
            StoreError: When the disk does not take it; the checkpoints before it are kept.
        """
        path = self.path_of(state.step)
        with whole_folder(path) as part:
            fill_checkpoint(part, state, weights, optimizer_state)
        return path

    def prune(self, newest: int, keep: int, good_until: int) -> None:
        """Delete what is no longer needed.

        Kept are the ``keep`` newest up to the step ``newest``, those after the step ``good_until``, and the newest up
        to it: a collapse that is noticed later goes back to one of them. What lies after ``newest`` belongs to a past
        that was given up.
        """
        current = [step for step in self.steps() if step <= newest]
        surely_good = [step for step in current if step <= good_until]
        kept = {*current[-keep:], *current[len(surely_good) :], *surely_good[-1:]}
        for step in self.steps():
            if step not in kept:
                self.remove(step)

    def copy(self, step: int, place: Path) -> None:
        """Put the checkpoint of a step into another folder, by hard links where the disk has them.

        Raises:
            StoreError: When the disk does not take it.
        """
        with whole_folder(place) as part:
            for file in self.path_of(step).iterdir():
                _link(file, part / file.name)

    def remove_after(self, last: int) -> None:
        """Delete the checkpoints of steps after ``last``."""
        for step in self.steps():
            if step > last:
                self.remove(step)

    def path_of(self, step: int) -> Path:
        """Return the folder of a step's checkpoint, which need not be there."""
        return self.folder / f"step-{step:08d}"

    def remove(self, step: int) -> None:
        """Delete the checkpoint of a step."""
        gone = self.path_of(step).with_suffix(".part")  # renamed first, so that a kill leaves no half checkpoint
        shutil.rmtree(gone, ignore_errors=True)
        self.path_of(step).rename(gone)
        shutil.rmtree(gone, ignore_errors=True)


def read_checkpoint(path: Path) -> Checkpoint | str:
    """Return the checkpoint in a folder as far as its state can be read, or what is wrong with it.

    Raises:
        StoreError: When a newer Understudy made it.
    """
    try:
        content = json.loads((path / _STATE).read_text(encoding="utf-8"))
        _refuse_newer(content, path)
        return Checkpoint(path, CheckpointState.model_validate(content))
    except FileNotFoundError:
        return f"{_STATE} is missing"
    except (OSError, ValidationError, ValueError) as error:
        return f"{_STATE} cannot be read ({type(error).__name__})"


def fill_checkpoint(
    folder: Path,
    state: CheckpointState,
    weights: Mapping[str, torch.Tensor],
    optimizer_state: Mapping[str, torch.Tensor],
) -> None:
    """Write a checkpoint's files into an empty folder."""
    files = {}
    for name, tensors in ((_WEIGHTS, weights), (_OPTIMIZER, optimizer_state)):
        _save(folder / name, tensors)
        files[name] = FileMark(bytes=(folder / name).stat().st_size, sha256=_sha256(folder / name))
    made_with = {"understudy": __version__, "torch": metadata.version("torch")}
    signed = state.model_copy(update={"files": files, "made_with": made_with})
    (folder / _STATE).write_text(signed.model_dump_json(indent=1) + "\n", encoding="utf-8")


def _refuse_newer(content: Any, path: Path) -> None:
    found = content.get("format") if isinstance(content, dict) else None
    if isinstance(found, int) and found > FORMAT:
        raise StoreError(
            f"{path} was made by a newer Understudy (format {found}; this one knows up to {FORMAT})\n"
            f"  install that version, or move {path.parent} away to train from the start"
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _load(path: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file  # noqa: PLC0415 - brings torch, which looking at states must not load

    return load_file(path)


def _save(path: Path, tensors: Mapping[str, torch.Tensor]) -> None:
    from safetensors.torch import save_file  # noqa: PLC0415 - as above

    whole: dict[str, torch.Tensor] = {}
    seen: set[int] = set()
    for name, tensor in tensors.items():
        plain = tensor.detach().cpu().contiguous()
        # safetensors refuses two names for the same memory
        if plain.untyped_storage().nbytes() != plain.nbytes or plain.data_ptr() in seen:
            plain = plain.clone()
        seen.add(plain.data_ptr())
        whole[name] = plain
    save_file(whole, path)


def _link(file: Path, place: Path) -> None:
    try:
        os.link(file, place)
    except OSError:  # the disk has no hard links
        shutil.copyfile(file, place)
