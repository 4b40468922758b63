"""Where are the mergers that keyframes ask for, a slightly other one at every frame?"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from understudy.project import Chosen
from understudy_sdk import Merger, Resources

__all__ = ["MergerShelf"]

_KEPT: Final = 16
"""Built mergers at a time: frames come in their order, so one that was not asked for lately hardly comes back."""


class MergerShelf:
    """Builds mergers and keeps the last few."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._built: OrderedDict[tuple[str, str], Merger] = OrderedDict()
        self._latest: tuple[Chosen, Merger] | None = None  # mostly it is asked for again

    def get(self, chosen: Chosen) -> Merger:
        """Return a merger with exactly these settings."""
        if self._latest is not None and self._latest[0] is chosen:
            return self._latest[1]
        key = chosen.name, chosen.config.model_dump_json()
        merger = self._built.get(key)
        if merger is None:
            merger = self._built[key] = chosen.build(self._resources)
        self._built.move_to_end(key)
        if len(self._built) > _KEPT:
            self._built.popitem(last=False)
        self._latest = chosen, merger
        return merger
