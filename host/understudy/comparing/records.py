"""What is kept of a finished combination, so that a comparison that was stopped goes on?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from understudy.aside import whole_folder
from understudy.pictures import decode_picture, encode_picture
from understudy.store import Artifact, read_json
from understudy_sdk.types import U8

from .sampling import View

__all__ = ["Record", "read_record", "write_record"]

_NAME = "record.json"


@dataclass(frozen=True, slots=True)
class Record:
    """A finished combination.

    Attributes:
        folder: Where it lies.
        steps: Steps that its models had learnt, one for each swap; 0 of one that learns nothing.
        figures: What was measured, by the names of columns.
        views: What its pictures show, by frame.
    """

    folder: Path
    steps: tuple[int, ...]
    figures: Mapping[str, float]
    views: Mapping[int, View]

    def tile(self, frame: int) -> U8 | None:
        """Return the picture of a frame, or None where it could not be decoded.

        Raises:
            StoreError: The picture is damaged.
        """
        path = self.folder / _tile_name(frame)
        return decode_picture(path.read_bytes(), str(path)) if path.is_file() else None


def read_record(artifact: Artifact) -> Record | None:
    """Return what is kept of a combination, or None where it is not finished."""
    kept = read_json(artifact.folder / _NAME)
    if not isinstance(kept, dict):
        return None
    views = {int(frame): (int(x0), int(y0), int(x1), int(y1)) for frame, (x0, y0, x1, y1) in kept["views"].items()}
    return Record(artifact.folder, tuple(kept["steps"]), kept["figures"], views)


def write_record(
    artifact: Artifact,
    steps: tuple[int, ...],
    figures: Mapping[str, float],
    views: Mapping[int, View],
    tiles: Mapping[int, U8],
) -> Record:
    """Keep a combination, whole or not at all."""
    artifact.folder.parent.mkdir(parents=True, exist_ok=True)
    content: dict[str, Any] = {"steps": steps, "figures": dict(figures), "views": dict(views)}
    with whole_folder(artifact.folder) as part:
        for frame, tile in tiles.items():
            (part / _tile_name(frame)).write_bytes(encode_picture(tile, "jpeg", 95))
        (part / "recipe.json").write_text(json.dumps(artifact.recipe, default=str), encoding="utf-8")
        (part / _NAME).write_text(json.dumps(content), encoding="utf-8")
    return Record(artifact.folder, steps, figures, views)


def _tile_name(frame: int) -> str:
    return f"frame-{frame:08d}.jpg"
