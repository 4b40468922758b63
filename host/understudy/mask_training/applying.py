"""How do all faces of a faceset get the masks of one masker?

The masks are made first, into a file beside the faceset, and then taken in one transaction: a faceset has the old masks
or the new ones, never both. A run that was stopped goes on with the faces that are left.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from understudy.answers import check_masks
from understudy.aside import PART, sync, whole_folder
from understudy.errors import RequestError
from understudy.faceset import FaceRow, Faceset, PendingMasks
from understudy.lock import locked
from understudy.pictures import encode_png
from understudy.plugins import blaming
from understudy.progress import Progress
from understudy.project import Chosen
from understudy.steadiness import look_of
from understudy_sdk import Masker

__all__ = ["Applied", "apply_masker"]

_BATCH: Final = 16


@dataclass(frozen=True, slots=True)
class Applied:
    """What a masker did to a faceset.

    Attributes:
        folder: The faceset that has the new masks.
        faces: How many faces it masked.
        empty: On how many of them it found no face at all; those that a stopped run had masked already do not count.
    """

    folder: Path
    faces: int
    empty: int


def apply_masker(
    folder: Path, chosen: Chosen, masker: Masker, progress: Progress, *, out: Path | None = None
) -> Applied:
    """Give all faces of a faceset new masks, in place or in a copy; whole or not at all.

    Args:
        folder: The faceset's.
        chosen: What the masker was built from.
        masker: Makes the masks.
        progress: Hears how far it is.
        out: Folder of the copy to make; the faceset itself is then left as it is.

    Raises:
        RequestError: The copy's place is taken; or the faceset belongs to a project's work folder and no copy is made,
            for the project would not know of it.
        PluginFailedError: The masker raised something of its own.
        StoreError: A picture is damaged, another run masks here, or the disk does not take it.
    """
    if out is None:
        _refuse_work(folder, chosen)
    elif out.exists():
        raise RequestError(f"{out} is there already\n  choose another name, or delete it first")
    home = folder if out is None else out.parent
    home.mkdir(parents=True, exist_ok=True)
    aside = home / f"masks-{chosen.name}{PART}" if out is None else home / f"{out.name}.masks{PART}"
    made_by = json.dumps(chosen.recipe(), sort_keys=True)
    with locked(folder, "masking"):
        with contextlib.closing(PendingMasks(aside, made_by)) as pending:
            with Faceset(folder) as index:
                empty, count = _make(index, pending, chosen, masker, progress), len(pending.done())
            if out is None:
                with Faceset(folder, writable=True) as index:
                    index.take_masks(pending)
            else:
                with whole_folder(out) as part:
                    _copy(folder, part, pending)
        aside.unlink(missing_ok=True)
    return Applied(out or folder, count, empty)


def _refuse_work(folder: Path, chosen: Chosen) -> None:
    if (folder / "recipe.json").is_file():
        raise RequestError(
            f"{folder} is a project's result, which is known by how it was made\n"
            f"  name the masker in the project, extract: {{masker: {{use: {chosen.name}}}}}, or make a copy with --out"
        )


def _make(index: Faceset, pending: PendingMasks, chosen: Chosen, masker: Masker, progress: Progress) -> int:
    """Make the masks that are missing, and return how many of these are empty."""
    done, total, empty = pending.done(), sum(1 for _ in index.all_rows()), 0
    progress.start("mask", total, "faces", done=len(done))
    for rows in _batches(index, done):
        made = _masked(index, rows, chosen, masker)
        pending.add([one for one, _ in made])
        empty += sum(is_empty for _, is_empty in made)
        progress.advance(len(made))
    progress.finish()
    return empty


def _batches(index: Faceset, done: set[str]) -> Iterator[list[FaceRow]]:
    batch = list[FaceRow]()
    for row in index.all_rows():
        if row.name not in done:
            batch.append(row)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _masked(
    index: Faceset, rows: Sequence[FaceRow], chosen: Chosen, masker: Masker
) -> list[tuple[tuple[str, bytes, float, float], bool]]:
    """Return faces' new masks with what is measured under them, and whether there is nothing in them."""
    crops = [index.crop(row) for row in rows]
    with blaming(chosen.offer, f"masking the faces {rows[0].name} to {rows[-1].name}"):
        masks = check_masks(masker.mask(crops), crops)
    made = []
    for row, crop, mask in zip(rows, crops, masks, strict=True):
        values = np.rint(mask.values * 255).astype(np.uint8)
        look = look_of(crop.rgb, values, crop.landmarks, crop.frame_to_crop)
        made.append(((row.name, encode_png(values), look.sharpness, look.brightness), not values.any()))
    return made


def _copy(folder: Path, target: Path, pending: PendingMasks) -> None:
    """Copy a faceset with other masks; its folder is synced by whoever lends it."""
    shutil.copytree(folder / "faces", target / "faces")
    for path in (target / "faces").iterdir():
        sync(path)
    sync(target / "faces")
    with (
        contextlib.closing(sqlite3.connect(folder / "index.sqlite")) as source,
        contextlib.closing(sqlite3.connect(target / "index.sqlite")) as copy,
    ):
        source.backup(copy)
    with Faceset(target, writable=True) as index:
        index.take_masks(pending)
