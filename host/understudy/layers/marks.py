"""How is it known that a chunk of a layer is there, and that its pictures are still those that were written?"""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from understudy.errors import StoreError
from understudy.store import digest, read_json, write_json

from .plan import LayerPlan
from .sinks import picture_path

__all__ = ["begin_signing", "chunk_mark", "end_signing", "is_there", "pictures_of", "rows_of", "state_of"]


def chunk_mark(plan: LayerPlan, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return what a chunk's JSON holds: what is told of its frames, and the state of its pictures."""
    numbers = [row["frame"] for row in rows]
    return {"frames": list(rows), "pictures": {_named(path): _state(path) for path in _pictures(plan, numbers)}}


def is_there(plan: LayerPlan, stem: str) -> bool:
    """Tell whether all of a chunk is there and unchanged."""
    try:
        mark = read_json(plan.chunk(stem, "json"))
    except StoreError:
        return False
    if mark is None:
        return False
    if plan.settings.is_movie:
        wanted = ("face.mov", "mask.mov") if plan.mask else ("face.mov",)
        return all(plan.chunk(stem, what).is_file() for what in wanted)
    states, is_unsure = mark["pictures"], _signing(plan).exists()
    numbers = [row["frame"] for row in mark["frames"]]
    for path in _pictures(plan, numbers):
        state = _state(path)
        if state is None or (state != states.get(_named(path)) and not is_unsure):
            return False
    return True


def rows_of(plan: LayerPlan, stems: Sequence[str]) -> list[dict[str, Any]]:
    """Return what is told of every frame of a layer whose chunks are all there."""
    return [row for stem in stems for row in read_json(plan.chunk(stem, "json"))["frames"]]


def state_of(plan: LayerPlan, stems: Sequence[str]) -> str:
    """Return what changes when any chunk of a layer is made anew."""
    return digest([[stem, (read_json(plan.chunk(stem, "json")) or {}).get("pictures")] for stem in stems])


def pictures_of(folder: Path, suffix: str) -> set[Path]:
    """Return the pictures in a folder that are named as a layer's are."""
    return set(folder.glob(f"{glob.escape(folder.name)}.[0-9]*{suffix}"))


def begin_signing(plan: LayerPlan) -> None:
    """Note that pictures are about to be written anew with their manifests, whatever their state says."""
    if not plan.settings.is_movie:
        write_json(_signing(plan), {})


def end_signing(plan: LayerPlan, stems: Sequence[str]) -> None:
    """Note the pictures' state after signing."""
    if plan.settings.is_movie:
        return
    for stem in stems:
        mark = read_json(plan.chunk(stem, "json"))
        write_json(plan.chunk(stem, "json"), chunk_mark(plan, mark["frames"]))
    _signing(plan).unlink(missing_ok=True)


def _pictures(plan: LayerPlan, numbers: Sequence[int]) -> list[Path]:
    if plan.settings.is_movie:
        return []
    folders = [folder for folder in (plan.path, plan.mask) if folder is not None]
    return [picture_path(folder, number, plan.settings.suffix) for folder in folders for number in numbers]


def _named(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def _state(path: Path) -> list[int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return [found.st_size, found.st_mtime_ns]


def _signing(plan: LayerPlan) -> Path:
    return plan.folder / "signing.json"
