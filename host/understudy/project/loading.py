"""Is a project file right in every part, and what does it ask for?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from understudy import __version__
from understudy.errors import ProjectError, RequestError
from understudy.plugin_record import PluginRecord
from understudy.plugins import Registry

from .beginnings import check_beginnings
from .checks import check_files, clip_path, corrections_path, work_folder
from .choosing import Choices, choose_stages
from .chosen import (
    Certificate,
    ChosenChange,
    ChosenExtract,
    ChosenFaceset,
    ChosenPerson,
    ChosenSwap,
    Consent,
    LoadedProject,
    OutputSettings,
)
from .encoders import video_settings
from .face_choice import FaceChoice
from .form import (
    DETECT_EVERY_WITH_FOLLOWING,
    EXTRACT_DEFAULTS,
    FORMAT_VERSION,
    FacesetForm,
    OutputForm,
    ProjectForm,
    SwapForm,
)
from .output_layers import layer_settings
from .overrides import Override, apply_overrides
from .places import Document, Problem
from .plugin_rules import BLOCKED_BY, blocked_names, check_required
from .timing import ranges_of, times_of
from .wording import problems_of

__all__ = ["load_project"]


def load_project(path: Path, registry: Registry, overrides: Sequence[Override] = ()) -> LoadedProject:
    """Read and check a project file without reading any footage or weights.

    Args:
        path: The file.
        registry: The plugins it may choose from.
        overrides: What changes values for this run, such as ``output.video.crf=20`` or ``("output.video.crf", 20)``.

    Raises:
        ProjectError: With every problem of the file at once, each with its place.
        RequestError: There is no such file, or it cannot be read.
    """
    document = Document(path, _read(path))
    _check_version(document)
    wrong_overrides = apply_overrides(document, overrides)
    form, problems = _shape(document.data)
    registry = registry.without(blocked_names(document.data), BLOCKED_BY)
    record = PluginRecord(work_folder(path.absolute()))
    choices, wrong_choices = choose_stages(document.data, registry, path.absolute().parent, record)
    place = path.absolute()
    problems += [*document.problems, *wrong_choices, *check_files(document.data, place)]
    problems += check_required(document.data)
    problems += check_beginnings(document.data, place.parent, choices)
    lines = [*document.report(problems), *wrong_overrides]
    if lines or form is None:
        raise ProjectError(path, lines)
    return _assemble(place, form, choices, registry, document)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise RequestError(f"there is no project file {path}\n  to make one: understudy new FOLDER") from error
    except IsADirectoryError as error:
        raise RequestError(f"{path} is a folder; name the project file in it") from error
    except UnicodeDecodeError as error:
        raise ProjectError(path, [f"{path}:1:1: is not text in UTF-8"]) from error
    except OSError as error:
        raise RequestError(f"the project file {path} cannot be read: {error.strerror}") from error


def _check_version(document: Document) -> None:
    """Refuse a newer format alone: what else looks wrong in it may be right there."""
    data = document.data
    if not isinstance(data, dict):
        found = "is empty" if data is None else "must be a mapping (key: value)"
        raise ProjectError(document.path, [f"{document.path}:1:1: {found}; begin with: understudy: {FORMAT_VERSION}"])
    version = data.get("understudy")
    if isinstance(version, int) and version > FORMAT_VERSION:
        what = f"the format is {version}, but Understudy {__version__} reads up to {FORMAT_VERSION}; update Understudy"
        raise ProjectError(document.path, document.report([Problem(("understudy",), what)]))


def _shape(data: Any) -> tuple[ProjectForm | None, list[Problem]]:
    try:
        return ProjectForm.model_validate(data), []
    except ValidationError as error:
        return None, problems_of(error, ProjectForm)


def _assemble(path: Path, form: ProjectForm, choices: Choices, registry: Registry, document: Document) -> LoadedProject:
    facesets = {name: _faceset(path, name, form, faceset, choices) for name, faceset in form.facesets.items()}
    return LoadedProject(
        path=path,
        root=path.parent,
        work=work_folder(path),
        name=form.name or path.stem,
        consent=Consent(form.consent.basis, form.consent.statement) if form.consent else None,
        device=form.device,
        licence=form.licence,
        facesets=facesets,
        people={
            name: ChosenPerson(name, clip_path(path.parent, person.like) if person.like else None, person.tracks)
            for name, person in form.people.items()
        },
        swaps=_swaps(path.parent, form, facesets, choices),
        output=_output(path.parent, form.output),
        registry=registry,
        choices=tuple(choices.values()),
        timecode=form.timecode,
        places=document,
    )


def _output(root: Path, form: OutputForm) -> OutputSettings:
    own = form.certificate
    certificate = Certificate(clip_path(root, own.chain), clip_path(root, own.key)) if own else None
    layer = layer_settings(form.layer)
    return OutputSettings(form.path, video_settings(form.video, form.path), form.label.strip(), certificate, layer)


def _faceset(path: Path, name: str, form: ProjectForm, faceset: FacesetForm, choices: Choices) -> ChosenFaceset:
    def stated(key: str) -> Any:
        values = (getattr(faceset.extract, key), getattr(form.extract, key), EXTRACT_DEFAULTS.get(key))
        return next((value for value in values if value is not None), None)

    here = ("facesets", name)
    aligner = choices[*here, "aligner"]
    masker = faceset.extract.masker or form.extract.masker
    every = stated("detect_every") or (DETECT_EVERY_WITH_FOLLOWING if aligner.offer.spec.follows else 1)
    extract = ChosenExtract(
        detector=choices[*here, "detector"],
        aligner=aligner,
        maskers=tuple(chosen for key, chosen in choices.items() if key[:3] == (*here, "masker")),
        mask_join=(masker and masker.join) or "minimum",
        recognizer=choices.get((*here, "recognizer")),
        detect_every=every,
        **{key: stated(key) for key in EXTRACT_DEFAULTS},
    )
    root = path.parent
    clips = tuple(clip_path(root, clip) for clip in faceset.clips)
    faces = clip_path(root, faceset.faces) if faceset.faces else None
    face = _known(root, form, name, _face(root, faceset.face))
    return ChosenFaceset(name, clips, faces, face, extract, corrections_path(path, name), faceset.rate)


def _face(root: Path, face: FaceChoice) -> FaceChoice:
    return replace(face, like=clip_path(root, str(face.like))) if face.like else face


def _swaps(
    root: Path, form: ProjectForm, facesets: dict[str, ChosenFaceset], choices: Choices
) -> tuple[ChosenSwap, ...]:
    """Return the swaps, of a cast one for each person."""
    swaps = list[ChosenSwap]()
    for place, swap in enumerate(form.swaps):
        parts = [(source, FaceChoice("person", person=person)) for person, source in swap.cast.items()]
        for source, face in parts or [(str(swap.source), _face(root, swap.face))]:
            meant = _known(root, form, swap.target, face)
            chosen = _swap(len(swaps), place, swap, (facesets[source], facesets[swap.target], meant), choices)
            start = clip_path(root, swap.model.start_from) if swap.model.start_from else None

            def whom(some: FaceChoice, target: str = swap.target) -> FaceChoice:
                return _known(root, form, target, _face(root, some))

            ranges = ranges_of(("swaps", place), swap, choices, whom)
            swaps.append(replace(chosen, start_from=start, ranges=ranges, timecode=form.timecode))
    return tuple(swaps)


def _known(root: Path, form: ProjectForm, faceset: str, face: FaceChoice) -> FaceChoice:
    """Return what the project's own word for a person means in a faceset; other names stay as they are."""
    person = form.people.get(face.person) if face.kind == "person" else None
    if person is None:
        return face
    if person.like:
        return FaceChoice("like", person=face.person, like=clip_path(root, person.like))
    return FaceChoice("track", person=face.person, tracks=person.tracks.get(faceset, ()))


def _swap(
    index: int, place: int, form: SwapForm, who: tuple[ChosenFaceset, ChosenFaceset, FaceChoice], choices: Choices
) -> ChosenSwap:
    here = ("swaps", place)
    model = choices[*here, "model"]
    source, target, face = who
    return ChosenSwap(
        index=index,
        source=source,
        target=target,
        face=face,
        model=model,
        iterations=form.model.iterations if model.offer.spec.learns else 0,
        merger=choices[*here, "merger"],
        times=times_of(here, form, choices),
        place=place,
        seed=form.seed,
        steadiness=form.steadiness,
        steady_colors=form.steady_colors,
        mask_swaps=choices.get((*here, "mask_swaps")),
        enhancer=choices.get((*here, "enhancer")),
        schedule=tuple(
            ChosenChange(change.after, choices[*here, "model", "schedule", number])
            for number, change in enumerate(form.model.schedule)
        ),
        keep_steps=form.model.keep_steps,
        use_step=form.model.use_step,
        training=form.model.training,
    )
