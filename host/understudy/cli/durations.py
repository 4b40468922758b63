"""How is a stretch of time written on the command line?"""

from __future__ import annotations

import re
from typing import Final

import typer

__all__ = ["seconds_of"]

_UNITS_S: Final = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0}


def seconds_of(text: str) -> float:
    """Return the seconds of a time such as ``90s``, ``45m``, ``2h30m`` or ``1d``.

    Raises:
        typer.BadParameter: It is no such time.
    """
    plain = text.replace(" ", "").lower()
    parts = re.findall(r"(\d+(?:\.\d+)?)([dhms])", plain)
    total_s = sum(float(count) * _UNITS_S[unit] for count, unit in parts)
    if "".join(count + unit for count, unit in parts) != plain or total_s <= 0:
        raise typer.BadParameter(f"must be a time such as 90s, 45m, 2h30m or 1d, but is {text!r}", param_hint="--for")
    return total_s
