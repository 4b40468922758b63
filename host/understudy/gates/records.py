"""Where do the figures of a merge lie, and how are they read?

Beside the merged chunks, in a result of their own: how a clip is encoded does not count for them. One file holds the
frames of one chunk, a line each, and appears whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

from understudy.aside import whole_file
from understudy.errors import StoreError
from understudy.store import Artifact, Recipe, WorkFolder

from .figures import FrameFigures

if TYPE_CHECKING:
    from understudy.merging import ClipJob

__all__ = ["gates_artifact", "is_whole_record", "read_figures", "record_path", "write_figures"]

FORMAT: Final = 1
"""Version of what is measured."""

_DAMAGE: Final = (ValueError, KeyError, TypeError, AttributeError)
"""What reading a damaged file meets: text that is none, no JSON, or other values than figures."""


def gates_artifact(work: WorkFolder, job: ClipJob, recipe: Recipe) -> Artifact:
    """Return the place of a clip's figures.

    Args:
        work: The work folder.
        job: The clip and its swaps.
        recipe: What makes the merged clip; how that is encoded does not count here.
    """
    merging = {key: value for key, value in recipe.items() if key != "video"}
    return work.artifact("merge", f"{job.clip.stem}-gates", merging | {"gates": {"format": FORMAT}})


def record_path(folder: Path, stem: str) -> Path:
    """Return the file of a chunk's figures; ``stem`` is what the chunk is called."""
    return folder / f"{stem}.jsonl"


def write_figures(path: Path, frames: Sequence[FrameFigures]) -> None:
    """Write the figures of a chunk, whole or not at all.

    Raises:
        StoreError: When the disk does not take it.
    """
    with whole_file(path) as part:
        lines = (json.dumps(one.row(), separators=(",", ":")) for one in frames)
        part.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def read_figures(paths: Iterable[Path]) -> list[FrameFigures]:
    """Return the figures of the chunks whose files are there.

    Raises:
        StoreError: When a file is damaged; it is named.
    """
    found = []
    for path in paths:
        try:
            found += _figures_in(path)
        except FileNotFoundError:
            continue
        except (*_DAMAGE, OSError) as error:
            raise StoreError(
                f"{path} cannot be read: {error}\n  understudy merge --measure measures its frames again"
            ) from error
    return found


def is_whole_record(path: Path, span: tuple[int, int]) -> bool:
    """Tell whether a file holds figures of frames of a chunk, in order, and its last line is complete.

    Frames that cannot be decoded have none, so fewer than the chunk's are no fault.
    """
    try:
        frames = [one.frame for one in _figures_in(path)]
    except (*_DAMAGE, OSError):
        return False
    return all(span[0] <= frame < span[1] for frame in frames) and all(a < b for a, b in pairwise(frames))


def _figures_in(path: Path) -> list[FrameFigures]:
    text = path.read_text(encoding="utf-8")
    if text and not text.endswith("\n"):
        raise ValueError("its last line is cut off")
    return [FrameFigures.of(json.loads(line)) for line in text.splitlines()]
