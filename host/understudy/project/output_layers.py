"""Can a project's layers be what it asks for, and would they go where nothing is lost?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from .chosen import CLIP_MARK, SWAP_MARK, LayerSettings, layer_path
from .form import LayerForm
from .places import Problem

__all__ = ["layer_problems", "layer_settings"]

_HERE: Final = ("output", "layer")
_FOLDER: Final = "out/{clip}-{swap}"
_FILES: Final = {".avi", ".exr", ".m4v", ".mkv", ".mov", ".mp4", ".mxf", ".png", ".webm"}
_HOLDS_ALPHA: Final = "end it in .mov, or choose kind png16 or exr, which make folders of pictures"


def layer_settings(form: LayerForm) -> LayerSettings | None:
    """Return the settings with what is not stated filled in; None where no layer is asked for."""
    if form.kind == "none":
        return None
    alpha = form.alpha or ("premultiplied" if form.kind == "exr" else "straight")
    usual = f"{_FOLDER}.mov" if form.kind == "prores4444" else _FOLDER
    return LayerSettings(form.kind, alpha, form.path or usual, form.mask, form.matrices, form.linear)


def layer_problems(
    form: LayerForm, project: Path, merged: Sequence[tuple[Path, int]], kept: Sequence[Path]
) -> list[Problem]:
    """Find what is wrong with the layers that a project asks for.

    Args:
        form: What it says.
        project: The project file.
        merged: Every clip with the position of a swap on it.
        kept: Files that nothing may be written over: what the project reads, and the merged clips.
    """
    settings = layer_settings(form)
    if settings is None:
        return []
    problems = []
    if settings.is_linear and settings.kind != "exr":
        text = f"{settings.kind} does not hold linear light without visible steps; choose kind exr, or drop linear"
        problems.append(Problem((*_HERE, "linear"), text))
    where = (*_HERE, "path") if form.path else _HERE
    problems += [Problem(where, text) for text in _path_faults(settings, project, merged, kept)]
    return problems


def _path_faults(
    settings: LayerSettings, project: Path, merged: Sequence[tuple[Path, int]], kept: Sequence[Path]
) -> Iterator[str]:
    pattern, suffix = settings.path, Path(settings.path).suffix.lower()
    strange = [mark for mark in re.findall(r"\{[^}]*\}", pattern) if mark not in {CLIP_MARK, SWAP_MARK}]
    if strange:
        yield f"{strange[0]} means nothing here; {CLIP_MARK} is the clip's name, {SWAP_MARK} the swap's number"
    elif settings.is_movie and suffix != ".mov":
        found = f"{suffix} files do not hold ProRes with alpha" if suffix else "names no kind of file"
        yield f"{found}; {_HOLDS_ALPHA}"
    elif not settings.is_movie and suffix in _FILES:
        what = "PNGs" if settings.kind == "png16" else "EXRs"
        yield f"names a file, but {settings.kind} makes a folder with {what}; leave {suffix} away"
    else:
        yield from _place_faults(settings, project, merged, kept)


def _place_faults(
    settings: LayerSettings, project: Path, merged: Sequence[tuple[Path, int]], kept: Sequence[Path]
) -> Iterator[str]:
    written: dict[Path, tuple[Path, int]] = {}
    work = project.with_name(f"{project.stem}.work").resolve()
    for clip, swap in merged:
        path = layer_path(project.parent, settings.path, clip, swap).resolve()
        other = written.setdefault(path, (clip, swap))
        if other != (clip, swap):
            mark = SWAP_MARK if other[0] == clip else CLIP_MARK
            yield f"two layers would both be written to {path}; put {mark} into the path"
            return
        if path in [one.resolve() for one in kept]:
            yield f"would write over {path}, which the project reads or writes itself"
        elif settings.is_movie == path.is_dir() and path.exists():
            yield f"{path} is {'a folder' if settings.is_movie else 'a file'}"
        elif work in path.parents:
            yield f"{path} lies in the work folder, which may be cleaned"
