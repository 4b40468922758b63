"""What came of a comparison?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .frames import Span

__all__ = ["Comparison", "Row"]


@dataclass(frozen=True, slots=True)
class Row:
    """One combination.

    Attributes:
        label: What it is called.
        choices: Its labels by stage.
        steps: Steps that its models had learnt, one for each swap; 0 of one that learns nothing.
        figures: What was measured, by the names of ``COLUMNS``; empty where it cannot work.
        best: The figures in which no other one is better.
        why: Why it cannot work, or empty.
    """

    label: str
    choices: Mapping[str, str]
    steps: tuple[int, ...] = ()
    figures: Mapping[str, float] = field(default_factory=dict)
    best: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """All combinations, and where they can be looked at.

    Attributes:
        name: The project's.
        clip_name: File name of the clip whose frames are compared.
        spans: Those frames: first frame and the frame after the last.
        rows: One for each combination.
        page: The page.
        sheet: All of them in some frames; None where none works.
        clip: All of them side by side; None where none works.
    """

    name: str
    clip_name: str
    spans: tuple[Span, ...]
    rows: tuple[Row, ...]
    page: Path
    sheet: Path | None
    clip: Path | None

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "name": self.name,
            "clip": self.clip_name,
            "frames": [frame for first, stop in self.spans for frame in range(first, stop)],
            "rows": [
                {
                    "label": row.label,
                    "choices": dict(row.choices),
                    "works": not row.why,
                    "why": row.why,
                    "steps": list(row.steps),
                    "figures": dict(row.figures),
                    "best": list(row.best),
                }
                for row in self.rows
            ],
            "page": str(self.page),
            "sheet": str(self.sheet) if self.sheet else None,
            "side_by_side": str(self.clip) if self.clip else None,
        }
