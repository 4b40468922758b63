"""Which merged frames stick out, in which measure, and against what?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from understudy_sdk.types import F64

from .figures import FaceFigures, FrameFigures

__all__ = ["LIMITS", "MEASURES", "Limit", "Outlier", "outliers_of"]


@dataclass(frozen=True, slots=True)
class Limit:
    """From where on a measure of a face sticks out.

    Attributes:
        high: Above this it does, whatever the other frames measure.
        low: Below this it does; None where less is never worse.
        spread: How far values of one track vary at least without anybody seeing it.
    """

    high: float
    low: float | None
    spread: float


LIMITS: Final = {
    "seam": Limit(high=1.8, low=None, spread=0.06),
    "color": Limit(high=20.0, low=None, spread=0.5),
    "flicker": Limit(high=6.0, low=None, spread=0.3),
    "sharpness": Limit(high=2.5, low=0.25, spread=0.06),
}
MEASURES: Final = tuple(LIMITS)
"""What is measured of each face."""

_FAR: Final = 6.0
"""From so many spreads above the track's usual value a face sticks out."""

_USUAL_FACES: Final = 12
"""Faces of a track from which on something is usual."""


@dataclass(frozen=True, slots=True)
class Outlier:
    """A frame that sticks out.

    Attributes:
        frame: Its position in the clip, from 0.
        measure: In what: one of ``MEASURES``, or ``outside``: samples changed that lie under no mask.
        value: What it measures.
        usual: The median of its track; 0 of samples outside; None where nothing is usual.
        score: How far beyond, in spreads of the track or shares of the limit; more is worse.
        face: Which face; None where it is about the frame.
    """

    frame: int
    measure: str
    value: float
    usual: float | None
    score: float
    face: FaceFigures | None = None


def outliers_of(frames: Sequence[FrameFigures]) -> tuple[Outlier, ...]:
    """Return what sticks out of a clip's frames, in their order.

    Samples changed outside always do. A face does beyond a measure's limit, and where it is far from what is usual on
    its track: beyond the median by six times 1.4826 median absolute deviations.
    """
    found = [Outlier(one.frame, "outside", one.outside, 0.0, one.outside) for one in frames if one.outside]
    tracks: dict[tuple[int, int], list[tuple[int, FaceFigures]]] = {}
    for one in frames:
        for face in one.faces:
            tracks.setdefault((face.swap, face.track), []).append((one.frame, face))
    for faces in tracks.values():
        for measure in MEASURES:
            found.extend(_outliers(faces, measure))
    return tuple(sorted(found, key=lambda one: (one.frame, one.measure != "outside")))


def _outliers(faces: Sequence[tuple[int, FaceFigures]], measure: str) -> Iterator[Outlier]:
    known = [(frame, face) for frame, face in faces if getattr(face, measure) is not None]
    if not known:
        return
    values, limit = np.array([getattr(face, measure) for _, face in known], np.float64), LIMITS[measure]
    usual, scores = None, _beyond(values, limit)
    if len(known) >= _USUAL_FACES:
        usual = float(np.median(values))
        spread = max(1.4826 * float(np.median(np.abs(values - usual))), limit.spread)
        away = (values - usual) if limit.low is None else np.abs(values - usual)
        scores = np.maximum(scores, away / (_FAR * spread))
    for (frame, face), value, score in zip(known, values, scores, strict=True):
        if score > 1.0:
            yield Outlier(frame, measure, float(value), usual, float(score), face)


def _beyond(values: F64, limit: Limit) -> F64:
    """Return values in shares of their limit: above 1 is beyond."""
    above = values / limit.high
    return above if limit.low is None else np.maximum(above, limit.low / np.maximum(values, 1e-9))
