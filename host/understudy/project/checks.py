"""Are the files that a project names there, and would its output destroy none of them?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from .chosen import CLIP_MARK, output_path
from .encoders import encoder_problems
from .form import OutputForm, VideoForm
from .places import Loc, Problem
from .raw import items_at, mapping_at, texts_at
from .wording import did_you_mean

__all__ = ["check_files", "clip_path", "work_folder"]

Clips = Mapping[Loc, Path]
"""Every clip of the project by its place in it."""


def clip_path(root: Path, text: str) -> Path:
    """Return a clip's absolute path."""
    return root / Path(text).expanduser()


def work_folder(path: Path) -> Path:
    """Return the folder of everything that is made from a project file."""
    return path.with_name(f"{path.stem}.work")


def check_files(data: object, path: Path) -> list[Problem]:
    """Check facesets' names, clips, the work folder and the output in a project's data, whatever else is wrong."""
    clips: dict[Loc, Path] = {
        ("facesets", name, "clips", index): clip_path(path.parent, text)
        for name, faceset in mapping_at(data, "facesets").items()
        for index, text in texts_at(faceset, "clips")
    }
    problems = [*_check_names(data), *_check_clips(clips)]
    work = work_folder(path)
    if work.exists() and not work.is_dir():
        problems.append(Problem((), f"the work folder {work.name} cannot be made: a file of that name is in the way"))
    output = mapping_at(data, "output")
    pattern = output.get("path", OutputForm().path)
    if isinstance(pattern, str):
        merged = _clips_to_merge(data, clips)
        problems += [Problem(("output", "path"), text) for text in _output_faults(pattern, path, clips, merged)]
    return [*problems, *_check_video(output.get("video", {}))]


def _check_video(data: object) -> list[Problem]:
    try:
        return encoder_problems(VideoForm.model_validate(data))
    except ValidationError:
        return []  # the first pass says what is wrong with it


def _check_names(data: object) -> Iterator[Problem]:
    facesets = mapping_at(data, "facesets")
    for index, swap in enumerate(items_at(data, "swaps")):
        for side in ("source", "target"):
            name = swap.get(side) if isinstance(swap, dict) else None
            if isinstance(name, str) and name not in facesets:
                hint = did_you_mean(name, facesets) or f" There are: {', '.join(facesets) or 'none'}."
                yield Problem(("swaps", index, side), f"no faceset is called {name!r}.{hint}")


def _check_clips(clips: Clips) -> Iterator[Problem]:
    for loc, clip in clips.items():
        if not clip.exists():
            yield Problem(loc, f"there is no file {clip}")
        elif not clip.is_file():
            yield Problem(loc, f"{clip} is not a file")
        else:
            earlier = [other for other in clips if other[:-1] == loc[:-1] and int(other[-1]) < int(loc[-1])]
            for other in earlier:
                if _is_same_file(clips[other], clip):
                    yield Problem(loc, f"is the same file as {'.'.join(map(str, other))}")


def _clips_to_merge(data: object, clips: Clips) -> list[Path]:
    targets = {str(swap.get("target")) for swap in items_at(data, "swaps") if isinstance(swap, dict)}
    return list(dict.fromkeys(clip for loc, clip in clips.items() if loc[1] in targets))


def _output_faults(pattern: str, project: Path, clips: Clips, merged: Sequence[Path]) -> Iterator[str]:
    strange = [mark for mark in re.findall(r"\{[^}]*\}", pattern) if mark != CLIP_MARK]
    if strange:
        yield f"{strange[0]} means nothing here; {CLIP_MARK} stands for the clip's name"
        return
    if not Path(pattern).suffix:
        yield "must end in the kind of file, such as .mp4, .mov or .mkv"
    if len(merged) > 1 and CLIP_MARK not in pattern:
        yield f"must hold {CLIP_MARK}, because {len(merged)} clips are merged"
        return
    written: dict[Path, Path] = {}
    for clip in merged:
        output = output_path(project.parent, pattern, clip)
        twin = written.setdefault(output.resolve(), clip)
        if twin is not clip:
            yield f"{twin} and {clip} would both be written to {output}"
        for kept in (project, *clips.values()):
            if _is_same_file(kept, output):
                yield f"would write over {kept}, which the project reads"
                break
        if output.is_dir():
            yield f"{output} is a folder"
        if work_folder(project).resolve() in output.resolve().parents:
            yield f"{output} lies in the work folder, which may be cleaned"


def _is_same_file(one: Path, other: Path) -> bool:
    """Tell whether two paths lead to one file, by links or by how a path is written."""
    return one.resolve() == other.resolve() or (one.exists() and other.exists() and one.samefile(other))
