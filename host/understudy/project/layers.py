"""What do choices of a stage that lie over each other come to?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .meaning import Stated
from .places import Loc

__all__ = ["Layer", "Settings", "laid_over"]

Layer = tuple[Loc, Any]
"""A place that may state ``use`` and ``with``, and what stands there."""

Settings = dict[str, tuple[Loc, Any]]
"""A stage's settings by name: where each stands, and what stands there."""


def laid_over(layers: Sequence[Layer]) -> tuple[Stated | None, Stated | None, Settings] | None:
    """Return what ``use``, ``from`` and the settings are in the end; None where a layer is of the wrong shape.

    A layer that names another plugin starts afresh; any other replaces single settings.
    """
    use: Stated | None = None
    by: Stated | None = None
    settings: Settings = {}
    for loc, node in layers:
        if node is None:
            continue
        named, given = (node.get("use"), node.get("with", {})) if isinstance(node, dict) else (node, None)
        if not isinstance(given, dict) or not (named is None or isinstance(named, str)):
            return None
        if named is not None:
            is_same = use is not None and named == use[1]
            settings, by = (settings, by) if is_same else ({}, None)
            use = (*loc, "use"), named
        if isinstance(node, dict) and isinstance(node.get("from"), str):
            by = (*loc, "from"), node["from"]
        settings |= {str(name): ((*loc, "with", str(name)), value) for name, value in given.items()}
    return use, by, settings
