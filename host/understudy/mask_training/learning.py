"""How does a masker learn from the labelled faces of some facesets, in a folder that keeps all of it?"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from understudy import training
from understudy.answers import check_masks
from understudy.aside import whole_file
from understudy.errors import RequestError, StoreError
from understudy.lock import locked
from understudy.plugins import blaming
from understudy.progress import Progress, Silent
from understudy.project import Chosen
from understudy.quality.similarity import mask_iou
from understudy.store import differences, read_json, write_json
from understudy_sdk import Crop, Mask, Masker, TrainableMasker
from understudy_sdk.types import U8
from understudy_sdk.warp import resize_square

from .choosing import RECIPE_NAME
from .deck import LabelDeck
from .drawing import mask_preview
from .labelled import LabelledFace, labelled_faces, save_labelled, split

__all__ = ["WEIGHTS_NAME", "MaskOrder", "MaskOutcome", "train_masker"]

WEIGHTS_NAME: Final = "weights.safetensors"
"""In a training's folder: what the masker has learnt by its newest checkpoint."""

MEASURED_NAME: Final = "held-out.json"
"""In a training's folder: how well the held-out faces were masked, by the step."""

_SHOWN: Final = 6
_BATCH: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskOrder:
    """What to learn, from what, and for how long.

    Attributes:
        chosen: The masker and its settings.
        masker: Built from them.
        facesets: Folders whose labelled faces are learnt from.
        folder: Where checkpoints, losses, previews and weights are kept; it is made if it is not there.
        steps: How many there are to be in all, those of earlier runs included.
        for_s: End after so many seconds, though the steps are not done; None for no such end.
        hold_out: Share of the labelled faces that is measured by instead of learnt from, 0 to 1.
        seed: Decides the order of faces.
        device: Where the masker lies.
        progress: Hears how far it is.
        loop: How often to save and to show.
    """

    chosen: Chosen
    masker: TrainableMasker
    facesets: Sequence[Path]
    folder: Path
    steps: int
    for_s: float | None = None
    hold_out: float = 0.05
    seed: int = 0
    device: str = "cpu"
    progress: Progress = field(default_factory=Silent)
    loop: training.LoopSettings | None = None


@dataclass(frozen=True, slots=True)
class MaskOutcome:
    """How a masker's training ended.

    Attributes:
        step: The last step learnt.
        loss: Of that step.
        learnt: From how many faces.
        held_out: How many were held out.
        iou: Their mean intersection over union with their labels, 0 to 1; None where none were held out.
        weights: The file that keeps what was learnt.
    """

    step: int
    loss: float
    learnt: int
    held_out: int
    iou: float | None
    weights: Path


def train_masker(order: MaskOrder) -> MaskOutcome:
    """Teach a masker up to the wanted step, from the newest checkpoint of its folder on.

    Raises:
        RequestError: No face is labelled, their crops are too small for the masker, or the folder belongs to another
            masker or other settings.
        TrainingError: A loss is not finite, or a batch does not fit.
        StoreError: Another run trains in this folder, or it cannot be used.
        KeyboardInterrupt: After Ctrl-C, when the state is saved.
    """
    spec = order.masker.crop_spec
    faces, held = split(labelled_faces(order.facesets, spec), order.hold_out)
    with locked(order.folder, "training"):
        _keep_recipe(order)
        arrays = save_labelled(order.folder / "faces", faces, spec)
    watched = _Watched(order, faces, held)
    deck = LabelDeck(arrays, seed=order.seed, device=order.device)
    try:
        outcome = training.train(_training(order, deck, watched))
    finally:
        weights = _publish(order.folder)
    mean = watched.measure(order.masker, outcome.step)["iou"] if held else None
    return MaskOutcome(outcome.step, float(outcome.losses["mask"]), len(faces), len(held), mean, weights)


def _training(order: MaskOrder, deck: LabelDeck, watched: _Watched) -> training.Training:
    offer = order.chosen.offer
    return training.Training(
        model=order.masker,
        data=deck,
        folder=order.folder,
        steps=order.steps,
        offer_name=order.chosen.name,
        blame=lambda doing: blaming(offer, doing),
        device=order.device,
        model_settings=order.chosen.config.model_dump(mode="json"),
        watched=("mask",),
        draw_preview=watched.sheet,
        measure=watched.measure if watched.held else None,
        settings=order.loop or training.LoopSettings(measure_every_steps=500),
        progress=order.progress,
        stop=_clock(order.for_s),
        revision=offer.spec.revision,
        title="train masker",
    )


def _clock(for_s: float | None) -> Callable[[], bool]:
    end_s = None if for_s is None else time.monotonic() + for_s
    return lambda: end_s is not None and time.monotonic() >= end_s


class _Watched:
    """The faces by which a training is shown and measured: the held-out ones first."""

    def __init__(self, order: MaskOrder, faces: Sequence[LabelledFace], held: Sequence[LabelledFace]) -> None:
        self._order, self.held = order, held
        self._spec = order.masker.crop_spec
        shown = [*_spread(held, _SHOWN // 2), *_spread(faces, _SHOWN)][:_SHOWN]
        self._shown = [face.at(self._spec) for face in shown]
        self._heading = f"{order.chosen.name}: held-out faces first ({min(len(held), _SHOWN // 2)}), then learnt ones"

    def sheet(self, masker: Masker) -> U8:
        """Return a sheet with the masks of a few faces."""
        crops, labels = [crop for crop, _ in self._shown], [label for _, label in self._shown]
        return mask_preview(crops, labels, self._masks(masker, crops), self._heading)

    def measure(self, masker: Masker, step: int) -> dict[str, float]:
        """Return the mean intersection over union of the held-out faces with their labels, and keep that of each."""
        found, all_found = dict[str, float](), list[float]()
        for first in range(0, len(self.held), _BATCH):
            some = self.held[first : first + _BATCH]
            pairs = [face.at(self._spec) for face in some]
            masks = self._masks(masker, [crop for crop, _ in pairs])
            for face, (crop, label), mask in zip(some, pairs, masks, strict=True):
                found[face.row.name] = mask_iou(
                    resize_square(mask.values, crop.size), np.divide(label, 255, dtype=np.float32)
                )
                all_found.append(found[face.row.name])  # faces of two facesets may have one name
        mean = float(np.mean(all_found))
        _keep_measure(self._order.folder, {"step": step, "iou": mean, "faces": found})
        return {"iou": mean, "score": 1.0 - mean}

    def _masks(self, masker: Masker, crops: Sequence[Crop]) -> list[Mask]:
        with blaming(self._order.chosen.offer, "masking labelled faces"):
            return check_masks(masker.mask(crops), crops)


def _spread(faces: Sequence[LabelledFace], count: int) -> list[LabelledFace]:
    places = np.linspace(0, len(faces) - 1, min(len(faces), count)) if faces else ()
    return [faces[place] for place in sorted({round(place) for place in places})]


def _keep_recipe(order: MaskOrder) -> None:
    """Write what learns in a folder, or refuse a folder in which something else did."""
    path = order.folder / RECIPE_NAME
    recipe: dict[str, Any] = json.loads(json.dumps(order.chosen.recipe()))
    before = read_json(path)
    changed = differences(before, recipe) if before is not None else []
    if changed:
        raise RequestError(
            f"{order.folder} holds the training of the masker {before.get('name')!r} with other settings: "
            f"{', '.join(changed)}\n  use the same, or name another folder with --out"
        )
    write_json(path, recipe)


def _publish(folder: Path) -> Path:
    """Lay the newest weights where their user looks for them, and return the file."""
    path = folder / WEIGHTS_NAME
    newest = training.Checkpoints(folder).newest(lambda _: None)
    if newest is not None:
        with whole_file(path) as part:
            shutil.copyfile(newest.path / WEIGHTS_NAME, part)
    return path


def _keep_measure(folder: Path, found: dict[str, Any]) -> None:
    try:
        before = read_json(folder / MEASURED_NAME) or []
    except StoreError:
        before = []  # a measure is easily taken again; it must not end a training
    kept = [entry for entry in before if entry["step"] < found["step"]]
    write_json(folder / MEASURED_NAME, [*kept, found])
