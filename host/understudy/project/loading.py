"""Is a project file right in every part, and what does it ask for?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from understudy import __version__
from understudy.errors import ProjectError, RequestError
from understudy.plugins import Registry

from .checks import check_files, clip_path, work_folder
from .choosing import EXTRACT_STAGES, Choices, choose_stages
from .chosen import (
    ChosenExtract,
    ChosenFaceset,
    ChosenRange,
    ChosenSwap,
    Consent,
    LoadedProject,
    OutputSettings,
)
from .encoders import video_settings
from .form import DEFAULT_CROP_SIZE, DEFAULT_FACE_TYPE, FORMAT_VERSION, FacesetForm, ProjectForm, SwapForm
from .overrides import apply_overrides
from .places import Document, Problem
from .wording import problems_of

__all__ = ["load_project"]


def load_project(path: Path, registry: Registry, overrides: Sequence[str] = ()) -> LoadedProject:
    """Read and check a project file without reading any footage or weights.

    Args:
        path: The file.
        registry: The plugins it may choose from.
        overrides: ``KEY=VALUE`` texts that change values for this run, such as ``swaps.0.iterations=100``.

    Raises:
        ProjectError: With every problem of the file at once, each with its place.
        RequestError: There is no such file, or it cannot be read.
    """
    document = Document(path, _read(path))
    _check_version(document)
    wrong_overrides = apply_overrides(document, overrides)
    form, problems = _shape(document.data)
    choices, wrong_choices = choose_stages(document.data, registry)
    place = path.absolute()
    problems += [*document.problems, *wrong_choices, *check_files(document.data, place)]
    lines = [*document.report(problems), *wrong_overrides]
    if lines or form is None:
        raise ProjectError(path, lines)
    return _assemble(place, form, choices, registry)


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


def _assemble(path: Path, form: ProjectForm, choices: Choices, registry: Registry) -> LoadedProject:
    facesets = {name: _faceset(path.parent, name, form, faceset, choices) for name, faceset in form.facesets.items()}
    return LoadedProject(
        path=path,
        root=path.parent,
        work=work_folder(path),
        name=form.name or path.stem,
        consent=Consent(form.consent.basis, form.consent.statement) if form.consent else None,
        device=form.device,
        facesets=facesets,
        swaps=tuple(_swap(index, swap, facesets, choices) for index, swap in enumerate(form.swaps)),
        output=OutputSettings(form.output.path, video_settings(form.output.video)),
        registry=registry,
    )


def _faceset(root: Path, name: str, form: ProjectForm, faceset: FacesetForm, choices: Choices) -> ChosenFaceset:
    detector, aligner, masker = (choices["facesets", name, stage] for stage in EXTRACT_STAGES)
    face_type = faceset.extract.face_type or form.extract.face_type or DEFAULT_FACE_TYPE
    crop_size = faceset.extract.crop_size or form.extract.crop_size or DEFAULT_CROP_SIZE
    clips = tuple(clip_path(root, clip) for clip in faceset.clips)
    return ChosenFaceset(name, clips, ChosenExtract(detector, aligner, masker, face_type, crop_size))


def _swap(index: int, form: SwapForm, facesets: dict[str, ChosenFaceset], choices: Choices) -> ChosenSwap:
    here = ("swaps", index)
    model = choices[*here, "model"]
    return ChosenSwap(
        index=index,
        source=facesets[form.source],
        target=facesets[form.target],
        face=form.face,
        model=model,
        iterations=form.model.iterations if model.offer.spec.learns else 0,
        merger=choices[*here, "merger"],
        ranges=tuple(
            ChosenRange(part.start, part.end, choices[*here, "ranges", number])
            for number, part in enumerate(form.ranges)
        ),
        seed=form.seed,
    )
