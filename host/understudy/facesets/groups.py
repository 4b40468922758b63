"""Into which groups do the faces of a set fall?"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from understudy.errors import RequestError
from understudy.faceset import NO_TRACK, Faceset
from understudy.progress import Progress

from .facts import FaceFacts
from .metrics import METRICS
from .orders import figures

__all__ = ["GROUPINGS", "Group", "Grouping", "grouped"]

_Key = tuple[float | str, ...]
"""What a group is sorted by among the groups of one grouping."""

BY_NAME: Final[dict[str, Callable[[FaceFacts], tuple[_Key, str]]]] = {
    "person": lambda face: ((float(not face.person), face.person), face.person or "nobody named"),
    "track": lambda face: (
        (float(face.track == NO_TRACK), float(face.track)),
        "no track" if face.track == NO_TRACK else f"track {face.track}",
    ),
    "clip": lambda face: ((face.clip, face.fingerprint), face.clip),
    "origin": lambda face: ((str(face.origin),), str(face.origin)),
}
"""Groupings by what a face belongs to: what its group is sorted by, and the group's label."""

GROUPINGS: Final = (*BY_NAME, *(name for name, metric in METRICS.items() if metric.among is None))
"""Every grouping; those by a metric cut the range of its figures into bins."""


@dataclass(frozen=True, slots=True)
class Grouping:
    """How faces are to be grouped: by one of ``GROUPINGS``, a metric's range cut into ``bins`` of equal width."""

    by: str
    bins: int = 5

    @classmethod
    def parse(cls, text: str) -> Grouping:
        """Read ``NAME`` or ``NAME:BINS``.

        Raises:
            RequestError: There is no such grouping, or the bins are no number above 0.
        """
        name, colon, bins = text.partition(":")
        if name not in GROUPINGS:
            near = difflib.get_close_matches(name, GROUPINGS, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise RequestError(f"there is no grouping by {name!r}.{hint}\n  there is: {', '.join(GROUPINGS)}")
        if colon and not (bins.isdecimal() and int(bins)):
            raise RequestError(f"a grouping is written NAME or NAME:BINS, such as yaw:7, but is {text!r}")
        return cls(name, int(bins)) if colon else cls(name)


@dataclass(frozen=True, slots=True)
class Group:
    """Faces that belong together.

    Attributes:
        label: What they have in common.
        names: Of their pictures, in the order they came.
    """

    label: str
    names: tuple[str, ...]


def grouped(
    index: Faceset, facts: Sequence[FaceFacts], names: Sequence[str], grouping: Grouping, progress: Progress
) -> list[Group]:
    """Return ordered names in groups; within each they keep their order.

    Args:
        index: Open for writing where the grouping is by a metric that measures pictures.
        facts: The faces.
        names: In the order wanted.
        grouping: How.
        progress: Hears how many pictures are measured.
    """
    if grouping.by in BY_NAME:
        of_face = {face.name: BY_NAME[grouping.by](face) for face in facts}
    else:
        of_face = _binned(figures(index, facts, METRICS[grouping.by], progress), grouping)
    members = dict[tuple[_Key, str], list[str]]()
    rest = list[str]()
    for name in names:
        if name in of_face:
            members.setdefault(of_face[name], []).append(name)
        else:
            rest.append(name)
    groups = [Group(label, tuple(of_one)) for (_, label), of_one in sorted(members.items())]
    return [*groups, Group("damaged", tuple(rest))] if rest else groups


def _binned(values: dict[str, float], grouping: Grouping) -> dict[str, tuple[_Key, str]]:
    if not values:
        return {}
    low, high = min(values.values()), max(values.values())
    width = (high - low) / grouping.bins or 1.0
    found = dict[str, tuple[_Key, str]]()
    for name, value in values.items():
        number = min(int((value - low) / width), grouping.bins - 1)
        start = low + number * width
        found[name] = ((float(number),), f"{grouping.by} {start:.4g} to {start + width:.4g}")
    return found
