"""How do results reach stdout, for a person and for a program?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

__all__ = ["print_json", "print_paths", "print_table", "size"]


def print_json(value: Any) -> None:
    """Print a value as JSON; paths become text."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def print_paths(paths: Sequence[Path]) -> None:
    """Print one path per line."""
    for path in paths:
        typer.echo(str(path))


def print_table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows in columns as wide as they need, without cutting anything; the last column runs freely."""
    texts = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(heads, *texts, strict=True)]
    for line in ([*heads], *texts):
        cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=True)]
        typer.echo("  ".join(cells).rstrip())


def size(count: float) -> str:
    """Write a number of bytes for people."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
