"""What decides the answers of a swap's model on a clip, and in which files do they lie?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from understudy.extraction import faceset_artifact
from understudy.faceset import Faceset
from understudy.learning import chosen_faces, whose
from understudy.project import ChosenSwap
from understudy.selection import face_recipe, wanted_faces
from understudy.store import Artifact, WorkFolder, digest
from understudy.video import fingerprint

from .keyed import KeyedModel

__all__ = [
    "BATCH_FRAMES",
    "UNIT_FRAMES",
    "Span",
    "Unit",
    "predict_artifact",
    "recipe_of_answers",
    "units_of",
    "units_over",
]

Span = tuple[int, int]

BATCH_FRAMES: Final = 4
"""Frames whose faces a model swaps at once."""

UNIT_FRAMES: Final = 12
"""Frames whose answers lie in one file: what a killed run loses, and what a single frame that is looked at waits for.

A multiple of ``BATCH_FRAMES``, so that a face is always swapped in the same company and gets the same answer.
"""

_FORMAT: Final = 1
"""Version of what the same recipe makes."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A few frames: the first and the one after the last, the file of their answers, and the faces' names in order."""

    span: Span
    path: Path
    faces: tuple[str, ...]


def recipe_of_answers(work: WorkFolder, swap: ChosenSwap, learnt: Any) -> dict[str, Any]:
    """Return all that decides a model's answers, but for the clip.

    Args:
        work: The work folder.
        swap: The swap.
        learnt: What its model knows: a checkpoint's name, or None.
    """
    model = swap.model_that_learnt(learnt[0]) if learnt else swap.model
    helpers = {"mask_swaps": swap.mask_swaps, "enhancer": swap.enhancer}
    return {
        "model": model.swap_recipe(),
        "learnt": learnt,
        "face": face_recipe(swap.target, swap.face),
        "extract": faceset_artifact(work, swap.target).recipe,
    } | {name: chosen.recipe() for name, chosen in helpers.items() if chosen}


def predict_artifact(work: WorkFolder, clip: Path, swap: ChosenSwap, learnt: Any) -> Artifact:
    """Return the place of a swap's answers on a clip; ``learnt`` is what its model knows."""
    recipe = {
        "format": _FORMAT,
        "frames": [BATCH_FRAMES, UNIT_FRAMES],
        "clip": fingerprint(clip),
        **recipe_of_answers(work, swap, learnt),
    }
    return work.artifact("predict", answers_name(clip, swap), recipe)


def answers_name(clip: Path, swap: ChosenSwap) -> str:
    """Return what a swap's answers on a clip are called."""
    return f"{clip.stem}-{swap.source.name}{whose(swap.face)}"


def units_of(work: WorkFolder, artifact: Artifact, clip: Path, swap: ChosenSwap) -> dict[Span, Unit]:
    """Return the units of a clip that have faces, in order, each file named after the faces in it.

    So only units whose faces came, went or moved are made anew.
    """
    key = fingerprint(clip)
    with Faceset(faceset_artifact(work, swap.target).folder) as index:
        notes = chosen_faces(index.notes([key]), wanted_faces(index, swap.target, swap.face))
        stamps = index.span_stamps(key, 0, notes[-1].frame + 1) if notes else {}
    found: dict[Span, list[str]] = {}
    for note in notes:
        found.setdefault(_span_of(note.frame), []).append(note.name)
    units, keyed = {}, KeyedModel.of(swap, clip)
    for span, names in sorted(found.items()):
        mark = digest([[name, stamps[name]] for name in names] + keyed.stamps(range(*span)))[:12]
        units[span] = Unit(span, artifact.folder / f"frames-{span[0]:08d}-{mark}.safetensors", tuple(names))
    return units


def units_over(spans: Iterable[Span]) -> set[Span]:
    """Return the spans of all units that some spans of frames meet."""
    return {_span_of(first) for start, stop in spans for first in range(start - start % UNIT_FRAMES, stop, UNIT_FRAMES)}


def _span_of(frame: int) -> Span:
    first = frame - frame % UNIT_FRAMES
    return first, first + UNIT_FRAMES
