"""What can go wrong in the host, and what does the user do next?

UnderstudyError (understudy_sdk)
├── RequestError             the request or the project is wrong          exit 2
│   ├── ProjectError         faults in a project file, each with its place
│   ├── UnknownPluginError   a project names a plugin nobody offers
│   ├── AmbiguousPluginError a plugin's name that several distributions offer
│   └── DeviceError          a device that is unknown or not on this machine
├── WeightsError             a weight file is wrong or cannot be fetched   exit 3
├── MediaError               a media file cannot be read or written        exit 4
├── ProcessDiedError         a process that had work to do was killed      exit 1
├── PluginFailedError        a stranger's code raised                      exit 1
├── StageYieldError          a phase ran and found nothing to go on with   exit 1
├── Cancelled                the program that made the call asked it to stop; the work is saved
├── TrainingError            training cannot go on                         exit 1
└── StoreError               the work folder cannot be used                exit 1
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence
from pathlib import Path

from understudy_sdk import InvalidValueError, UnderstudyError

__all__ = [
    "AmbiguousPluginError",
    "Cancelled",
    "DeviceError",
    "MediaError",
    "PluginFailedError",
    "ProcessDiedError",
    "ProjectError",
    "RequestError",
    "StageYieldError",
    "StoreError",
    "TrainingError",
    "UnknownPluginError",
    "WeightsError",
]


class RequestError(UnderstudyError):
    """What was asked for cannot be done as it stands."""


class ProjectError(RequestError):
    """Faults in a project file.

    Attributes:
        path: The file.
        problems: One line each, ``file:line:column: where: what``.
    """

    def __init__(self, path: Path, problems: Sequence[str]) -> None:
        """List every problem under one heading."""
        self.path, self.problems = path, tuple(problems)
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__("\n".join([f"{path.name} has {count}", *(f"  {problem}" for problem in problems)]))


class UnknownPluginError(RequestError):
    """A project names a plugin nobody offers."""

    def __init__(self, stage: str, name: str, offered: Collection[str]) -> None:
        """Name what was wanted, what is offered and the nearest name."""
        self.stage, self.name, self.offered = stage, name, tuple(sorted(offered))
        near = difflib.get_close_matches(name, offered, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        super().__init__(
            f"no {stage} is called {name!r}.{hint}\n"
            f"  offered: {', '.join(self.offered) or 'none'}\n"
            f"  to see what failed to load: understudy plugins list --all"
        )


class AmbiguousPluginError(RequestError):
    """Several distributions offer a plugin of the name."""

    def __init__(self, stage: str, name: str, offered: Sequence[tuple[str, str]]) -> None:
        """Name those who offer it, each a distribution and the entry point that it is blocked by."""
        self.stage, self.name, self.offered = stage, name, tuple(offered)
        lines = [f"{distribution} (entry point {entry_point})" for distribution, entry_point in offered]
        super().__init__(
            f"{len(lines)} distributions offer a {stage} called {name!r}: {', '.join(lines)}\n"
            f"  a project says which it means: {{use: {name}, from: {offered[0][0]}}}\n"
            f"  or block all but one: UNDERSTUDY_BLOCK={offered[-1][1]}"
        )


class DeviceError(RequestError):
    """A device that is unknown, or not on this machine."""


class WeightsError(UnderstudyError):
    """A weight file has the wrong content or cannot be fetched."""


class MediaError(UnderstudyError):
    """A media file cannot be read or written.

    Attributes:
        path: The file.
    """

    def __init__(self, path: Path, what: str, advice: str = "") -> None:
        """Name the file, what is wrong with it and what to do next."""
        self.path = path
        super().__init__(f"{path}: {what}" + (f"\n  {advice}" if advice else ""))


class PluginFailedError(UnderstudyError):
    """A plugin raised something of its own while it ran."""

    def __init__(self, stage: str, name: str, distribution: str, doing: str, cause: BaseException) -> None:
        """Name the plugin, where it comes from, what it was doing and what it raised."""
        self.stage, self.name, self.distribution = stage, name, distribution
        what = str(cause) if isinstance(cause, InvalidValueError) else f"{type(cause).__name__}: {cause}"
        super().__init__(
            f"the {stage} {name!r} (from {distribution}) failed while {doing}: {what}\n"
            f"  the work done so far is kept; report this to the plugin's authors"
        )


class ProcessDiedError(UnderstudyError):
    """A process that was given work ended without a word.

    Attributes:
        exit_code: What it ended with; below 0, the number of the signal that killed it.
    """

    def __init__(self, doing: str, exit_code: int | None) -> None:
        """Say what it was doing, how it ended, and what to do next."""
        self.exit_code = exit_code
        how = f"was killed by signal {-exit_code}" if exit_code and exit_code < 0 else f"ended with {exit_code}"
        super().__init__(
            f"a process {how} while {doing}; most often the machine had no memory left\n"
            f"  the chunks that are done are kept; run again with fewer processes: --jobs 1"
        )


class StageYieldError(UnderstudyError):
    """A phase ran, and what it found is not enough to go on with, such as clips without a face."""


class TrainingError(UnderstudyError):
    """Training cannot go on; what was learnt is kept."""


class StoreError(UnderstudyError):
    """The work folder cannot be used."""


class Cancelled(UnderstudyError):  # noqa: N818 - nothing went wrong
    """Work stopped because the program that asked for it wanted so; what was finished is kept."""

    def __init__(self) -> None:
        """Say that it can go on."""
        super().__init__("stopped as asked; the work done is saved, and the same call goes on from there")
