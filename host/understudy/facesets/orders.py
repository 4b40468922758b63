"""In which order do the faces of a set come by a metric?

Nothing is renamed: an order is a list of names. What had to be measured on pictures is kept in the index, and so is the
last order made by each metric, so that other tools may show faces in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from understudy.faceset import Faceset
from understudy.progress import Progress
from understudy_sdk.types import F32

from .chains import (
    Distances,
    chain,
    color_histograms,
    far_from_all,
    grey_histogram,
    histogram_distances,
    picture_distances,
    shape_distances,
    small_picture,
)
from .facts import FaceFacts
from .looking import Sight, look_at
from .metrics import Metric

__all__ = ["Order", "figures", "make_order", "save_order", "saved_order"]

KEPT_ORDER: Final = "order:"
"""Begins the names under which the index keeps orders among its measures: a rank from 0 for each face."""


@dataclass(frozen=True, slots=True)
class Order:
    """The faces of a set, one after the other.

    Attributes:
        metric: What orders them.
        names: Of all pictures; those without a figure come last.
        values: Figure of each name that has one; for a chain the distance from the face before.
        damaged: Names of the pictures that cannot be read.
    """

    metric: str
    names: tuple[str, ...]
    values: dict[str, float]
    damaged: tuple[str, ...] = ()


def figures(
    index: Faceset, facts: Sequence[FaceFacts], metric: Metric, progress: Progress, *, again: bool = False
) -> dict[str, float]:
    """Return each face's figure by a metric that looks at one face at a time; damaged pictures have none.

    Args:
        index: Open for writing where the metric measures pictures, for the figures are kept in it.
        facts: The faces.
        metric: One with ``known`` or ``measured``.
        progress: Hears how many pictures are measured.
        again: Measure also what was measured before.
    """
    if metric.known is not None:
        return {face.name: metric.known(face) for face in facts}
    assert metric.measured is not None
    kept = {} if again else index.measures(metric.name)
    found = {face.name: kept[face.name] for face in facts if face.name in kept}
    missing = [face.name for face in facts if face.name not in found]
    if missing:
        progress.start(f"measure {metric.name}", len(facts), "faces", done=len(found))
        fresh = _measured(index, missing, metric.measured, progress)
        progress.finish()
        index.set_measures(metric.name, fresh)
        found.update(fresh)
    return found


def make_order(
    index: Faceset,
    facts: Sequence[FaceFacts],
    metric: Metric,
    progress: Progress,
    *,
    is_reversed: bool = False,
    again: bool = False,
) -> Order:
    """Return the faces in the order of a metric.

    Args:
        index: Open for writing.
        facts: The faces, in the order of clips and frames, which decides between equals.
        metric: Any.
        progress: Hears how far it is.
        is_reversed: Turn the order round; faces without a figure stay at the end.
        again: Measure also what was measured before.
    """
    if metric.among is None:
        values = figures(index, facts, metric, progress, again=again)
        sign = -1.0 if metric.descending else 1.0
        placed = sorted(values, key=lambda name: sign * values[name])
        unread = [face.name for face in facts if face.name not in values]
    else:
        placed, values, unread = _compared(index, facts, metric, progress)
    ordered = set(placed) | set(unread)
    without = [face.name for face in facts if face.name not in ordered]
    names = (*(reversed(placed) if is_reversed else placed), *without, *unread)
    return Order(metric.name, tuple(names), values, tuple(unread))


def save_order(index: Faceset, order: Order) -> None:
    """Keep an order in the index, in place of an earlier one by the same metric."""
    index.set_measures(KEPT_ORDER + order.metric, {name: float(rank) for rank, name in enumerate(order.names)})


def saved_order(index: Faceset, facts: Sequence[FaceFacts], metric: Metric) -> Order | None:
    """Return the order kept by a metric, or None where there is none or faces came since; a chain keeps no figures."""
    ranks = index.measures(KEPT_ORDER + metric.name)
    if any(face.name not in ranks for face in facts):
        return None
    names = sorted((face.name for face in facts), key=lambda name: ranks[name])
    if metric.known is not None:
        values = {face.name: metric.known(face) for face in facts}
    else:
        values = index.measures(metric.name) if metric.measured is not None else {}
    return Order(metric.name, tuple(names), values)


def _measured(
    index: Faceset, names: Sequence[str], measure: Callable[[Sight], float], progress: Progress
) -> dict[str, float]:
    found = dict[str, float]()
    for name, value in look_at(index, names, measure):
        if value is not None:
            found[name] = value
        progress.advance()
    return found


Placed = tuple[list[str], dict[str, float], list[str]]
"""Names in order, their figures, and the names of damaged pictures."""


@dataclass(frozen=True, slots=True)
class _Comparison:
    """How faces are compared: by what is seen of them (or by their landmarks), in a chain or each with all others."""

    distances: Distances
    seen: Callable[[Sight], F32] | None
    farthest: bool = False
    with_all: bool = False


_COMPARISONS: Final = {
    "histogram": _Comparison(histogram_distances, color_histograms),
    "histogram_far": _Comparison(histogram_distances, grey_histogram, with_all=True),
    "picture": _Comparison(picture_distances, small_picture),
    "picture_far": _Comparison(picture_distances, small_picture, farthest=True),
    "shape": _Comparison(shape_distances, None),
    "shape_far": _Comparison(shape_distances, None, with_all=True),
}


def _compared(index: Faceset, facts: Sequence[FaceFacts], metric: Metric, progress: Progress) -> Placed:
    if metric.among == "time":
        return [face.name for face in facts], {face.name: float(face.frame) for face in facts}, []
    if metric.among == "person":
        return _by_person(index, facts)
    assert metric.among is not None
    comparison = _COMPARISONS[metric.among]
    names, features, unread = _features(index, facts, comparison, progress)
    progress.start(f"compare by {metric.name}", len(names), "faces")
    if comparison.with_all:
        apart = far_from_all(features, comparison.distances, progress)
        order = [int(place) for place in np.argsort(-apart, kind="stable")]
        values = {name: float(value) for name, value in zip(names, apart, strict=True)}
    else:
        order, steps = chain(features, comparison.distances, progress, farthest=comparison.farthest)
        values = {names[place]: float(step) for place, step in zip(order, steps, strict=True)}
    progress.finish()
    return [names[place] for place in order], values, unread


def _features(
    index: Faceset, facts: Sequence[FaceFacts], comparison: _Comparison, progress: Progress
) -> tuple[list[str], F32, list[str]]:
    """Return names, features float32 (N, D), and the names of damaged pictures."""
    names, found, unread = list[str](), list[F32](), list[str]()
    if comparison.seen is None:
        seen: Iterable[tuple[str, F32 | None]] = ((face.name, face.shape.ravel()) for face in facts)
    else:
        seen = look_at(index, [face.name for face in facts], comparison.seen)
    progress.start("look at faces", len(facts), "faces")
    for name, features in seen:
        progress.advance()
        if features is None:
            unread.append(name)
        else:
            names.append(name)
            found.append(features)
    progress.finish()
    return names, np.stack(found) if found else np.zeros((0, 1), np.float32), unread


def _by_person(index: Faceset, facts: Sequence[FaceFacts]) -> Placed:
    """Order by person, then by how near a track's looks are to the person's mean, then by time."""
    people = index.people()
    vectors = dict[str, list[F32]]()
    for name, vector in people.values():
        vectors.setdefault(name, []).append(vector)
    means = {name: np.mean(of_one, axis=0) for name, of_one in vectors.items()}
    nearness = {track: _cosine(vector, means[name]) for track, (name, vector) in people.items()}
    known = [face for face in facts if face.track in people]
    known.sort(key=lambda face: (people[face.track][0], -nearness[face.track], face.track))
    return [face.name for face in known], {face.name: nearness[face.track] for face in known}, []


def _cosine(one: F32, other: F32) -> float:
    lengths = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / lengths if lengths > 0 else 0.0
