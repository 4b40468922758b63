"""How good is a model by now? All measures of it on faces that it has not learnt from, in one go."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from understudy.answers import check_swaps
from understudy_sdk import Crop, Model, Side, Swap, TrainableModel
from understudy_sdk.types import F32
from understudy_sdk.warp import resize_square

from .expression import ExpressionError, expression_error
from .faces import MeasuredFaces
from .flicker import flicker
from .haarpsi import haar_psi
from .looking import Look
from .similarity import color_difference, mask_iou, ssim

__all__ = ["MEASURES", "Meaning", "Measuring"]

_BATCH: Final = 16
"""Crops that a model is given at once."""
_LOOKED_AT: Final = 32
"""Faces at most whose landmarks are looked for: aligners can be slow."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a measure says.

    Attributes:
        words: Its name for people.
        unit: Of its values; may be empty.
        is_more_better: Whether a higher value is a better one; None where it only says what others are to be seen with.
    """

    words: str
    unit: str
    is_more_better: bool | None


MEASURES: Final = {
    "score": Meaning("Score: 1 less the perceptual similarity of both sides", "", False),
    "haarpsi_source": Meaning("Perceptual similarity (HaarPSI), source rebuilt", "", True),
    "haarpsi_target": Meaning("Perceptual similarity (HaarPSI), target rebuilt", "", True),
    "ssim_source": Meaning("Structural similarity, source rebuilt", "", True),
    "ssim_target": Meaning("Structural similarity, target rebuilt", "", True),
    "color_source": Meaning("Colour difference, source rebuilt", "CIEDE2000", False),
    "color_target": Meaning("Colour difference, target rebuilt", "CIEDE2000", False),
    "mask_iou": Meaning("Learnt mask's overlap with the stored one", "", True),
    "expression": Meaning("Landmark error of the swap", "% of the eyes' distance", False),
    "expression_shape": Meaning("Landmark error of the swap, face laid over face", "% of the eyes' distance", False),
    "expression_eyes": Meaning("Landmark error of the swap's eyes", "% of the eyes' distance", False),
    "expression_mouth": Meaning("Landmark error of the swap's mouth", "% of the eyes' distance", False),
    "expression_target": Meaning("The same error of the target's own faces", "% of the eyes' distance", None),
    "aligned": Meaning("Share of swaps on which the aligner sees a face", "", True),
    "flicker": Meaning("Flicker of the swap beyond the footage's", "levels of 255", False),
    "flicker_swap": Meaning("Flicker of the swap", "levels of 255", None),
    "flicker_target": Meaning("Flicker of the footage", "levels of 255", None),
}
"""All measures, by the names that records have."""


class Measuring:
    """Measures models with the same faces again and again.

    What cannot be measured is left out: masks of a model that draws none, rebuilt faces of a model that does not
    learn, flicker where no two faces follow each other, landmarks without an aligner.
    """

    def __init__(self, source: MeasuredFaces | None, target: MeasuredFaces, look: Look | None = None) -> None:
        """Take in what to measure with.

        Args:
            source: The source's faces; without them, only swaps are measured.
            target: The target's.
            look: Looks for landmarks, as the target's were found.
        """
        self._source, self._target, self._look = source, target, look
        self._pictures = {
            side: faces.pictures for side, faces in ((Side.SOURCE, source), (Side.TARGET, target)) if faces
        }
        self._floor: float | None = None

    def __call__(self, model: Model) -> dict[str, float]:
        """Return the measures by name, those of ``MEASURES`` that there are; ``score`` is better when lower."""
        found: dict[str, float] = {}
        if isinstance(model, TrainableModel) and self._source is not None:
            for side, faces in ((Side.SOURCE, self._source), (Side.TARGET, self._target)):
                found |= self._rebuilt(model, side, faces)
            found = {"score": 1.0 - (found["haarpsi_source"] + found["haarpsi_target"]) / 2, **found}
        swaps = [swap for crops in _batches(self._target.crops) for swap in check_swaps(model.swap(crops), crops)]
        found |= self._masks(swaps)
        pictures = [_fitted(swap.rgb, crop.size) for swap, crop in zip(swaps, self._target.crops, strict=True)]
        return found | self._expressions(pictures) | self._flicker(pictures)

    def _rebuilt(self, model: TrainableModel, side: Side, faces: MeasuredFaces) -> dict[str, float]:
        swaps = [swap for crops in _batches(faces.crops) for swap in model.rebuild(crops, side)]
        pictures = [_fitted(swap.rgb, crop.size) for swap, crop in zip(swaps, faces.crops, strict=True)]
        triples = list(zip(self._pictures[side], pictures, faces.masks, strict=True))
        return {
            f"haarpsi_{side}": _mean(haar_psi(*triple) for triple in triples),
            f"ssim_{side}": _mean(ssim(*triple) for triple in triples),
            f"color_{side}": _mean(color_difference(*triple) for triple in triples),
        }

    def _masks(self, swaps: Sequence[Swap]) -> dict[str, float]:
        pairs = [
            (resize_square(swap.target_mask, len(mask)), mask)
            for swap, mask in zip(swaps, self._target.masks, strict=True)
            if swap.target_mask is not None
        ]
        return {"mask_iou": _mean(mask_iou(*pair) for pair in pairs)} if pairs else {}

    def _expressions(self, swaps: Sequence[F32]) -> dict[str, float]:
        """Return how far landmarks of the swaps, laid over their targets, lie from the targets'."""
        if self._look is None:
            return {}
        places = np.unique(np.linspace(0, len(swaps) - 1, min(len(swaps), _LOOKED_AT)).round().astype(int)).tolist()
        targets, masks = self._pictures[Side.TARGET], self._target.masks
        laid = [targets[at] + (swaps[at] - targets[at]) * masks[at][..., None] for at in places]
        if self._floor is None:
            self._floor = _mean(error.shape for error in self._errors([targets[at] for at in places], places))
        if not np.isfinite(self._floor):  # an aligner that sees none of the target's own crops says nothing of swaps
            return {}
        errors = self._errors(laid, places)
        found = {"aligned": len(errors) / len(places)}
        for name, part in (("", "all"), ("_shape", "shape"), ("_eyes", "eyes"), ("_mouth", "mouth")):
            found[f"expression{name}"] = _mean(getattr(error, part) for error in errors)
        found["expression_target"] = self._floor
        return {name: value for name, value in found.items() if np.isfinite(value)}

    def _errors(self, pictures: Sequence[F32], places: Sequence[int]) -> list[ExpressionError]:
        assert self._look is not None
        wanted = [self._target.crops[at].landmarks for at in places]
        found = self._look(pictures, wanted)
        return [expression_error(one, should) for one, should in zip(found, wanted, strict=True) if one is not None]

    def _flicker(self, swaps: Sequence[F32]) -> dict[str, float]:
        targets, masks = self._pictures[Side.TARGET], self._target.masks
        found = [
            flicker((swaps[one], swaps[other]), (targets[one], targets[other]), masks[other])
            for one, other in self._target.neighbours
        ]
        if not found:
            return {}
        swap, target = _mean(one.swap for one in found), _mean(one.target for one in found)
        return {"flicker": swap - target, "flicker_swap": swap, "flicker_target": target}


def _batches(crops: Sequence[Crop]) -> Iterable[Sequence[Crop]]:
    return (crops[first : first + _BATCH] for first in range(0, len(crops), _BATCH))


def _fitted(rgb: F32, size: int) -> F32:
    return np.clip(resize_square(rgb, size) if len(rgb) != size else rgb, 0.0, 1.0)


def _mean(values: Iterable[float]) -> float:
    known = list(values)
    return float(np.mean(known)) if known else float("nan")
