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

    def get(self, chosen: Chosen) -> Merger:
        """Return a merger with exactly these settings."""
        key = chosen.name, chosen.config.model_dump_json()
        merger = self._built.get(key)
        if merger is None:
            merger = self._built[key] = chosen.build(self._resources)
        self._built.move_to_end(key)
        if len(self._built) > _KEPT:
            self._built.popitem(last=False)
        return merger
