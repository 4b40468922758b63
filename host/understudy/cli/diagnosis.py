"""The command that looks at this machine and says what is wrong with it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["doctor"]


def doctor(
    project: Annotated[
        Path | None,
        typer.Argument(metavar="[PROJECT]", help="Also looks at what this project needs.", show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Look at versions, device, memory, disks, codecs, plugins, weights and keys, and say which command mends what.

    Exits with 1 where something is wrong; what is only worth knowing does not count.
    """
    from understudy.doctor import examine
    from understudy_sdk import UnderstudyError

    from .printing import print_json, print_table
    from .running import load

    findings = examine(project=None if project is None else load(project, None))
    if as_json:
        print_json([dataclasses.asdict(finding) for finding in findings])
    else:
        print_table(("state", "what", "found"), [(one.state, one.what, one.found) for one in findings])
        for one in findings:
            if one.state == "note" and one.mend:
                typer.echo(f"note: {one.what}: {one.mend}", err=True)
    wrong = [finding for finding in findings if finding.state == "wrong"]
    if wrong:
        advice = [f"  {finding.what}: {finding.mend}" for finding in wrong]
        raise UnderstudyError("\n".join([f"to be mended: {len(wrong)}", *advice]))
