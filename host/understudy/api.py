"""What can a program ask of Understudy? The same as the command line, which calls these functions.

Nothing is printed and nothing asked: what happens is told to ``on_event``, in the thread that made the call, and what
goes wrong is raised. Heavy libraries load with the first call that needs them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .cancelling import Cancel, StoppingProgress
from .errors import ProjectError, RequestError
from .events import Event, EventProgress
from .progress import Progress, Silent

if TYPE_CHECKING:
    from .comparing import Comparison
    from .phases import RunResult
    from .plugins import Registry
    from .project import LoadedProject
    from .project.overrides import Override
    from .report import ProjectReport

__all__ = ["PHASES", "check", "compare", "heard", "load", "report_figures", "run", "write_report"]

PHASES = ("extract", "train", "merge")
"""The phases of a run, in their order."""

Changes = Mapping[str, Any] | Iterable[str]


def load(
    path: str | os.PathLike[str],
    set: Changes = (),  # noqa: A002 - as the command line calls it
    *,
    registry: Registry | None = None,
) -> LoadedProject:
    """Read and check a project file, without reading any footage or weights.

    Args:
        path: The file.
        set: Values to change for this time: a mapping such as ``{"output.video.crf": 20}``, or texts such as
            ``"output.video.crf=20"``.
        registry: The plugins it may choose from, as ``discover`` gives them; unless given, those installed, less those
            that the project blocks.

    Raises:
        ProjectError: With every problem of the file, each with its place, in ``problems``.
        RequestError: There is no such file, or it cannot be read.
    """
    from .project import discover_for, load_project

    changes = _changes(set)
    return load_project(Path(path), registry or discover_for(Path(path), changes), changes)


def check(
    path: str | os.PathLike[str],
    set: Changes = (),  # noqa: A002 - as the command line calls it
    *,
    registry: Registry | None = None,
) -> tuple[str, ...]:
    """Return every problem of a project file, ``file:line:column: where: what``; none where it is right.

    Ranges and keyframes are compared with the clips that they are about, as far as those can be read.

    Args:
        path: The file.
        set: Values to change for this time, as for ``load``.
        registry: The plugins it may choose from, as for ``load``.

    Raises:
        RequestError: There is no such file, or it cannot be read.
    """
    try:
        project = load(path, set, registry=registry)
        if project.is_timed:
            from .merging import compare_times

            compare_times(project)
    except ProjectError as error:
        return error.problems
    return ()


def run(
    project: LoadedProject,
    phases: str | Sequence[str] = PHASES,
    *,
    on_event: Callable[[Event], object] | None = None,
    cancel: Cancel | None = None,
    for_s: float | None = None,
    jobs: int | None = 1,
    measure: bool = False,
) -> RunResult:
    """Do what is missing of some phases, and return where the recast clips are.

    A run that was stopped, killed or cancelled goes on where it was when it is made again.

    Args:
        project: What to do, as ``load`` gives it.
        phases: Which of ``extract``, ``train`` and ``merge``, or the name of one.
        on_event: Told each thing that happens. What it raises ends the run.
        cancel: Stops the run, the work saved, once it is set.
        for_s: After so many seconds training ends early, its state saved.
        jobs: How many processes merge: 1 is this one alone, None as many as the machine is good for. They import the
            main module of the program, which must be ready for that (``if __name__ == "__main__":``).
        measure: Whether finished clips pass once more where their frames were not measured while they were merged.

    Raises:
        Cancelled: ``cancel`` was set.
        UnderstudyError: Whatever else stops it; what was finished is kept.
        KeyboardInterrupt: After Ctrl-C in the main thread; a training is saved first.
    """
    wanted = (phases,) if isinstance(phases, str) else tuple(phases)
    unknown = [phase for phase in wanted if phase not in PHASES]
    if unknown:
        raise RequestError(f"there is no phase {unknown[0]!r}\n  the phases are: {', '.join(PHASES)}")
    from . import phases as doing

    progress = heard(on_event)
    return doing.run(project, phases=wanted, progress=progress, for_s=for_s, cancel=cancel, jobs=jobs, measure=measure)


def write_report(
    project: LoadedProject,
    out: str | os.PathLike[str] | None = None,
    *,
    on_event: Callable[[Event], object] | None = None,
    cancel: Cancel | None = None,
) -> Path:
    """Write one page with sheets, curves and figures of the faces that were found, and return its path.

    Args:
        project: As ``load`` gives it.
        out: The page's file; in the work folder unless given.
        on_event: Told each thing that happens.
        cancel: Stops it once it is set; no page is written then.

    Raises:
        Cancelled: ``cancel`` was set.
        RequestError: Nothing was extracted yet.
    """
    from .report import write_report as write

    return write(project, heard(on_event, cancel), None if out is None else Path(out))


def report_figures(
    project: LoadedProject, *, on_event: Callable[[Event], object] | None = None, cancel: Cancel | None = None
) -> ProjectReport:
    """Return the figures of a project's faces and trainings, those that its report shows.

    Args:
        project: As ``load`` gives it.
        on_event: Told each thing that happens.
        cancel: Stops it once it is set.

    Raises:
        Cancelled: ``cancel`` was set.
        RequestError: Nothing was extracted yet.
    """
    from .report import gather

    return gather(project, heard(on_event, cancel))


def compare(  # noqa: PLR0913 - a request of many parts, all but two of them optional
    path: str | os.PathLike[str],
    lists: Mapping[str, Sequence[str]],
    *,
    matrix: str | os.PathLike[str] | None = None,
    frames: str | None = None,
    ranges: str | None = None,
    clip: str | None = None,
    iterations: int | None = None,
    out: str | os.PathLike[str] | None = None,
    set: Changes = (),  # noqa: A002 - as the command line calls it
    registry: Registry | None = None,
    on_event: Callable[[Event], object] | None = None,
    cancel: Cancel | None = None,
) -> Comparison:
    """Run combinations of plugins over some frames; return their figures, and write a page, a sheet and a clip.

    A combination that cannot work is a row with its reason. What was finished is kept, and the same call goes on.

    Args:
        path: The project file.
        lists: Names of plugins by stage: ``{"model": ["quick96", "saehd"], "merger": ["overlay", "laplacian"]}``.
        matrix: A YAML file that says the same, with settings and labels.
        frames: Such as ``100,200-210``.
        ranges: Such as ``00:00:01:00-00:00:02:12``; without both, an evenly spread sample.
        clip: Name of the clip; the first one that is merged unless given.
        iterations: How long each model learns; as long as the project says unless given.
        out: The page's file; in the work folder unless given. Sheet and clip lie beside it.
        set: Values to change for this time, as for ``load``.
        registry: The plugins to choose from, as for ``load``.
        on_event: Told each thing that happens.
        cancel: Stops it once it is set.

    Raises:
        Cancelled: ``cancel`` was set.
        ProjectError: The project or the matrix is wrong as it stands.
        RequestError: The project states no consent, or the request cannot be met.
    """
    from .comparing import Request, axes_of
    from .comparing import compare as compared
    from .project import discover_for

    changes = _changes(set)
    request = Request(
        path=Path(path),
        registry=registry or discover_for(Path(path), changes),
        axes=axes_of(lists, None if matrix is None else Path(matrix)),
        overrides=changes,
        clip=clip,
        frames=frames,
        ranges=ranges,
        iterations=iterations,
        out=None if out is None else Path(out),
    )
    return compared(request, heard(on_event), Cancel() if cancel is None else cancel)


def heard(on_event: Callable[[Event], object] | None, cancel: Cancel | None = None) -> Progress:
    """Return what hears progress and hands it on as events, and stops the work once ``cancel`` is set."""
    progress: Progress = Silent() if on_event is None else EventProgress(on_event)
    return progress if cancel is None else StoppingProgress(progress, cancel)


def _changes(changes: Changes) -> list[Override]:
    """Return changes in one form; a text alone is one change, not its letters."""
    if isinstance(changes, Mapping):
        return [(key, plain(value)) for key, value in changes.items()]
    return [changes] if isinstance(changes, str) else list(changes)


def plain(value: Any) -> Any:
    """Return a value as a project file would hold it: paths as texts, tuples as lists."""
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value
