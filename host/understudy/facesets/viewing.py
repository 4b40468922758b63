"""How are many faces looked at in one page that needs nothing but a browser?

The page holds everything itself: thumbnails as data, a style and a small script to sort and search. It loads nothing,
and says so to the browser (its content security policy).
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Final

import cv2

from understudy.aside import whole_file
from understudy.errors import RequestError
from understudy.faceset import NO_TRACK, Faceset
from understudy.progress import Progress
from understudy.store import name_of

from .facts import FaceFacts, read_facts
from .groups import Group, Grouping, grouped
from .looking import Sight, look_at
from .metrics import METRICS, metric_named
from .orders import Order, make_order, save_order, saved_order

__all__ = ["Sheet", "View", "write_sheet"]

THUMBNAIL_PX: Final = 112
JPEG_QUALITY: Final = 82

SORTS: Final = {
    "rank": "as given",
    "time": "time",
    "yaw": "yaw",
    "pitch": "pitch",
    "roll": "roll",
    "size": "size",
    "sharpness": "sharpness",
    "score": "score",
    "track": "track",
}
"""What the page itself can sort by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a page shows.

    Attributes:
        order: Name of the metric that orders the faces; the last order made by it is used where it still fits.
        group: How they are grouped, if they are.
        limit: How many faces at most, evenly spread over the order; 0 for all.
    """

    order: str = "time"
    group: Grouping | None = None
    limit: int = 2000


@dataclass(frozen=True, slots=True)
class Sheet:
    """A written page.

    Attributes:
        path: Of the file.
        shown: How many faces it shows.
        faces: How many the set has.
        damaged: Names of pictures that cannot be read.
    """

    path: Path
    shown: int
    faces: int
    damaged: tuple[str, ...]


def write_sheet(index: Faceset, path: Path, view: View, progress: Progress) -> Sheet:
    """Write a page of thumbnails of a faceset.

    Args:
        index: Open for writing, for what is measured is kept in it.
        path: Of the HTML file; an older one is replaced.
        view: What to show.
        progress: Hears how many faces are drawn.

    Raises:
        RequestError: No metric is called so, the set is empty, or there is no folder to write into.
        StoreError: The file cannot be written.
    """
    facts = read_facts(index)
    if not facts:
        raise RequestError(f"{index.folder} has no faces to show")
    metric = metric_named(view.order)
    order = saved_order(index, facts, metric)
    if order is None:
        order = make_order(index, facts, metric, progress)
        if metric.among is not None:  # comparing faces is the dear part; figures are kept as they are measured
            save_order(index, order)
    names = _spread(order.names, view.limit)
    groups = [Group("", tuple(names))]
    if view.group is not None:
        groups = grouped(index, facts, names, view.group, progress)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RequestError(f"{path} cannot be written: {error.strerror}") from error
    damaged = list[str]()
    progress.start("draw faces", len(names), "faces")
    sections = "\n".join(_sections(index, facts, groups, order, damaged, progress))
    progress.finish()
    page = Template(files(__package__).joinpath("sheet.html").read_text(encoding="utf-8")).substitute(
        title=escape(f"Faces of {name_of(index.folder)}"),
        summary=escape(_summary(view, len(names), len(facts))),
        sorts="".join(f'<option value="{key}">{escape(label)}</option>' for key, label in SORTS.items()),
        sections=sections,
    )
    with whole_file(path) as part:
        part.write_text(page, encoding="utf-8")
    return Sheet(path, len(names), len(facts), tuple(damaged))


def _spread(names: Sequence[str], limit: int) -> list[str]:
    """Return at most ``limit`` names, evenly spread, the first and the last among them."""
    if not limit or len(names) <= limit:
        return list(names)
    if limit == 1:
        return [names[0]]
    return [names[number * (len(names) - 1) // (limit - 1)] for number in range(limit)]


def _summary(view: View, shown: int, faces: int) -> str:
    share = f"{faces} faces" if shown == faces else f"{shown} of {faces} faces, evenly spread"
    by_group = "" if view.group is None else f", grouped by {view.group.by}"
    return f"{share}, ordered by {view.order} ({METRICS[view.order].summary}){by_group}"


def _sections(
    index: Faceset,
    facts: Sequence[FaceFacts],
    groups: Sequence[Group],
    order: Order,
    damaged: list[str],
    progress: Progress,
) -> Iterator[str]:
    """Yield the page's parts; names of damaged pictures are added to ``damaged``."""
    of_name = {face.name: face for face in facts}
    rank = 0
    for group in groups:
        if group.label:
            yield f"<section><h2>{escape(group.label)} ({len(group.names)})</h2><div class='faces'>"
        else:
            yield "<section><h2></h2><div class='faces'>"
        for name, thumbnail in look_at(index, group.names, _thumbnail):
            if thumbnail is None:
                damaged.append(name)
            yield _figure(of_name[name], thumbnail, order.values.get(name), rank)
            rank += 1
            progress.advance()
        yield "</div></section>"


def _thumbnail(sight: Sight) -> bytes:
    side = min(THUMBNAIL_PX, sight.rgb.shape[0])
    small = cv2.resize(sight.rgb, (side, side), interpolation=cv2.INTER_AREA)
    done, content = cv2.imencode(
        ".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    )
    assert done
    return content.tobytes()


def _figure(face: FaceFacts, thumbnail: bytes | None, value: float | None, rank: int) -> str:
    track = "" if face.track == NO_TRACK else str(face.track)
    words = f"{face.person} track {track} {face.clip} {face.origin} {face.mark} frame {face.frame}".lower()
    data = {
        "rank": rank, "time": f"{face.time_s:.3f}", "yaw": f"{face.yaw_deg:.1f}", "pitch": f"{face.pitch_deg:.1f}",
        "roll": f"{face.roll_deg:.1f}", "size": f"{face.size_px:.0f}", "sharpness": f"{face.sharpness:.2f}",
        "score": f"{face.score:.3f}", "track": track, "marked": int(bool(face.mark)), "words": words,
    }  # fmt: skip
    attributes = " ".join(f'data-{key}="{escape(str(datum))}"' for key, datum in data.items())
    picture = "<div class='damaged'>damaged</div>"
    if thumbnail is not None:
        source = f"data:image/jpeg;base64,{base64.b64encode(thumbnail).decode()}"
        picture = f'<img loading="lazy" decoding="async" alt="{escape(face.name)}" src="{source}">'
    kind = "marked" if face.mark else ""
    caption = "<br>".join(_caption(face, track, value))
    card = f"{picture}<figcaption>{caption}</figcaption>"
    return f'<figure class="{kind}" title="{escape(face.name)}" {attributes}>{card}</figure>'


def _caption(face: FaceFacts, track: str, value: float | None) -> Iterator[str]:
    who = " · ".join(text for text in (face.person, f"track {track}" if track else "") if text)
    yield f"<b>{face.frame}</b> · {timecode(face.time_s)}"
    yield escape(who or face.clip)
    yield f"yaw {face.yaw_deg:+.0f}° pitch {face.pitch_deg:+.0f}°"
    figure = "" if value is None else f" · {value:.4g}"
    yield f"sharp {face.sharpness:.0f} · {face.size_px:.0f} px{figure}"
    if face.mark:
        yield escape(f"aside: {face.mark}")


def timecode(time_s: float) -> str:
    """Write a time as projects do: ``HH:MM:SS.mmm``."""
    total_ms = round(time_s * 1000)
    minutes, rest_ms = divmod(total_ms, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest_ms // 1000:02d}.{rest_ms % 1000:03d}"
