"""Are the files that a project names there, and would its output destroy none of them?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from understudy.encoders.sequences import NUMBER, PICTURE_CODECS, is_sequence
from understudy.picture_folder import PICTURE_SUFFIXES, pictures_in

from .chosen import CLIP_MARK, expanded, output_path
from .encoders import encoder_problems
from .form import LayerForm, OutputForm, VideoForm
from .output_layers import layer_problems
from .places import Loc, Problem
from .raw import items_at, mapping_at, texts_at
from .wording import did_you_mean

__all__ = ["check_files", "clip_path", "corrections_path", "work_folder"]

Clips = Mapping[Loc, Path]
"""Every clip of the project by its place in it."""


def clip_path(root: Path, text: str) -> Path:
    """Return a clip's absolute path."""
    return root / expanded(text)


def work_folder(path: Path) -> Path:
    """Return the folder of everything that is made from a project file."""
    return path.with_name(f"{path.stem}.work")


def corrections_path(path: Path, faceset: str) -> Path:
    """Return where people's corrections of a project's faceset lie."""
    return path.with_name(f"{path.stem}.corrections") / f"{faceset}.json"


def check_files(data: object, path: Path) -> list[Problem]:
    """Check facesets' names, clips, the work folder and the output in a project's data, whatever else is wrong."""
    clips: dict[Loc, Path] = {
        ("facesets", name, "clips", index): clip_path(path.parent, text)
        for name, faceset in mapping_at(data, "facesets").items()
        for index, text in texts_at(faceset, "clips")
    }
    problems = [*_check_names(data), *_check_clips(clips), *_check_facesets(data, path.parent)]
    work = work_folder(path)
    if work.exists() and not work.is_dir():
        problems.append(Problem((), f"the work folder {work.name} cannot be made: a file of that name is in the way"))
    output = mapping_at(data, "output")
    pattern = output.get("path", OutputForm().path)
    merged = _clips_to_merge(data, clips)
    if isinstance(pattern, str):
        problems += [Problem(("output", "path"), text) for text in _output_faults(pattern, path, clips, merged)]
    problems += _check_layer(data, path, clips, pattern)
    return [*problems, *_check_video(output.get("video", {}), pattern), *_check_certificate(output, path.parent)]


def _check_video(data: object, pattern: object) -> list[Problem]:
    try:
        return encoder_problems(VideoForm.model_validate(data), pattern if isinstance(pattern, str) else "")
    except ValidationError:
        return []  # the first pass says what is wrong with it


def _check_layer(data: object, project: Path, clips: Clips, pattern: object) -> list[Problem]:
    try:
        form = LayerForm.model_validate(mapping_at(data, "output").get("layer", "none"))
    except ValidationError:
        return []  # the first pass says what is wrong with it
    merged, position = list[tuple[Path, int]](), 0
    for swap in (one for one in items_at(data, "swaps") if isinstance(one, dict)):
        targets = [clip for loc, clip in clips.items() if loc[1] == str(swap.get("target"))]
        for _ in mapping_at(swap, "cast") or ("",):
            merged += [(clip, position) for clip in targets]
            position += 1
    outputs = [output_path(project.parent, pattern, clip) for clip, _ in merged] if isinstance(pattern, str) else []
    return layer_problems(form, project, merged, [project, *clips.values(), *outputs])


def _check_certificate(output: Mapping[str, Any], root: Path) -> Iterator[Problem]:
    stated = mapping_at(output, "certificate")
    chain, key = stated.get("chain"), stated.get("key")
    if isinstance(chain, str) and chain and isinstance(key, str) and key:
        from understudy.provenance.certificates import certificate_fault  # noqa: PLC0415 # most projects state none

        fault = certificate_fault(clip_path(root, chain), clip_path(root, key))
        if fault is not None:
            yield Problem(("output", "certificate", fault.part), fault.text)


def _check_names(data: object) -> Iterator[Problem]:
    facesets = mapping_at(data, "facesets")
    for index, swap in enumerate(items_at(data, "swaps")):
        if not isinstance(swap, dict):
            continue
        named: list[tuple[Loc, Any]] = [(("swaps", index, side), swap.get(side)) for side in ("source", "target")]
        named += [(("swaps", index, "cast", person), name) for person, name in mapping_at(swap, "cast").items()]
        for loc, name in named:
            if isinstance(name, str) and name not in facesets:
                hint = did_you_mean(name, facesets) or f" There are: {', '.join(facesets) or 'none'}."
                yield Problem(loc, f"no faceset is called {name!r}.{hint}")
        yield from _check_target(data, index, swap)
    for name, faceset in facesets.items():
        face = mapping_at(faceset, "face")
        yield from _check_people(data, ("facesets", name, "face"), str(name), face)
    for name in (name for person in mapping_at(data, "people").values() for name in mapping_at(person, "tracks")):
        if name not in facesets:
            yield Problem(("people",), f"no faceset is called {name!r}")


def _check_target(data: object, index: int, swap: dict[str, Any]) -> Iterator[Problem]:
    target = mapping_at(data, "facesets").get(str(swap.get("target")))
    if not isinstance(target, dict):
        return
    if "faces" in target and "clips" not in target:
        yield Problem(("swaps", index, "target"), "is a finished faceset; a target needs clips: to put faces into")
    for loc, face in _faces_of(index, swap):
        yield from _check_people(data, loc, str(swap["target"]), face)


def _faces_of(index: int, swap: object) -> list[tuple[Loc, dict[str, Any]]]:
    """Return the choices of faces that a swap, its cast and its ranges make, each with its place."""
    found: list[tuple[Loc, dict[str, Any]]] = [(("swaps", index, "face"), mapping_at(swap, "face"))]
    found += [(("swaps", index, "cast"), {"person": person}) for person in mapping_at(swap, "cast")]
    ranges = enumerate(items_at(swap, "ranges"))
    found += [(("swaps", index, "ranges", number, "face"), mapping_at(part, "face")) for number, part in ranges]
    return found


def _check_people(data: object, loc: Loc, name: str, face: Mapping[str, Any]) -> Iterator[Problem]:
    """Note a choice among a faceset's faces that asks who somebody is where nobody was named to tell."""
    faceset, known = mapping_at(mapping_at(data, "facesets"), name), mapping_at(data, "people")
    person, picture = face.get("person"), face.get("like")
    means = mapping_at(known, person) if isinstance(person, str) else None
    tracks = mapping_at(means, "tracks")
    if tracks and name not in tracks:
        yield Problem(loc, f"{person!r} has no tracks in {name!r} under people:")
    if "faces" in faceset and "clips" not in faceset:
        if picture or (means is not None and "like" in means):
            yield Problem(loc, f"nobody is looked up by a picture in {name!r}, a finished faceset: name tracks")
    elif picture or (means is not None and "tracks" not in means):
        own, defaults = mapping_at(faceset, "extract"), mapping_at(data, "extract")
        if not (own.get("recognizer") or defaults.get("recognizer")):
            text = "needs a recognizer to tell people apart: name one under extract.recognizer, or give tracks"
            yield Problem(loc, text)


def _check_facesets(data: object, root: Path) -> Iterator[Problem]:
    """Note finished facesets and pictures of people that are not there."""
    named: list[tuple[Loc, object, str]] = []
    for name, faceset in mapping_at(data, "facesets").items():
        if isinstance(faceset, dict):
            named += [(("facesets", name, "faces"), faceset.get("faces"), "index.sqlite")]
            named += [(("facesets", name, "face", "like"), mapping_at(faceset, "face").get("like"), "")]
    named += [
        (("people", name, "like"), mapping_at({"": one}, "").get("like"), "")
        for name, one in mapping_at(data, "people").items()
    ]
    for index, swap in enumerate(items_at(data, "swaps")):
        named += [((*loc, "like"), face.get("like"), "") for loc, face in _faces_of(index, swap)]
    for loc, text, inner in named:
        if isinstance(text, str) and text:
            path = clip_path(root, text)
            if not path.exists():
                yield Problem(loc, f"there is no {'folder' if inner else 'file'} {path}")
            elif not inner and not path.is_file():
                yield Problem(loc, f"{path} is not a picture file")
            elif inner and not (path / inner).is_file():
                yield Problem(loc, f"{path} holds no faceset; to make one: understudy faceset import")


def _check_clips(clips: Clips) -> Iterator[Problem]:
    for loc, clip in clips.items():
        if not clip.exists():
            yield Problem(loc, f"there is no file {clip}")
        elif not (clip.is_file() or clip.is_dir()):
            yield Problem(loc, f"{clip} is neither a file nor a folder of pictures")
        elif clip.is_dir() and not pictures_in(clip):
            yield Problem(loc, f"{clip} is a folder without pictures ({', '.join(sorted(PICTURE_SUFFIXES))})")
        else:
            earlier = [other for other in clips if other[:-1] == loc[:-1] and int(other[-1]) < int(loc[-1])]
            for other in earlier:
                if _is_same_file(clips[other], clip):
                    yield Problem(loc, f"is the same file as {'.'.join(map(str, other))}")


def _clips_to_merge(data: object, clips: Clips) -> list[Path]:
    targets = {str(swap.get("target")) for swap in items_at(data, "swaps") if isinstance(swap, dict)}
    return list(dict.fromkeys(clip for loc, clip in clips.items() if loc[1] in targets))


def _output_faults(pattern: str, project: Path, clips: Clips, merged: Sequence[Path]) -> Iterator[str]:
    if fault := _pattern_fault(pattern):
        yield fault
        return
    if not Path(pattern).suffix:
        yield "must end in the kind of file, such as .mp4, .mov or .mkv"
    if len(merged) > 1 and CLIP_MARK not in pattern:
        yield f"must hold {CLIP_MARK}, because {len(merged)} clips are merged"
        return
    is_pictures, written = is_sequence(pattern), dict[Path, Path]()
    for clip in merged:
        stated = output_path(project.parent, pattern, clip)
        output = stated.parent if is_pictures else stated
        twin = written.setdefault(output.resolve(), clip)
        if twin is not clip:
            more = ": a sequence needs a folder of its own" if is_pictures else ""
            yield f"{twin} and {clip} would both be written to {output}{more}"
        yield from _place_faults(output, project, clips, is_pictures=is_pictures)


def _pattern_fault(pattern: str) -> str:
    """Say what is wrong with how an output's path is written, or nothing."""
    strange = [mark for mark in re.findall(r"\{[^}]*\}", pattern) if mark != CLIP_MARK]
    if strange:
        return f"{strange[0]} means nothing here; {CLIP_MARK} stands for the clip's name"
    numbers = len(NUMBER.findall(Path(pattern).name))
    if is_sequence(pattern) and numbers != 1:
        return f"must hold the place of each picture's number once in the file's name, such as {CLIP_MARK}.%06d.png"
    if numbers and not is_sequence(pattern):
        return f"{Path(pattern).suffix} files are not numbered; those of a sequence are {', '.join(PICTURE_CODECS)}"
    return ""


def _place_faults(output: Path, project: Path, clips: Clips, *, is_pictures: bool) -> Iterator[str]:
    """Say what a clip's output would destroy; of a sequence, the folder counts, which is replaced as a whole."""
    for kept in (project, *clips.values()):
        if _is_same_file(kept, output) or (is_pictures and output.resolve() in kept.resolve().parents):
            yield f"would write over {kept}, which the project reads"
            break
    if output.is_dir() and not is_pictures:
        yield f"{output} is a folder"
    if work_folder(project).resolve() in (output.resolve() / "x").parents:
        yield f"{output} lies in the work folder, which may be cleaned"


def _is_same_file(one: Path, other: Path) -> bool:
    """Tell whether two paths lead to one file, by links or by how a path is written."""
    return one.resolve() == other.resolve() or (one.exists() and other.exists() and one.samefile(other))
