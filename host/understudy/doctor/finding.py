"""What is told of one thing that was looked at?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Finding", "State"]

State = Literal["ok", "note", "wrong"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        what: What it is.
        found: How it is.
        state: ``ok``; ``note`` (worth knowing, work goes on); ``wrong`` (work will fail).
        mend: The command that mends it; there is one wherever something is wrong.
    """

    what: str
    found: str
    state: State = "ok"
    mend: str = ""
