"""How does a masker learn from masks that people drew, and how does it mask a whole faceset?

The names below are each loaded when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from .applying import Applied, apply_masker
    from .choosing import choose_masker
    from .deck import LabelDeck
    from .drawing import shown_faces
    from .labelled import LabelledFace, labelled_faces
    from .learning import MaskOrder, MaskOutcome, train_masker

__all__ = [
    "Applied",
    "LabelDeck",
    "LabelledFace",
    "MaskOrder",
    "MaskOutcome",
    "apply_masker",
    "choose_masker",
    "labelled_faces",
    "shown_faces",
    "train_masker",
]

_ROOMS: Final = {
    "applying": ("Applied", "apply_masker"),
    "choosing": ("choose_masker",),
    "deck": ("LabelDeck",),
    "drawing": ("shown_faces",),
    "labelled": ("LabelledFace", "labelled_faces"),
    "learning": ("MaskOrder", "MaskOutcome", "train_masker"),
}


def __getattr__(name: str) -> Any:
    """Load the file that holds a public name."""
    for room, names in _ROOMS.items():
        if name in names:
            return getattr(importlib.import_module(f".{room}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
