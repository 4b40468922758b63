"""What does each stage promise, and how is one offered?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar, runtime_checkable

from pydantic import BaseModel, ConfigDict

from .types import F32, Crop, CropSpec, Face, FaceBatch, Frame, Layer, Mask, MaskBatch, Region, Side, Swap
from .weights import WeightFile

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch

__all__ = [
    "CHANGEABLE",
    "DECIDES_SWAP",
    "INPUT_PATH",
    "Adjustable",
    "Aligner",
    "Detector",
    "DfmPlayer",
    "Enhancer",
    "FollowingAligner",
    "ForeignModel",
    "MaskTrainingData",
    "Masker",
    "Merger",
    "Model",
    "ModelExchange",
    "Parallel",
    "Reaching",
    "Recognizer",
    "Remarking",
    "Resources",
    "StageConfig",
    "StageSpec",
    "TrainableMasker",
    "TrainableModel",
    "TrainingData",
]


class StageConfig(BaseModel):
    """Settings of a plugin: a frozen pydantic model that forbids unknown keys.

    Every field has a default, a limit where one makes sense, and a ``description`` with its unit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    @property
    def needs_predicted_mask(self) -> bool:
        """Whether a merger with these settings needs ``Swap.predicted_mask``; settings of other stages leave it."""
        return False


CHANGEABLE: Final[dict[str, Any]] = {"changeable": True}
"""Mark a model's setting that may change without starting training again::

    batch_size: Annotated[int, Field(ge=1, json_schema_extra=CHANGEABLE)] = 4
"""


DECIDES_SWAP: Final[dict[str, Any]] = {"decides_swap": True}
"""Mark a changeable setting of a model that alters its swaps though not what it learns: they are merged anew, from the
same training::

    morph: Annotated[float, Field(ge=0, le=1, json_schema_extra=CHANGEABLE | DECIDES_SWAP)] = 1.0

Where the model is Adjustable, such a setting may have keyframes.
"""


INPUT_PATH: Final[dict[str, Any]] = {"input_path": True}
"""Mark a setting that names files to read: a text, or a mapping whose values are such texts::

    mattes: Annotated[str, Field(json_schema_extra=INPUT_PATH)] = ""

A path is written relative to the project file; the host checks that it is there, hands the plugin an absolute path, and
makes results anew when the file's content changes. An empty text names nothing.
"""


@dataclass(frozen=True, slots=True)
class Parallel:
    """Several processes that learn one model together, each its share of every batch.

    Attributes:
        rank: Which of them this is, from 0.
        count: How many there are.
        add_up: Replaces each tensor, in place, by its sum over all processes; all of them must call it with tensors of
            the same shapes in the same order.
    """

    rank: int
    count: int
    add_up: Callable[[Sequence[torch.Tensor]], None]


@dataclass(frozen=True, slots=True)
class Resources:
    """What the host lends a stage when it is built.

    Attributes:
        device: ``cpu``, ``cuda``, ``cuda:1`` or ``mps``; the one asked for, and it exists.
        weights: Gives the checked local path of a declared file.
            Raises MissingWeightsError where it is not on this machine.
        threads: How many CPU threads the stage may keep busy.
        parallel: The processes that learn together with this one, or None where it learns alone.
    """

    device: str
    weights: Callable[[WeightFile], Path]
    threads: int = 1
    parallel: Parallel | None = None


class Detector(Protocol):
    """Finds faces."""

    def detect(self, frames: Sequence[Frame]) -> list[list[Face]]:
        """Return each frame's faces, best score first: one list per frame, in the order given."""
        ...


class Aligner(Protocol):
    """Places landmarks on faces."""

    def align(self, frames: Sequence[Frame], faces: Sequence[Sequence[Face]]) -> list[list[Face]]:
        """Return the same faces with landmarks, and a mesh if it has one.

        One list per frame, in the order given. A face on which no landmarks can be placed is left out;
        the others keep their order, box and score.
        """
        ...


@runtime_checkable
class FollowingAligner(Aligner, Protocol):
    """An aligner that finds known faces again in a neighbouring frame by itself; its offer says ``follows``."""

    def follow(self, frame: Frame, before: Sequence[Face]) -> list[Face | None]:
        """Return each of the faces as it lies in this frame, or None where it is not there any more.

        Args:
            frame: The frame next to the one that the faces were found in, before or after it.
            before: Faces with landmarks, and the mesh if it gives one, in the neighbouring frame's pixels.

        Returns:
            One answer per face, in the order given: new box, landmarks and mesh; the score says how sure it is that
            a face is there, 0 to 1. Depends on nothing but the arguments.
        """
        ...


class Recognizer(Protocol):
    """Tells people apart by how they look."""

    @property
    def same_person(self) -> float:
        """The cosine similarity of two embeddings from which on they are taken for one person, -1 to 1."""
        ...

    def embed(self, crops: Sequence[Crop]) -> F32:
        """Return one unit vector per crop, float32 (N, D), in the order given; people who look alike lie close.

        The crops are those of a faceset: of any face type and size, with landmarks.
        """
        ...


class Masker(Protocol):
    """Says where in a crop the face is."""

    def mask(self, crops: Sequence[Crop]) -> list[Mask]:
        """Return one mask per crop, of the crop's size, in the order given."""
        ...


class Model(Protocol):
    """Turns a target's face into the source's.

    A model that needs no training is complete with this. One that learns per project is a TrainableModel too.
    """

    @property
    def crop_spec(self) -> CropSpec:
        """The crops it reads and answers."""
        ...

    def swap(self, crops: Sequence[Crop]) -> list[Swap]:
        """Return the source's face with each target crop's expression and pose, one per crop, in order."""
        ...


@runtime_checkable
class Adjustable(Model, Protocol):
    """A model that can be told other values of the settings that are marked DECIDES_SWAP, from one swap to the next."""

    def adjust(self, config: Any) -> None:
        """Swap with these settings from now on; they differ from before in such as are marked DECIDES_SWAP alone."""
        ...


class TrainingData(Protocol):
    """Both sides' faces. A draw depends on nothing but its number, so training resumes exactly."""

    def draw(self, side: Side, number: int, size: int, *, uniform_yaw: bool = False) -> FaceBatch:
        """Return the ``number``-th draw of ``size`` faces; the deck is dealt out before it is shuffled again.

        With ``uniform_yaw``, faces turned this way and that come equally often, however rare some are.
        """
        ...


class MaskTrainingData(Protocol):
    """Faces with the masks that people drew on them. A draw depends on nothing but its number."""

    def draw(self, number: int, size: int) -> MaskBatch:
        """Return the ``number``-th draw of ``size`` labelled faces; the deck is dealt out before the next shuffle."""
        ...


@runtime_checkable
class TrainableModel(Model, Protocol):
    """A model that learns from two facesets; the host runs the loop, saves and shows."""

    @property
    def batch_size(self) -> int:
        """Faces of each side per step, as the settings have it; 0 asks the host for as many as fit."""
        ...

    def train_step(self, data: TrainingData, step: int, batch_size: int) -> Mapping[str, float]:
        """Learn once and return the losses by name, ``source`` and ``target`` among them.

        Args:
            data: Where faces are drawn from.
            step: Counts from 1 over the whole training, across resumed runs. All randomness comes from it.
            batch_size: Faces of each side, of all processes that learn together (``Resources.parallel``); a multiple
                of their number. The host may ask for fewer when memory is short.

        A loss that is not finite is returned as it is; the host then stops. Losses are those of the whole batch.
        """
        ...

    def rebuild(self, crops: Sequence[Crop], side: Side) -> list[Swap]:
        """Return the crops as the given side's decoder draws them: what previews compare with the originals."""
        ...

    def weights(self) -> dict[str, torch.Tensor]:
        """Return what inference needs, by name; copies or live tensors, the host only reads."""
        ...

    def load_weights(self, weights: Mapping[str, torch.Tensor]) -> None:
        """Take weights back. Raises StageError where a name is missing, unknown or has another shape."""
        ...

    def optimizer_state(self) -> dict[str, torch.Tensor]:
        """Return all else that the next step depends on, by name."""
        ...

    def load_optimizer_state(self, state: Mapping[str, torch.Tensor]) -> None:
        """Take the optimizer's state back. Raises StageError like ``load_weights``."""
        ...

    def lower_learning_rate(self, factor: float) -> None:
        """Multiply the learning rate by a factor below 1, after a collapse; kept in ``optimizer_state``."""
        ...


@runtime_checkable
class Remarking(Protocol):
    """What learns and now and then has something to tell the user."""

    def remarks(self) -> Sequence[str]:
        """Return what the user should read, a sentence each, and forget it; the host asks after every step."""
        ...


@runtime_checkable
class TrainableMasker(Masker, Protocol):
    """A masker that learns from masks drawn by people; its offer says ``learns``.

    Its methods promise what those of the same name promise in TrainableModel; the only loss is ``mask``.
    """

    @property
    def crop_spec(self) -> CropSpec:
        """The crops it learns from."""
        ...

    @property
    def batch_size(self) -> int:
        """Faces per step, as the settings have it; 0 asks the host for as many as fit."""
        ...

    def train_step(self, data: MaskTrainingData, step: int, batch_size: int) -> Mapping[str, float]:
        """Learn once and return the losses by name, ``mask`` among them."""
        ...

    def weights(self) -> dict[str, torch.Tensor]:
        """Return what masking needs, by name."""
        ...

    def load_weights(self, weights: Mapping[str, torch.Tensor]) -> None:
        """Take weights back. Raises StageError where a name is missing, unknown or has another shape."""
        ...

    def optimizer_state(self) -> dict[str, torch.Tensor]:
        """Return all else that the next step depends on, by name."""
        ...

    def load_optimizer_state(self, state: Mapping[str, torch.Tensor]) -> None:
        """Take the optimizer's state back. Raises StageError like ``load_weights``."""
        ...

    def lower_learning_rate(self, factor: float) -> None:
        """Multiply the learning rate by a factor below 1; kept in ``optimizer_state``."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class ForeignModel:
    """A trained model of another program in this plugin's terms, or one of ours on its way there.

    Attributes:
        settings: What stands under ``with:`` for it; settings that are not named keep their defaults.
        weights: As ``TrainableModel.weights`` has them.
        optimizer_state: As ``TrainableModel.optimizer_state`` has it; empty where there is none to continue with.
        step: How many steps it has learnt.
        losses: Source's and target's loss of the steps that are known, oldest first, the last one of step ``step``.
        remarks: What could not be taken over, in words for the user, a sentence each.
    """

    settings: Mapping[str, Any]
    weights: Mapping[str, torch.Tensor]
    optimizer_state: Mapping[str, torch.Tensor]
    step: int
    losses: Sequence[tuple[float, float]] = ()
    remarks: Sequence[str] = ()


@dataclass(frozen=True, slots=True, eq=False)
class DfmPlayer:
    """A network that swaps as a DFM file does.

    Attributes:
        network: A module from float32 (N, S, S, 3), 0 to 1, BGR, and with ``has_morph`` a float32 (1,), to the
            target's mask (N, S, S, 1), the swap (N, S, S, 3) in BGR, and the swap's mask (N, S, S, 1), 0 to 1.
        crop_spec: The faces it takes.
        has_morph: Whether there is a second input that says how far the face turns into the source's.
    """

    network: torch.nn.Module
    crop_spec: CropSpec
    has_morph: bool = False


class ModelExchange(Protocol):
    """Takes trained models over from DeepFaceLab, and hands them back. Works on arrays; the host reads the files."""

    @property
    def class_name(self) -> str:
        """The word in DeepFaceLab's file names: ``SAEHD`` in ``bob_SAEHD_encoder.npy``."""
        ...

    def read(self, parts: Mapping[str, Mapping[str, npt.NDArray[np.generic]]], data: Mapping[str, Any]) -> ForeignModel:
        """Return a model of theirs in our terms.

        Args:
            parts: The arrays of each ``.npy`` file by their names there, by the last word of the file's name:
                ``encoder``, ``inter_AB``, ``src_dst_opt``. Needs what inference needs; optimizers may be missing.
            data: What ``data.dat`` holds: ``iter``, ``options``, ``loss_history``, of plain values and arrays.

        Raises:
            StageError: A part or an array is missing, or has another shape than the options say; all are named.
        """
        ...

    def write(
        self, settings: StageConfig, model: ForeignModel
    ) -> tuple[dict[str, dict[str, npt.NDArray[np.generic]]], dict[str, Any]]:
        """Return a model of ours as ``parts`` and ``data`` of theirs, as ``read`` takes them.

        Raises:
            StageError: DeepFaceLab has no such model; says which setting is in the way.
        """
        ...

    def player(self, settings: StageConfig, weights: Mapping[str, torch.Tensor]) -> DfmPlayer | None:
        """Return the network that a DFM file holds for a model of ours, on the CPU; None where there are none."""
        ...


class Enhancer(Protocol):
    """Gives the faces that a model drew more detail."""

    @property
    def size(self) -> int:
        """Side, in px, of the target's crops that it looks at and of the swaps that it answers."""
        ...

    def enhance(self, swaps: Sequence[Swap], crops: Sequence[Crop]) -> list[Swap]:
        """Return each swap with more detail, over the same square, in the order given; its masks are as they were.

        Args:
            swaps: What a model answered, of any size.
            crops: The target's faces over the same squares, one for each swap, with landmarks.

        Returns:
            One swap per swap, of ``size``, 0 to 1. Depends on nothing but the arguments.
        """
        ...


class Merger(Protocol):
    """Blends a swapped face into its surroundings."""

    def merge(self, region: Region, swap: Swap, crop: Crop, mask: Mask) -> Layer:
        """Return what lies over the region, and its mask.

        Args:
            region: The frame around the face, float32 RGB; holds the whole crop square as far as the frame does, and
                more where the merger is Reaching.
            swap: The model's face over the crop's square.
            crop: The target's face as the model saw it; its ``frame_to_crop`` places the square in the frame.
            mask: The masker's mask of the target's face over the crop's square.
        """
        ...


@runtime_checkable
class Reaching(Merger, Protocol):
    """A merger that may lay the face beyond the crop's square; the host then gives it a larger region."""

    @property
    def reach(self) -> float:
        """How much of the frame around the crop's middle it wants, in sides of the crop's square; 1 is the square."""
        ...


StageT_co = TypeVar("StageT_co", covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class StageSpec(Generic[StageT_co]):
    """A stage on offer. Cheap: nothing loads until ``build`` is called.

    Attributes:
        name: What a project file writes after ``use:``; snake_case.
        summary: One line for ``understudy plugins list``.
        config: Its settings.
        tiny: Settings the contract tests build: CPU, seconds, and no download where that can be.
        build: Gives a ready stage; heavy imports go here.
        weights: All weight files that some settings of it need.
        weights_for: Says which of them given settings need; None where all settings need them all.
        commercial: Whether the licence of its own code, and of what it calls, allows paid work; weights say that
            for themselves.
        learns: Whether a model learns per project, that is, builds a TrainableModel, or a masker a TrainableMasker;
            other stages leave it.
        follows: Whether an aligner builds a FollowingAligner; other stages leave it.
        gives_mesh: Whether an aligner's faces have a dense mesh; other stages leave it.
        needs_mesh: Whether a masker works on faces with a dense mesh alone; other stages leave it.
        exchange: Gives what takes trained models over from DeepFaceLab; None where there are none.
        revision: Raised when the same settings give other results, so that old results are made anew.
        api_version: The contract it was written for, ``API_VERSION`` as it was then; what does not say is taken to
            have been written for the first.
    """

    name: str
    summary: str
    config: type[StageConfig]
    tiny: StageConfig
    build: Callable[[Any, Resources], StageT_co]
    weights: tuple[WeightFile, ...] = ()
    weights_for: Callable[[Any], tuple[WeightFile, ...]] | None = None
    commercial: bool = True
    learns: bool = False
    follows: bool = False
    gives_mesh: bool = False
    needs_mesh: bool = False
    exchange: Callable[[], ModelExchange] | None = None
    revision: int = 1
    api_version: int = 1

    def weights_needed(self, config: StageConfig) -> tuple[WeightFile, ...]:
        """Return the declared weight files that these settings need."""
        return self.weights if self.weights_for is None else tuple(self.weights_for(config))
