"""What has a project chosen? The checked project, as the phases read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, Literal

from understudy.distributions import OWN
from understudy.plugins import Offer, Registry, blaming
from understudy_sdk import CHANGEABLE, DECIDES_SWAP, INPUT_PATH, FaceType, Resources, StageConfig

from .chosen_time import ChosenRange, ChosenTimes
from .face_choice import FaceChoice
from .form import TrainingForm
from .places import Document
from .sending import chosen_again, words_for

__all__ = [
    "Certificate",
    "Chosen",
    "ChosenChange",
    "ChosenExtract",
    "ChosenFaceset",
    "ChosenPerson",
    "ChosenSwap",
    "Consent",
    "FaceChoice",
    "LayerSettings",
    "LoadedProject",
    "OutputSettings",
    "VideoSettings",
]

CLIP_MARK: Final = "{clip}"
SWAP_MARK: Final = "{swap}"

_WEIGHTS: Final = {".safetensors", ".npy", ".onnx"}
"""Suffixes of files with what a network has learnt."""

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

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to another process in plain words; a plugin's code does not."""
        return chosen_again, words_for(self)

    def recipe(self) -> dict[str, Any]:
        """Return all that decides what the stage gives, as JSON values; settings marked CHANGEABLE do not.

        Files that settings name count by their content, wherever they lie.
        """
        changeable = set(marked_fields(self.config, CHANGEABLE))
        settings = self.config.model_dump(mode="json", exclude=changeable)
        for name in marked_fields(self.config, INPUT_PATH):
            settings[name] = _content(settings.get(name))
        made_by = {"name": self.name, "revision": self.offer.spec.revision, "settings": settings}
        home = self.offer.origin.distribution
        return made_by if home == OWN else made_by | {"from": home}  # strangers may give their plugins one name

    def swap_recipe(self) -> dict[str, Any]:
        """Return all that decides how a model swaps: its recipe, and changeable settings that are marked for it."""
        marked = {*marked_fields(self.config, DECIDES_SWAP)} & {*marked_fields(self.config, CHANGEABLE)}
        more = {"swaps_with": self.config.model_dump(mode="json", include=marked)} if marked else {}
        return self.recipe() | more


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
    if isinstance(value, dict):
        return {key: _content(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_content(inner) for inner in value]
    return _fingerprints(Path(value)) if value else value


def _fingerprints(path: Path) -> str | list[str]:
    """Return what a file or folder holds; of a folder with weights those count, and no pictures beside them."""
    from understudy.video import fingerprint  # noqa: PLC0415 # checking a project must not load what reads footage

    found = sorted(inner for inner in path.iterdir() if inner.suffix in _WEIGHTS) if path.is_dir() else []
    return [fingerprint(inner) for inner in found] or fingerprint(path)


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
        rate: Frames per second of its folders of pictures, where they are film; None where they are not.
    """

    name: str
    clips: tuple[Path, ...]
    faces: Path | None
    face: FaceChoice
    extract: ChosenExtract
    corrections: Path
    rate: Fraction | None = None


@dataclass(frozen=True, slots=True)
class ChosenPerson:
    """Somebody in the footage: ``like`` is the absolute path of a picture, ``tracks`` are numbers by faceset."""

    name: str
    like: Path | None
    tracks: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class ChosenChange:
    """The model with all settings that hold once ``after`` steps are learnt; only changeable ones differ."""

    after: int
    model: Chosen


@dataclass(frozen=True, slots=True)
class ChosenSwap:
    """One identity put onto one person of the footage.

    Attributes:
        index: Its position among the project's swaps, where a cast counts as one for each person.
        source: Whose face is put on.
        target: Whose face is covered.
        face: Which of the target's faces.
        model: With the settings of the first step.
        iterations: 0 where the model needs no training.
        merger: Of the whole clip.
        ranges: What holds for parts of the clip.
        seed: Decides the order of faces.
        schedule: How the model's settings change on the way, in the order of the steps.
        start_from: Absolute path of the checkpoint that the training begins with.
        keep_steps: Whether it counts on from that checkpoint's steps.
        use_step: The checkpoint or snapshot that is merged with; None is the newest.
        training: How the training is watched and kept.
        steadiness: How strongly the swaps along a track are steadied when merging; 0 is not at all.
        steady_colors: How strongly the colours that they take over are; 0 is not at all.
        mask_swaps: Masks the faces that the model draws, or None where nothing does.
        enhancer: Gives them more detail, or None where nothing does.
        times: What changes in the course of the clip.
        place: Its number under ``swaps:`` in the project file.
        timecode: What time codes of its moments count from.
    """

    index: int
    source: ChosenFaceset
    target: ChosenFaceset
    face: FaceChoice
    model: Chosen
    iterations: int
    merger: Chosen
    seed: int
    ranges: tuple[ChosenRange, ...] = ()
    schedule: tuple[ChosenChange, ...] = ()
    start_from: Path | None = None
    keep_steps: bool = True
    use_step: int | None = None
    training: TrainingForm = field(default_factory=TrainingForm)
    steadiness: float = 0.0
    steady_colors: float = 0.0
    mask_swaps: Chosen | None = None
    enhancer: Chosen | None = None
    times: ChosenTimes = field(default_factory=ChosenTimes)
    place: int = 0
    timecode: Literal["zero", "clip"] = "zero"

    @property
    def is_timed(self) -> bool:
        """Whether anything of it changes in the course of a clip."""
        return bool(self.ranges) or self.times != ChosenTimes()

    @property
    def is_model_keyed(self) -> bool:
        """Whether keyframes change settings of its model."""
        return any(keyframe.model_values for keyframe in self.times.keyframes)

    def model_at(self, step: int) -> Chosen:
        """Return the model with the settings that hold once so many steps are learnt."""
        held = [change.model for change in self.schedule if change.after <= step]
        return held[-1] if held else self.model

    def model_that_learnt(self, step: int) -> Chosen:
        """Return the model with the settings that a step was learnt with, which a checkpoint of it swaps with."""
        return self.model_at(step - 1)

    def training_recipe(self) -> dict[str, Any]:
        """Return what decides how a training goes, besides its model and faces; a checkpoint counts by its content."""
        if not self.iterations:
            return {}
        from understudy.training.checkpoints import read_checkpoint  # noqa: PLC0415 # most projects begin anew

        found = read_checkpoint(self.start_from) if self.start_from else None
        start = None
        if found is not None and not isinstance(found, str):
            files = {name: mark.sha256 for name, mark in found.state.files.items()}
            start = {"step": found.state.step if self.keep_steps else 0, "files": files}
        return {"hold_out": self.training.hold_out, "start": start}


@dataclass(frozen=True, slots=True)
class Consent:
    """By what right the faces are used."""

    basis: str
    statement: str


@dataclass(frozen=True, slots=True)
class VideoSettings:
    """How the output is encoded, as stated; what is None is left to the encoder or to the clip."""

    codec: str
    crf: int | None
    preset: str | None
    pixel_format: str | None
    options: Mapping[str, str]
    lossless: bool = False
    is_sequence: bool = False

    def stated_options(self) -> dict[str, str]:
        """Return what the project itself tells the encoder, as FFmpeg's options."""
        stated = {"crf": self.crf, "preset": self.preset}
        return {**{key: str(value) for key, value in stated.items() if value is not None}, **self.options}


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate of the user's own: absolute paths of its chain and its private key."""

    chain: Path
    key: Path


@dataclass(frozen=True, slots=True)
class LayerSettings:
    """What a compositor gets of every swap.

    Attributes:
        kind: ``prores4444``, ``png16`` or ``exr``.
        alpha: ``straight`` or ``premultiplied``.
        path: Relative to the project; may hold ``{clip}`` and ``{swap}``.
        mask: Whether the mask comes alone, too.
        matrices: Whether the crops' matrices come, too.
        is_linear: Whether colours are amounts of light.
    """

    kind: Literal["prores4444", "png16", "exr"]
    alpha: Literal["straight", "premultiplied"]
    path: str
    mask: bool
    matrices: bool
    is_linear: bool

    @property
    def is_movie(self) -> bool:
        """Whether it is one file, not a folder of pictures."""
        return self.kind == "prores4444"

    @property
    def suffix(self) -> str:
        """How the movie's or a picture's name ends."""
        return {"prores4444": ".mov", "png16": ".png", "exr": ".exr"}[self.kind]


@dataclass(frozen=True, slots=True)
class OutputSettings:
    """Where the result goes, and how it tells what it is.

    Attributes:
        path: Relative to the project; may hold ``{clip}``.
        video: How it is encoded.
        label: Words that every frame shows, or none.
        certificate: What signs it; None is the key made on this machine.
        layer: What a compositor gets beside it, or None.
    """

    path: str
    video: VideoSettings
    label: str = ""
    certificate: Certificate | None = None
    layer: LayerSettings | None = None


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
        licence: ``commercial`` where all that it uses has to allow paid work, else ``any``.
        facesets: By name, also those that no swap uses.
        people: By name.
        swaps: In the project's order.
        output: Where the result goes.
        registry: The plugins that were chosen from.
        choices: Every choice of a plugin that it makes, defaults of ``extract`` among them.
        timecode: What time codes count from.
        places: Where in the file each value stands, for faults that show only later.
    """

    path: Path
    root: Path
    work: Path
    name: str
    consent: Consent | None
    device: str
    licence: str
    facesets: Mapping[str, ChosenFaceset]
    people: Mapping[str, ChosenPerson]
    swaps: tuple[ChosenSwap, ...]
    output: OutputSettings
    registry: Registry
    choices: tuple[Chosen, ...]
    timecode: Literal["zero", "clip"]
    places: Document

    @property
    def is_timed(self) -> bool:
        """Whether anything in it changes in the course of a clip."""
        return any(swap.is_timed for swap in self.swaps)

    @property
    def offers(self) -> tuple[Offer, ...]:
        """Those that it chose, each once."""
        return tuple({id(chosen.offer): chosen.offer for chosen in self.choices}.values())

    def clips_to_merge(self) -> tuple[Path, ...]:
        """Return the clips that some swap targets, each once, in the project's order."""
        return tuple(dict.fromkeys(clip for swap in self.swaps for clip in swap.target.clips))

    def output_for(self, clip: Path) -> Path:
        """Return where the merged clip goes."""
        return output_path(self.root, self.output.path, clip)

    def layer_for(self, clip: Path, swap: int) -> Path:
        """Return where the layer of a swap goes, by the swap's position."""
        assert self.output.layer is not None
        return layer_path(self.root, self.output.layer.path, clip, swap)


def output_path(root: Path, pattern: str, clip: Path) -> Path:
    """Return where a clip's result goes, by a pattern that may hold ``{clip}``."""
    name = clip.name if clip.is_dir() else clip.stem
    return root / expanded(pattern.replace(CLIP_MARK, name))


def layer_path(root: Path, pattern: str, clip: Path, swap: int) -> Path:
    """Return where the layer of a swap on a clip goes, by a pattern that may hold ``{clip}`` and ``{swap}``."""
    return output_path(root, pattern.replace(SWAP_MARK, str(swap + 1)), clip)


def expanded(text: str) -> Path:
    """Return a path as written, with ``~`` as the user's own folder; a file may be called ``~take2.mov``."""
    try:
        return Path(text).expanduser()
    except RuntimeError:  # there is no such user
        return Path(text)
