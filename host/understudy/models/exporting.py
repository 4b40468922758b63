"""How does a model of ours become one that DeepFaceLab goes on training?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from understudy.errors import RequestError
from understudy.plugins import Registry, blaming

from .dfl_folder import write_model
from .exchangers import exchanger_of
from .learnt import find_learnt

__all__ = ["Exported", "export_dfl"]


@dataclass(frozen=True, slots=True)
class Exported:
    """A model that was handed over.

    Attributes:
        files: What was written.
        kind: DeepFaceLab's word for such models.
        step: How many steps it has learnt.
        remarks: Damaged checkpoints that were passed over, in words.
    """

    files: Sequence[Path]
    kind: str
    step: int
    remarks: Sequence[str]


def export_dfl(
    what: Path, out: Path, registry: Registry, *, swap: int | None = None, name: str | None = None
) -> Exported:
    """Write a learnt model as the files that DeepFaceLab reads.

    Args:
        what: A project file, or a checkpoint's folder.
        out: The folder to make.
        registry: The installed stages.
        swap: Which of the project's swaps, from 1.
        name: What to call the model there; after the swap or the folder unless stated.

    Raises:
        RequestError: It is not clear what is meant, or ``out`` is there already.
        StageError: DeepFaceLab has no such model.
    """
    if out.exists():
        raise RequestError(f"{out} is there already; nothing is written over\n  name another folder, or remove it")
    if name is not None and ("_" in name or "/" in name or not name.strip()):
        raise RequestError(f"{name!r} cannot be a model's name there\n  use letters, digits, spaces and -, but no _")
    learnt = find_learnt(what, registry, swap)
    taker = exchanger_of(learnt.offer)
    with blaming(learnt.offer, "handing a model to DeepFaceLab"):
        parts, data = taker.exchange.write(learnt.config, learnt.as_foreign())
    called = name or learnt.name.replace("_", " ")
    title = f"{called}_{taker.class_name}" if taker.is_named else taker.class_name
    return Exported(
        write_model(out, title, parts, data), taker.class_name, learnt.checkpoint.state.step, learnt.passed_over
    )
