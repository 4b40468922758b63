"""How do answers about facesets read, for a person and for a program?"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import typer

from .printing import print_json, print_table, size

if TYPE_CHECKING:
    from understudy.facesets.filters import Verdict
    from understudy.facesets.info import FacesetInfo

__all__ = ["print_info", "print_order", "print_taken_back", "print_verdict", "warn_damaged"]


def print_info(found: FacesetInfo) -> None:
    """Print what is in a faceset."""
    aside = sum(found.marked.values())
    typer.echo(f"{found.folder}: {size(found.bytes)}")
    typer.echo(f"{found.faces} faces ({aside} set aside) in {found.frames} frames, {found.tracks} tracks")
    typer.echo(f"pictures: {', '.join(f'{count} of {side} px' for side, count in found.crops.items()) or 'none'}")
    typer.echo(f"origin: {', '.join(f'{origin} {count}' for origin, count in found.origins.items() if count) or '-'}")
    for reason, count in found.marked.items():
        typer.echo(f"set aside: {count}, {reason}")
    clips = [
        (clip.name, f"{clip.width}x{clip.height}", clip.frames, clip.with_faces, clip.faces) for clip in found.clips
    ]
    typer.echo()
    print_table(("clip", "size", "frames", "with faces", "faces"), clips)
    if any(person.name for person in found.people):
        typer.echo()
        people = [(person.name or "nobody named", person.tracks, person.faces) for person in found.people]
        print_table(("person", "tracks", "faces"), people)
    if found.spreads:
        typer.echo()
        spreads = [
            (name, f"{one.low:.4g}", f"{one.median:.4g}", f"{one.high:.4g}", _bars(one.counts))
            for name, one in found.spreads.items()
        ]
        print_table(("figure", "least", "median", "most", "faces from least to most"), spreads)


def _bars(counts: tuple[int, ...]) -> str:
    """Draw counts as a row of bars with the counts beside them; only an empty part has no bar."""
    signs = "▁▂▃▄▅▆▇█"
    most = max(counts)
    bars = "".join(signs[max(0, -(-8 * count // most) - 1)] if count else " " for count in counts)
    return f"{bars}  {' '.join(map(str, counts))}"


def print_order(rows: list[tuple[str, float | None, str]], *, is_grouped: bool, as_json: bool) -> None:
    """Print names with their figures and groups."""
    if as_json:
        listed: list[dict[str, Any]] = [{"name": name, "value": value} for name, value, _ in rows]
        if is_grouped:
            listed = [{**one, "group": label} for one, (_, _, label) in zip(listed, rows, strict=True)]
        print_json(listed)
        return
    texts = [(name, "-" if value is None else f"{value:.6g}", label) for name, value, label in rows]
    print_table(("face", "value", "group"), texts) if is_grouped else print_table(
        ("face", "value"), [text[:2] for text in texts]
    )


def print_verdict(verdict: Verdict, *, dry_run: bool, as_json: bool) -> None:
    """Print how many faces fail each criterion."""
    if as_json:
        print_json({**dataclasses.asdict(verdict), "dry_run": dry_run})
        return
    print_table(("criterion", "faces"), list(verdict.counts.items()))
    done = "would be set aside" if dry_run else "set aside"
    left = verdict.judged - len(verdict.failing)
    typer.echo(f"{done}: {len(verdict.failing)} of {verdict.judged} faces; left: {left}")


def print_taken_back(count: int, *, as_json: bool) -> None:
    """Print how many faces are no longer set aside."""
    if as_json:
        print_json({"taken_back": count})
    else:
        typer.echo(f"taken back: {count} faces")


def warn_damaged(names: tuple[str, ...]) -> None:
    """Name pictures that cannot be read, on stderr."""
    for name in names:
        typer.echo(f"damaged picture: {name}", err=True)
