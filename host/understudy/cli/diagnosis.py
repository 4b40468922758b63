"""The command that looks at this machine and says what is wrong with it."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

__all__ = ["doctor"]


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False) -> None:
    """Look at device, memory, disk, codecs, weights and plugins; say what is wrong and what mends it."""
    from understudy.doctor import examine
    from understudy_sdk import UnderstudyError

    from .printing import print_json, print_table

    findings = examine()
    if as_json:
        print_json([dataclasses.asdict(finding) for finding in findings])
    else:
        print_table(("state", "what", "found"), [(one.state, one.what, one.found) for one in findings])
    wrong = [finding for finding in findings if finding.state == "wrong"]
    if wrong:
        advice = [f"  {finding.what}: {finding.mend}" for finding in wrong]
        raise UnderstudyError("\n".join([f"to be mended: {len(wrong)}", *advice]))
