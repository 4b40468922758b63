"""Where do a track's points lie once the finder's trembling is taken out and the face's own motion left in?

A filter along one track that sees past and future alike, so it does not lag. Parabolas over time are fitted around each
frame, through shorter and through longer stretches of it. What a longer stretch takes away from a shorter one is
dropped where the track's noise explains it and kept where it is more: wavelets are shrunk by blocks in the same way
(T. T. Cai, "Adaptive wavelet estimation: a block thresholding approach", Annals of Statistics 27, 1999); a block here
is a part of the face in one frame. So a still face is averaged over many frames, a pan passes as it is, and in a jump,
a shake or a blink the points are the finder's own. Where the face lies and how each part moves within it are judged
apart: a blink is a matter of one eye.

All is measured in seconds. A frame's result depends on frames at most ``REACH_S`` away and on no others, to the bit, so
a track may be worked on in windows; what holds for all of it, the noise, is measured beforehand and handed in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from understudy_sdk import InvalidValueError
from understudy_sdk.types import F32, F64

from .noise import Noise, energies
from .parabolas import Around, around, bells, parabola_weights, weighted_sums
from .parts import LANDMARK_PARTS, OPENINGS, PARTS, placings_of, to_frame, to_local

__all__ = ["REACH_S", "SteadyingPlan", "steady", "steadying_plan"]

_LONGEST_S: Final = 0.36  # how far, each way, the longest stretch goes at strength 1
_STRETCHES: Final = (0.4, 0.65, 1.0)  # shares of it
_JUDGED_S: Final = 0.14  # over which, each way, one verdict is shared: a blink's first frame alone looks like noise
_ALONE: Final = 0.5  # how much a frame's own energy counts beside that: a single one far above the noise is kept
_OPENING: Final = 0.6  # how much what a lid or the lips do counts: one number spreads wider than all of a part
_EXPLAINED: Final = 3.0  # times the noise's energy, up to which nothing is kept; a part's energy spreads widely
_DECISION: Final = 3.0  # how quickly more than that is kept
_NOTHING: Final = 1e-4  # a stretch that adds less variance than this share of the noise adds no frames

REACH_S: Final = _LONGEST_S + _JUDGED_S
"""How far away, in seconds, another frame can be and still change a frame's result, at any strength."""


@dataclass(frozen=True, slots=True, eq=False)
class SteadyingPlan:
    """How much of which frames makes each frame of a track; made from its landmarks, applied to all its points.

    Attributes:
        placings: float64 (T, 4), where the face was found to lie in each frame.
        near: The frames around each; None at strength 0.
        weights: float64 (1 + parts, T, K), of these frames: for the placing, then for each of PARTS.
    """

    placings: F64
    near: Around | None
    weights: F64

    def apply(self, points: F32, parts: npt.NDArray[np.intp] = LANDMARK_PARTS) -> F32:
        """Return the track's points, steadied.

        Args:
            points: float32 (T, P, D), x y or x y z in px, of the frames that the plan was made from.
            parts: intp (P,), to which of PARTS each belongs; for a dense mesh see ``parts_of_mesh``.

        Returns:
            float32 (T, P, D); at strength 0 the points as they are, to the bit.
        """
        if points.shape[:2] != (len(self.placings), len(parts)):
            raise InvalidValueError("points to steady", str(points.shape), f"({len(self.placings)}, {len(parts)}, D)")
        if self.near is None:
            return points.copy()
        local = to_local(self.placings, points)
        steadied = np.empty_like(local)
        for part in range(len(PARTS)):
            own = parts == part
            moved = local[:, own].reshape(len(local), -1)  # (T, points of this part × D)
            moved = weighted_sums(self.near, self.weights[1 + part], moved)
            steadied[:, own] = moved.reshape(len(local), -1, local.shape[2])
        placings = weighted_sums(self.near, self.weights[0], self.placings)
        return to_frame(placings, steadied).astype(np.float32)


def steady(times_s: F64, landmarks: F32, noise: Noise, strength: float) -> F32:
    """Return one track's landmarks, steadied; see ``steadying_plan`` for the arguments, and to steady a mesh too."""
    return steadying_plan(times_s, landmarks, noise, strength).apply(landmarks)


def steadying_plan(times_s: F64, landmarks: F32, noise: Noise, strength: float) -> SteadyingPlan:
    """Return how to steady one track, or a window of it that reaches ``REACH_S`` beyond the frames wanted.

    Args:
        times_s: float64 (T,), ascending; they need not be even, and frames may be missing.
        landmarks: float32 (T, 68, 2), x y in px, as found.
        noise: Of the whole track, see ``noise_of``.
        strength: 0 leaves all as it is; 1 averages still faces over 0.7 s.

    Raises:
        InvalidValueError: Times do not ascend, or the strength is not between 0 and 1.
    """
    if not 0.0 <= strength <= 1.0:
        raise InvalidValueError("strength", str(strength), "between 0 and 1")
    if not (np.diff(times_s) > 0.0).all():
        raise InvalidValueError("times of a track", "some that do not ascend", "ascending seconds, one per face")
    placings = placings_of(landmarks)
    if strength == 0.0 or len(times_s) == 0:
        return SteadyingPlan(placings, None, np.empty((1 + len(PARTS), len(times_s), 0)))
    near = around(times_s, _LONGEST_S * strength)
    judged = around(times_s, _JUDGED_S)
    levels = np.square([noise.placing, *noise.parts, *noise.openings])[:, None]  # (1 + parts + openings, 1)
    values = np.concatenate([placings, to_local(placings, landmarks).reshape(len(times_s), -1)], axis=1)  # (T, 140)
    shorter, fitted = (near.seconds == 0.0).astype(np.float64), values
    weights = np.repeat(shorter[None], 1 + len(PARTS), axis=0)  # each frame by itself, to begin with
    steps, ratios = list[F64](), list[F64]()
    for share in _STRETCHES:
        longer = parabola_weights(near, _LONGEST_S * strength * share)
        smoother = weighted_sums(near, longer, values)
        taken = energies((smoother - fitted)[:, :4], (smoother - fitted)[:, 4:], placings)
        gain = np.cumsum((longer - shorter) ** 2, axis=1)[:, -1]  # of independent noise
        ratios.append(_times_the_noise(taken, levels * gain, judged, gain > _NOTHING))
        steps.append(longer - shorter)
        shorter, fitted = longer, smoother
    for finer, coarser in zip(ratios[-2::-1], ratios[:0:-1], strict=True):
        # a face that moves shows it over long stretches yet more than over short ones; noise, now and then, over short
        # ones alone
        finer[:] = np.minimum(finer, coarser)
    dropped = np.ones((1 + len(PARTS), len(times_s)))
    for step, ratio in zip(steps, ratios, strict=True):
        dropped = dropped * (_EXPLAINED / np.maximum(ratio, _EXPLAINED)) ** _DECISION
        weights += dropped[:, :, None] * step
    return SteadyingPlan(placings, near, weights)


def _times_the_noise(taken: F64, explained: F64, judged: Around, counts: npt.NDArray[np.bool_]) -> F64:
    """Return float64 (1 + parts, T): how many times what noise explains was taken away around each frame.

    Args:
        taken: float64 (1 + parts + openings, T), energies of what was taken away.
        explained: float64, the same shape, their mean if all of it were noise.
        judged: The frames that share a verdict.
        counts: bool (T,), where anything was taken away at all.
    """
    floor = np.finfo(np.float64).tiny
    ratios = np.where(counts, taken / np.maximum(explained, floor), 0.0)
    bell = bells(judged, _JUDGED_S) * counts[judged.index]
    total = np.cumsum(bell, axis=1)[:, -1:]
    shared = weighted_sums(judged, bell / np.maximum(total, floor), ratios.T).T
    ratios = np.maximum(shared, _ALONE * ratios)
    ratios, openings = np.split(ratios, [1 + len(PARTS)])
    for (part, *_), opening in zip(OPENINGS, openings, strict=True):
        ratios[1 + part] = np.maximum(ratios[1 + part], _OPENING * opening)
    return ratios
