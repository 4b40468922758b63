"""The command that says with which encoders results can be written on this machine."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

__all__ = ["encoders"]


def encoders(
    is_every: Annotated[bool, typer.Option("--all", help="Also those that no finished footage is coded with.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print as JSON, with pixel formats, defaults and faults.")
    ] = False,
) -> None:
    """List the encoders of this build: what they store, whether they can lose nothing, and which open here."""
    from understudy.encoders.listing import encoder_rows, in_words

    from .printing import print_json, print_table

    rows = encoder_rows(is_every=is_every)
    if as_json:
        print_json([dataclasses.asdict(row) for row in rows])
        return
    heads = ("encoder", "family", "bits", "chroma", "alpha", "lossless", "opens here", "files")
    cells = [
        (
            row.name,
            row.family,
            in_words(row.bits),
            " ".join(row.chroma),
            "alpha" if row.alpha else "-",
            row.lossless,
            f"no ({row.hardware})" if row.fault else f"yes ({row.hardware})" if row.hardware else "yes",
            " ".join(row.files) or "none of ours",
        )
        for row in rows
    ]
    print_table(heads, cells)
