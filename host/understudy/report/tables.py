"""How do facts and rows of figures become HTML?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .wording import text

__all__ = ["facts_list", "table"]


def facts_list(title: str, facts: Mapping[str, str]) -> str:
    """Return facts by name, under a heading where there is a title; names and facts are plain text."""
    head = f"<h4>{text(title)}</h4>" if title else ""
    items = "".join(f"<div><dt>{text(name)}</dt><dd>{text(fact)}</dd></div>" for name, fact in facts.items())
    return f'<div class="facts">{head}<dl>{items}</dl></div>'


def table(
    title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], *, numbers_from: int = 1, note: str = ""
) -> str:
    """Return a table in a frame that scrolls sideways where it is too wide.

    Args:
        title: Its caption, plain text.
        heads: Of the columns, plain text.
        rows: Cells as HTML.
        numbers_from: The first column of numbers, which stand at the right.
        note: A line below, plain text.
    """
    head = "".join(
        f'<th scope="col"{_side(column, numbers_from)}>{text(name)}</th>' for column, name in enumerate(heads)
    )
    body = "".join(
        f"<tr>{''.join(f'<td{_side(column, numbers_from)}>{cell}</td>' for column, cell in enumerate(row))}</tr>"
        for row in rows
    )
    after = f'<p class="note">{text(note)}</p>' if note else ""
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{text(title)}"><table><caption>{text(title)}'
        f"</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{after}"
    )


def _side(column: int, numbers_from: int) -> str:
    return ' class="number"' if column >= numbers_from else ""
