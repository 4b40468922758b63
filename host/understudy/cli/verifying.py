"""The command that reads back what a file says about itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

if TYPE_CHECKING:
    from understudy.provenance.verdict import Verdict

__all__ = ["verify"]

_SIGNATURES: Final = {
    "none": "none: there is no manifest in it, nor beside it",
    "invalid": "INVALID: it is not as it was signed",
    "unknown signer": "valid: it is as it was signed, by {signer}, whom nothing on this machine vouches for",
    "own key": "valid: it is as it was signed, with this machine's own key ({signer})",
    "trusted": "valid: it is as it was signed, by {signer}, whom you trust",
}
_KINDS: Final = {
    "layer": ": the faces that were put on, to lay over the clip",
    "mask": ": where faces were put on",
    "still": ": pictures to look at",
}
_MARKS: Final = {
    "as stated": "found, and it says {said}, as the manifest states",
    "another message": "found, but it says {said}, and the manifest states {stated}: they do not belong together",
    "found": "found, and it says {said}: faces in this file were replaced with Understudy",
    "not found": "not found",
    "none stated": "none, and the manifest states none",
    "too little": "not found, but too little is seen here to tell; verify the clip or the folder that this is from",
}


def verify(
    file: Annotated[Path, typer.Argument(help="A clip, a picture, or a folder of pictures.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Say what was changed in a file, with what and by whose leave, and whether signature and watermark hold.

    Exit code 0 where what the manifest states holds, 1 where something does not, 4 where it cannot be read.
    """
    from understudy.provenance.verdict import verify as read

    from .printing import print_json

    verdict = read(file)
    if as_json:
        print_json(verdict.as_json())
    else:
        for line in _lines(verdict):
            typer.echo(line)
    if not verdict.holds:
        raise typer.Exit(1)


def _lines(verdict: Verdict) -> Iterator[str]:
    yield f"{verdict.path}{_KINDS.get(verdict.kind(), '')}"
    manifest, mark = verdict.manifest, verdict.mark
    yield f"signature  {_SIGNATURES[manifest.state].format(signer=_clean(manifest.signer) or 'nobody named')}"
    for fault in manifest.faults:
        yield f"           {_clean(fault)}"
    stated = "nothing" if verdict.expected is None else f"{verdict.expected:06x}"
    said = _MARKS[verdict.mark_state].format(said=f"{mark.payload:06x}", stated=stated)
    yield f"watermark  {said} ({_sureness(verdict)})"
    yield from _changes(verdict)
    if consent := verdict.consent():
        yield f"consent    {_clean(consent.get('basis'))}: {_clean(consent.get('statement'))}"
    for one in verdict.ingredients():
        role = "changed" if one.get("role") == "target" else "face of"
        yield f"{role:<11}{_clean(one.get('title'))}  sha256 {_clean(one.get('sha256'))}"
    if verdict.tags:
        for key, value in verdict.tags.items():
            yield f"tag        {key}: {_clean(value)}"
    else:
        yield "tags       none that tell of it"


def _changes(verdict: Verdict) -> Iterator[str]:
    for swap in verdict.edits():
        parts = {key: _clean(value) for key, value in swap.items()}
        words = "the face {face} of {target} was replaced by that of {source}, frames {from_frame} to {to_frame}"
        yield "swap       " + words.format_map(_Known(parts))
        yield "           model {model} ({model_distribution}), merger {merger}".format_map(_Known(parts))
    version, plugins = verdict.tools()
    if version:
        yield f"made with  Understudy {_clean(version)}"
    for plugin in plugins:
        parts = {key: _clean(value) for key, value in plugin.items()}
        yield "plugin     {stage} {name} ({distribution} {version})".format_map(_Known(parts))


def _sureness(verdict: Verdict) -> str:
    from understudy.provenance.finding import FOUND, KNOWN_FOUND

    mark = verdict.mark
    is_by_known = mark.score < FOUND and verdict.expected is not None
    score, needed = (mark.known_score, KNOWN_FOUND) if is_by_known else (mark.score, FOUND)
    return f"score {score:.1f}, from {needed} on it is no chance; {mark.frames} frames"


class _Known(dict[str, str]):
    """Values by name; what a stranger's manifest leaves out is a question mark."""

    def __missing__(self, key: str) -> str:
        return "?"


def _clean(value: Any) -> str:
    """Return a text of a stranger's file as one line that cannot steer the terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in str(value))
