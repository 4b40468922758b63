"""How is data read of which nothing is certain yet, not even that a mapping is one?

The checks of the second pass run also where the first one found faults, so that all come out at once. They read
through these functions, which pass over what has the wrong shape: the first pass has said so already.
"""

from __future__ import annotations

from typing import Any

__all__ = ["items_at", "mapping_at", "texts_at"]


def mapping_at(node: object, key: str) -> dict[str, Any]:
    """Return the mapping at a key, or an empty one."""
    value = node.get(key) if isinstance(node, dict) else None
    return value if isinstance(value, dict) else {}


def items_at(node: object, key: str) -> list[Any]:
    """Return the list at a key, or an empty one."""
    value = node.get(key) if isinstance(node, dict) else None
    return value if isinstance(value, list) else []


def texts_at(node: object, key: str) -> list[tuple[int, str]]:
    """Return the texts of the list at a key, each with its position."""
    return [(index, item) for index, item in enumerate(items_at(node, key)) if isinstance(item, str)]
