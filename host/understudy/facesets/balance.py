"""Which few of many faces show a person from all sides, each side as often as there is something to show?

DeepFaceLab's choice of the best faces, with bins over yaw and pitch together: every bin gives as many faces as the
others, as far as it has them, and what poor bins lack is taken from the rich ones. In a bin the faces of the greatest
figure are candidates, and of these the ones that differ most are taken, beginning with the best.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from understudy.faceset import Faceset
from understudy.progress import Progress
from understudy_sdk.types import F32

from .chains import picture_distances, small_grey
from .facts import FaceFacts
from .looking import look_at

__all__ = ["choose_best", "fair_shares"]

YAW_LIMIT_DEG: Final = 70.0
PITCH_LIMIT_DEG: Final = 45.0
BIN_DEG: Final = 5.0
"""Side of a bin; faces beyond the limits fall into the outermost ones."""

CANDIDATES: Final = 10
"""How many candidates there are for each face taken from a bin."""

_Bin = tuple[int, int]


def choose_best(
    index: Faceset, facts: Sequence[FaceFacts], figure: Mapping[str, float], count: int, progress: Progress
) -> list[str]:
    """Return the names of ``count`` faces that are even over yaw and pitch, fewer where there are not as many.

    Args:
        index: The faceset.
        facts: The faces to choose from.
        figure: Of each face, more is better; faces without one are left out.
        count: How many are wanted.
        progress: Hears how many faces are looked at.
    """
    bins = dict[_Bin, list[str]]()
    for face in facts:
        if face.name in figure:
            bins.setdefault(_bin(face), []).append(face.name)
    places = sorted(bins)
    shares = fair_shares([len(bins[place]) for place in places], count)
    chosen = list[str]()
    progress.start("choose faces", len(places), "poses")
    for place, share in zip(places, shares, strict=True):
        ranked = sorted(bins[place], key=lambda name: -figure[name])
        chosen += _unlike(index, ranked[: CANDIDATES * share], share)
        progress.advance()
    progress.finish()
    return chosen


def fair_shares(sizes: Sequence[int], count: int) -> list[int]:
    """Return how many each bin gives, so that they add up to ``count`` and none gives more than it has.

    All give the same as far as they can; where that leaves a rest smaller than the number of bins that have more, it is
    spread evenly over those.
    """
    shares = [0] * len(sizes)
    wanted = min(count, sum(sizes))
    while (missing := wanted - sum(shares)) > 0:
        open_bins = [number for number, size in enumerate(sizes) if size > shares[number]]
        each = min(missing // len(open_bins), *(sizes[number] - shares[number] for number in open_bins))
        if each == 0:
            for step in range(missing):
                shares[open_bins[(2 * step + 1) * len(open_bins) // (2 * missing)]] += 1
            break
        for number in open_bins:
            shares[number] += each
    return shares


def _bin(face: FaceFacts) -> _Bin:
    yaw = np.clip(face.yaw_deg, -YAW_LIMIT_DEG, YAW_LIMIT_DEG)
    pitch = np.clip(face.pitch_deg, -PITCH_LIMIT_DEG, PITCH_LIMIT_DEG)
    return int(np.floor(yaw / BIN_DEG)), int(np.floor(pitch / BIN_DEG))


def _unlike(index: Faceset, candidates: Sequence[str], count: int) -> list[str]:
    """Return the first candidate, then again and again the one farthest from its nearest among those taken."""
    if len(candidates) <= count:
        return list(candidates)
    seen = [(name, features) for name, features in look_at(index, candidates, small_grey) if features is not None]
    if not seen or count == 0:
        return []
    names = [name for name, _ in seen]
    features: F32 = np.stack([of_one for _, of_one in seen])
    taken, nearest = [0], picture_distances(features[0], features)
    while len(taken) < min(count, len(names)):
        nearest[taken[-1]] = -1.0  # those taken are never taken again
        taken.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, picture_distances(features[taken[-1]], features))
    return [names[place] for place in taken]
