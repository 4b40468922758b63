"""How do masks that people drew come into a faceset, and out of it again, as plain text?"""

from __future__ import annotations

import difflib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from understudy_sdk import ForeignFileError
from understudy_sdk.polygons import DrawnMask, Polygon, read_polygons, write_polygons

from .aside import whole_file
from .errors import RequestError
from .exchange.labelme import is_labelme, labelme_mask
from .faceset import FaceLabel, FaceRow, Faceset

__all__ = ["TakenLabels", "export_labels", "import_labels"]

_SPOKEN: Final = 5  # pictures that are named one by one


@dataclass(frozen=True, slots=True)
class TakenLabels:
    """What an import brought.

    Attributes:
        faces: How many faces have a label by it.
        polygons: How many polygons they are made of.
        cleared: How many faces lost their label, because nothing is drawn on them any more.
    """

    faces: int
    polygons: int
    cleared: int


def import_labels(index: Faceset, source: Path) -> TakenLabels:
    """Take polygons into a faceset, all of them or none; a face that is labelled already gets the new label.

    Args:
        index: Open for writing.
        source: A file of the plain form, a file of LabelMe, or a folder of such files. A picture that is listed with
            no polygon loses its label.

    Raises:
        RequestError: There is no such file, it names a picture that the faceset does not have, or nothing at all.
        ForeignFileError: A file is not of its form, or a polygon lies outside its picture; both are named.
    """
    masks = _read(source)
    if not masks:
        raise RequestError(f"{source} names no picture\n  draw on some faces of {index.folder / 'faces'} first")
    rows = {row.name: row for row in index.all_rows()}
    _refuse_unknown(index, list(masks), list(rows), source)
    labels = {name: _label(rows[name], drawn, source) for name, drawn in masks.items()}
    drawn = {name: label for name, label in labels.items() if label.polygons}
    had = index.labels().keys()
    index.set_labels(drawn)
    index.drop_labels(labels.keys() - drawn.keys())
    cleared = len((labels.keys() - drawn.keys()) & had)
    return TakenLabels(len(drawn), sum(len(label.polygons) for label in drawn.values()), cleared)


def export_labels(index: Faceset, path: Path) -> int:
    """Write the polygons of a faceset in the plain form, and return of how many faces.

    Raises:
        RequestError: No face has polygons.
        StoreError: The file cannot be written.
    """
    rows = {row.name: row for row in index.all_rows()}
    masks = {
        name: DrawnMask((rows[name].size, rows[name].size), label.polygons_on(rows[name].frame_to_crop))
        for name, label in index.labels().items()
        if label.polygons and name in rows
    }
    if not masks:
        raise RequestError(
            f"no face of {index.folder} has polygons\n  bring some in: understudy masker polygons import"
        )
    with whole_file(path) as part:
        part.write_text(write_polygons(masks), encoding="utf-8")
    return len(masks)


def _read(source: Path) -> dict[str, DrawnMask]:
    if source.is_file():
        return _read_file(source)
    if not source.is_dir():
        raise RequestError(f"{source} is neither a file nor a folder\n  name a JSON file, or a folder of LabelMe's")
    masks: dict[str, DrawnMask] = {}
    for path in sorted(source.glob("*.json")):
        for name, drawn in _read_file(path).items():
            if name in masks:
                raise ForeignFileError(str(path), f"the picture {name!r} is drawn on in another file of {source}, too")
            masks[name] = drawn
    return masks


def _read_file(path: Path) -> dict[str, DrawnMask]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RequestError(f"{path} cannot be read: {error.strerror}\n  make it readable, and run again") from error
    try:
        parsed = json.loads(content)
    except (ValueError, RecursionError):
        parsed = None  # the plain form's reader says what is wrong
    if is_labelme(parsed):
        return dict([labelme_mask(parsed, str(path))])
    return read_polygons(content, str(path))


def _refuse_unknown(index: Faceset, named: Sequence[str], known: Sequence[str], source: Path) -> None:
    have = frozenset(known)
    unknown = [name for name in named if name not in have]
    if not unknown:
        return
    near = difflib.get_close_matches(unknown[0], known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    shown = ", ".join(unknown[:_SPOKEN]) + (f" and {len(unknown) - _SPOKEN} more" if len(unknown) > _SPOKEN else "")
    raise RequestError(
        f"{source} names pictures that {index.folder} does not have: {shown}.{hint}\n"
        f"  the names are those of the files in {index.pictures}; nothing was taken"
    )


def _label(row: FaceRow, drawn: DrawnMask, source: Path) -> FaceLabel:
    """Return a label in the pixels of the stored picture, which may have been drawn on at another size."""
    width, height = drawn.size
    if width != height:
        raise ForeignFileError(
            str(source), f"{row.name}: faces are square, but this was drawn on {width} x {height} px"
        )
    factor = np.float32(row.size / width)
    polygons = tuple(Polygon(part.points * factor, part.is_included) for part in drawn.polygons)
    return FaceLabel(row.frame_to_crop, row.size, polygons)
