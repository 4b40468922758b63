"""How are times, spans of frames and numbers written for people?"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from .figures import Span

__all__ = ["clock", "number", "short_clock", "spans_of", "spans_text", "text"]


def text(value: object) -> str:
    """Return a value as text that is safe anywhere in a page, also within quotes."""
    return escape(str(value), quote=True)


def clock(seconds: float) -> str:
    """Write a time as ``HH:MM:SS.mmm``, as a project's ranges take it."""
    millis = round(seconds * 1000)
    sign, millis = ("-", -millis) if millis < 0 else ("", millis)
    return f"{sign}{millis // 3_600_000:02d}:{millis // 60_000 % 60:02d}:{millis // 1000 % 60:02d}.{millis % 1000:03d}"


def short_clock(seconds: float, *, is_fine: bool = False) -> str:
    """Write a time as ``M:SS`` or ``H:MM:SS``, with a decimal where ``is_fine``."""
    tenths = round(seconds * 10)
    hours, minutes, rest = tenths // 36_000, tenths // 600 % 60, tenths % 600
    tail = f"{rest // 10:02d}.{rest % 10}" if is_fine else f"{rest // 10:02d}"
    return f"{hours}:{minutes:02d}:{tail}" if hours else f"{minutes}:{tail}"


def number(value: float) -> str:
    """Write a number with about three digits that matter, large ones with spaces between thousands."""
    if isinstance(value, int) or abs(value) >= 100:
        return f"{round(value):,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    return f"{value:.0f}" if value == 0 else f"{value:.3g}"


def spans_of(frames: Iterable[int]) -> tuple[Span, ...]:
    """Return ascending frames as spans, first and last of each."""
    spans: list[Span] = []
    for frame in frames:
        if spans and frame == spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], frame)
        else:
            spans.append((frame, frame))
    return tuple(spans)


def spans_text(spans: Iterable[Span], most: int = 60) -> str:
    """Write spans of frames such as ``0 to 3, 7``; what goes beyond ``most`` is counted."""
    written = [str(first) if first == last else f"{first} to {last}" for first, last in spans]
    more = [f"and {len(written) - most} more spans"] if len(written) > most else []
    return ", ".join([*written[:most], *more])
