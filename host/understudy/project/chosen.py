"""What has a project chosen? The checked project, as the phases read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from understudy.plugins import Offer, Registry, blaming
from understudy.timecode import Moment
from understudy_sdk import CHANGEABLE, INPUT_PATH, FaceType, Resources, StageConfig

from .face_choice import FaceChoice

__all__ = [
    "Chosen",
    "ChosenExtract",
    "ChosenFaceset",
    "ChosenPerson",
    "ChosenRange",
    "ChosenSwap",
    "Consent",
    "FaceChoice",
    "LoadedProject",
    "OutputSettings",
    "VideoSettings",
]

CLIP_MARK: Final = "{clip}"

MaskJoin = Literal["minimum", "product"]


@dataclass(frozen=True, slots=True)
class Chosen:
    """A plugin and its settings."""

    stage: str
    offer: Offer
    config: StageConfig

    @property
    def name(self) -> str:
        """What the project wrote after ``use:``."""
        return self.offer.spec.name

    def build(self, resources: Resources) -> Any:
        """Give the ready stage.

        Raises:
            PluginFailedError: The plugin raised something that is not meant for the user.
        """
        with blaming(self.offer, "being built"):
            return self.offer.spec.build(self.config, resources)

    def recipe(self) -> dict[str, Any]:
        """Return all that decides what the stage gives, as JSON values; settings marked CHANGEABLE do not.

        Files that settings name count by their content, wherever they lie.
        """
        changeable = set(marked_fields(self.config, CHANGEABLE))
        settings = self.config.model_dump(mode="json", exclude=changeable)
        for name in marked_fields(self.config, INPUT_PATH):
            settings[name] = _content(settings.get(name))
        return {"name": self.name, "revision": self.offer.spec.revision, "settings": settings}


def marked_fields(config: StageConfig, mark: Mapping[str, Any]) -> list[str]:
    """Return the names of the settings that carry a mark such as CHANGEABLE."""
    return [
        name
        for name, field in type(config).model_fields.items()
        if isinstance(extra := field.json_schema_extra, dict)
        and any(extra.get(key) == value for key, value in mark.items())
    ]


def _content(value: Any) -> Any:
    """Return the fingerprints of the files that a setting names, in place of their paths."""
    from understudy.video import fingerprint  # noqa: PLC0415 # checking a project must not load what reads footage

    if isinstance(value, dict):
        return {key: _content(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_content(inner) for inner in value]
    return fingerprint(Path(value)) if value else value


@dataclass(frozen=True, slots=True)
class ChosenExtract:
    """How a faceset's faces are found and cut out; see the project file's form for each."""

    detector: Chosen
    aligner: Chosen
    maskers: tuple[Chosen, ...]
    mask_join: MaskJoin
    recognizer: Chosen | None
    face_type: FaceType
    crop_size: int
    crop_format: Literal["png", "jpeg", "webp"]
    crop_quality: int
    crop_filter: Literal["smooth", "bilinear"]
    detect_every: int
    steadiness: float
    fill_gaps_s: float


@dataclass(frozen=True, slots=True)
class ChosenFaceset:
    """Faces, of clips or finished.

    Attributes:
        name: In the project.
        clips: Absolute paths that existed when the project was checked.
        faces: Absolute path of a finished faceset, in place of clips; or None.
        face: Which of them count when it is a source.
        extract: How they are found and cut out.
        corrections: Absolute path of what people corrected of it; may not be there.
    """

    name: str
    clips: tuple[Path, ...]
    faces: Path | None
    face: FaceChoice
    extract: ChosenExtract
    corrections: Path


@dataclass(frozen=True, slots=True)
class ChosenPerson:
    """Somebody in the footage: ``like`` is the absolute path of a picture, ``tracks`` are numbers by faceset."""

    name: str
    like: Path | None
    tracks: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class ChosenRange:
    """Other merging from ``start`` up to, not including, ``end``; a later range holds over an earlier one."""

    start: Moment
    end: Moment
    merger: Chosen


@dataclass(frozen=True, slots=True)
class ChosenSwap:
    """One identity put onto one person of the footage.

    ``index`` is its position among the project's swaps, where a cast counts as one for each person; ``iterations``
    are 0 where the model needs no training.
    """

    index: int
    source: ChosenFaceset
    target: ChosenFaceset
    face: FaceChoice
    model: Chosen
    iterations: int
    merger: Chosen
    ranges: tuple[ChosenRange, ...]
    seed: int


@dataclass(frozen=True, slots=True)
class Consent:
    """By what right the faces are used."""

    basis: str
    statement: str


@dataclass(frozen=True, slots=True)
class VideoSettings:
    """How the output is encoded; what is None is left to the encoder or to the clip."""

    codec: str
    crf: int | None
    preset: str | None
    pixel_format: str | None
    options: Mapping[str, str]

    def encoder_options(self) -> dict[str, str]:
        """Return everything that the encoder is told, as FFmpeg's options."""
        stated = {"crf": self.crf, "preset": self.preset}
        return {**{key: str(value) for key, value in stated.items() if value is not None}, **self.options}


@dataclass(frozen=True, slots=True)
class OutputSettings:
    """Where the result goes; ``path`` is relative to the project and may hold ``{clip}``."""

    path: str
    video: VideoSettings


@dataclass(frozen=True, slots=True)
class LoadedProject:
    """A project whose every part has been checked.

    Attributes:
        path: The project file.
        root: Its folder; relative paths start there.
        work: Folder of everything that is made on the way.
        name: What the project is called.
        consent: Needed before anything is merged.
        device: As asked for, such as ``auto``; not resolved.
        facesets: By name, also those that no swap uses.
        people: By name.
        swaps: In the project's order.
        output: Where the result goes.
        registry: The plugins that were chosen from.
    """

    path: Path
    root: Path
    work: Path
    name: str
    consent: Consent | None
    device: str
    facesets: Mapping[str, ChosenFaceset]
    people: Mapping[str, ChosenPerson]
    swaps: tuple[ChosenSwap, ...]
    output: OutputSettings
    registry: Registry

    def clips_to_merge(self) -> tuple[Path, ...]:
        """Return the clips that some swap targets, each once, in the project's order."""
        return tuple(dict.fromkeys(clip for swap in self.swaps for clip in swap.target.clips))

    def output_for(self, clip: Path) -> Path:
        """Return where the merged clip goes."""
        return output_path(self.root, self.output.path, clip)


def output_path(root: Path, pattern: str, clip: Path) -> Path:
    """Return where a clip's result goes, by a pattern that may hold ``{clip}``."""
    return root / expanded(pattern.replace(CLIP_MARK, clip.stem))


def expanded(text: str) -> Path:
    """Return a path as written, with ``~`` as the user's own folder; a file may be called ``~take2.mov``."""
    try:
        return Path(text).expanduser()
    except RuntimeError:  # there is no such user
        return Path(text)
