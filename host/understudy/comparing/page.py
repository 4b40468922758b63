"""What stands on the page of a comparison?"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from understudy import __version__
from understudy.report.style import STYLE
from understudy.report.tables import table
from understudy.report.tiles import picture_file
from understudy.report.wording import number, spans_text, text

from .axes import AXES
from .columns import COLUMNS
from .comparison import Comparison, Row

__all__ = ["page"]

_STYLE: Final = """
.layout.one { display: block; max-width: none; }
th.number { white-space: normal; min-width: 4.2rem; } td { white-space: nowrap; }
td.best, td .best { font-weight: 700; color: var(--filled); }
video { display: block; max-width: 100%; border-radius: 6px; margin-bottom: 1rem; }
.wide { overflow-x: auto; } .wide .sheet { max-width: none; width: 100%; min-width: 60rem; }
"""
_LARGEST_CLIP: Final = 24_000_000
"""Bytes up to which the clip lies within the page."""


def page(comparison: Comparison, marking: str) -> Iterator[str]:
    """Yield the page, piece by piece; it refers to nothing outside itself."""
    title = text(f"{comparison.name}: comparison")
    yield '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; media-src data:; '
    yield "style-src 'unsafe-inline'\">"
    yield f'<title>{title}</title><style>{STYLE}{_STYLE}</style></head><body><div class="layout one"><main>'
    yield f'<header><h1>{title}</h1><p class="about">{text(comparison.clip_name)}, frames '
    yield f"{text(spans_text([(first, stop - 1) for first, stop in comparison.spans]))}</p>"
    yield f'<p class="warning">{text(marking)}</p></header>'
    yield '<section class="training"><h2>Figures</h2>'
    yield _figures(comparison)
    yield from _failures(comparison)
    yield "</section>"
    if comparison.sheet:
        yield '<section class="training"><h2>Side by side</h2>'
        yield f'<div class="wide">{picture_file(comparison.sheet, "a row for each combination", widest_px=2400)}</div>'
        yield "</section>"
    if comparison.clip:
        yield f'<section class="training"><h2>Moving</h2>{_clip(comparison.clip)}</section>'
    yield f"<footer>Made with Understudy {text(__version__)}</footer></main></div></body></html>\n"


def _figures(comparison: Comparison) -> str:
    rows = [row for row in comparison.rows if row.figures]
    axes = [axis for axis in AXES if any(axis in row.choices for row in rows)]
    names = [name for name in COLUMNS if any(name in row.figures for row in rows)]
    heads = [*axes, "steps", *(f"{COLUMNS[name].words} {COLUMNS[name].unit}".strip() for name in names)]
    cells = [
        [*(text(row.choices[axis]) for axis in axes), _steps(row), *(_cell(row, name) for name in names)]
        for row in rows
    ]
    directions = "; ".join(
        f"{COLUMNS[name].words}: {'more' if COLUMNS[name].is_more_better else 'less'} is better" for name in names
    )
    note = (
        f"The best of each column is green and marked with a star. {directions}. Seconds are measured with a few "
        "frames; memory is what the whole process held while frames were merged."
    )
    return table("Combinations", heads, cells, numbers_from=len(axes), note=note) if rows else ""


def _steps(row: Row) -> str:
    return ", ".join(number(steps) if steps else "none" for steps in row.steps)


def _cell(row: Row, name: str) -> str:
    if name not in row.figures:
        return "–"
    shown = number(row.figures[name])
    return f'<b class="best">★ {shown}</b>' if name in row.best else shown


def _failures(comparison: Comparison) -> Iterator[str]:
    failed = [row for row in comparison.rows if not row.figures]
    if failed:
        cells = [[text(row.label), text(row.why)] for row in failed]
        yield table("These cannot work", ("combination", "why"), cells, numbers_from=2)


def _clip(path: Path) -> str:
    if path.stat().st_size > _LARGEST_CLIP:
        return f'<p class="note">The clip is too large for this page; it lies beside it: {text(path.name)}</p>'
    content = base64.b64encode(path.read_bytes()).decode("ascii")
    return f'<video controls loop muted playsinline src="data:video/mp4;base64,{content}"></video>'
