"""Which plugins does a project shut out, and which distributions does it need?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from understudy import plugins
from understudy.distributions import requirement_fault
from understudy.plugins import Registry
from understudy_sdk import UnderstudyError

from .overrides import Override, apply_overrides
from .places import Document, Problem
from .raw import mapping_at, texts_at

__all__ = ["BLOCKED_BY", "blocked_names", "check_required", "discover_for"]

BLOCKED_BY: Final = "the project's plugins.block"


def discover_for(path: Path, overrides: Sequence[Override] = ()) -> Registry:
    """Find the installed plugins for a project; those that it blocks are not even loaded.

    What is wrong with the file is left to ``load_project``.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        if "block" not in text and not any("block" in str(one) for one in overrides):
            return plugins.discover()
        document = Document(path, text)
        apply_overrides(document, overrides)
    except (OSError, ValueError, UnderstudyError):
        return plugins.discover()
    return plugins.discover(blocked_names(document.data), BLOCKED_BY)


def blocked_names(data: Any) -> list[str]:
    """Return the entry points that a project's data shuts out."""
    return [text for _, text in texts_at(mapping_at(data, "plugins"), "block")]


def check_required(data: Any) -> Iterator[Problem]:
    """Yield a problem for each distribution that the project needs and that is not here, or not in that version."""
    for index, text in texts_at(mapping_at(data, "plugins"), "require"):
        if fault := requirement_fault(text):
            yield Problem(("plugins", "require", index), fault)
