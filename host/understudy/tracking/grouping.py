"""Which tracks are of one person?

Agglomerative clustering with average linkage: the two most alike groups are made one, again and again, until no two are
alike enough. Two faces that are seen in one frame are two people, so their groups never become one.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from understudy_sdk.types import F32

__all__ = ["group_tracks"]


def group_tracks(vectors: F32, apart: Iterable[tuple[int, int]], same_person: float) -> list[int]:
    """Return the number of each track's group, from 0 in the order of their first members.

    Args:
        vectors: float32 (N, D), unit rows: how each track looks.
        apart: Pairs of tracks, by row, that are of two people.
        same_person: The mean similarity of the members of two groups from which on they are one person.
    """
    count = len(vectors)
    alike = (vectors @ vectors.T).astype(np.float64)
    for one, other in apart:
        alike[one, other] = alike[other, one] = -np.inf
    np.fill_diagonal(alike, -np.inf)
    sizes, group = np.ones(count), np.arange(count)
    nearest = alike.argmax(axis=1) if count else np.empty(0, np.intp)
    best = alike[np.arange(count), nearest]
    while count and best.max() >= same_person:
        one = int(best.argmax())
        one, other = sorted((one, int(nearest[one])))
        merged = (sizes[one] * alike[one] + sizes[other] * alike[other]) / (sizes[one] + sizes[other])
        alike[one], alike[:, one] = merged, merged
        alike[other], alike[:, other] = -np.inf, -np.inf
        alike[one, one] = -np.inf
        sizes[one] += sizes[other]
        group[group == other] = one
        # Only groups whose nearest one has changed can have another nearest now, or have come nearer to the new one.
        changed = np.flatnonzero((nearest == one) | (nearest == other) | (alike[:, one] > best))
        changed = np.union1d(changed, (one, other))
        nearest[changed] = alike[changed].argmax(axis=1)
        best[changed] = alike[changed, nearest[changed]]
    numbers: dict[int, int] = {}
    return [numbers.setdefault(int(first), len(numbers)) for first in group]
