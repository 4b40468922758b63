"""Understudy: replaces a face in footage by a face a network has learnt.

The names below are all that a program needs; they are what the command line uses::

    import understudy

    project = understudy.load("project.yaml", set={"swaps.0.model.iterations": 500})
    result = understudy.run(project, on_event=print)

Importing this loads nothing: each name is fetched from where it lives when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

__all__ = [
    "AmbiguousPluginError",
    "Cancel",
    "Cancelled",
    "CheckpointSaved",
    "ClipWritten",
    "Comparison",
    "DeviceError",
    "Event",
    "Garbage",
    "LoadedProject",
    "MediaError",
    "Message",
    "MissingWeightsError",
    "PageWritten",
    "PhaseFinished",
    "PhaseStarted",
    "PhaseStatus",
    "PluginFailedError",
    "PreviewWritten",
    "ProcessDiedError",
    "Progressed",
    "ProjectError",
    "ProjectReport",
    "Registry",
    "RequestError",
    "RunResult",
    "StageYieldError",
    "StoreError",
    "TrainingError",
    "UnderstudyError",
    "UnknownPluginError",
    "Verdict",
    "WeightsError",
    "WrongWeightsError",
    "__version__",
    "check",
    "clean",
    "clean_plan",
    "compare",
    "discover",
    "examine",
    "load",
    "project_schema",
    "report_figures",
    "run",
    "start_project",
    "status",
    "verify",
    "write_report",
]

if TYPE_CHECKING:  # what stands here for editors and type checkers stands in _PLACES for the interpreter
    from understudy_sdk.errors import MissingWeightsError, UnderstudyError, WrongWeightsError

    from .api import check, compare, load, report_figures, run, write_report
    from .cancelling import Cancel
    from .comparing import Comparison
    from .doctor import examine
    from .errors import (
        AmbiguousPluginError,
        Cancelled,
        DeviceError,
        MediaError,
        PluginFailedError,
        ProcessDiedError,
        ProjectError,
        RequestError,
        StageYieldError,
        StoreError,
        TrainingError,
        UnknownPluginError,
        WeightsError,
    )
    from .events import (
        CheckpointSaved,
        ClipWritten,
        Event,
        Message,
        PageWritten,
        PhaseFinished,
        PhaseStarted,
        PreviewWritten,
        Progressed,
    )
    from .phases import Garbage, PhaseStatus, RunResult, clean, clean_plan, status
    from .plugins import Registry, discover
    from .project import LoadedProject, project_schema, start_project
    from .provenance.verdict import Verdict, verify
    from .report import ProjectReport
else:
    _PLACES = {
        "understudy.api": "check compare load report_figures run write_report",
        "understudy.cancelling": "Cancel",
        "understudy.comparing": "Comparison",
        "understudy.doctor": "examine",
        "understudy.errors": "AmbiguousPluginError Cancelled DeviceError MediaError PluginFailedError "
        "ProcessDiedError ProjectError RequestError StageYieldError StoreError TrainingError UnknownPluginError "
        "WeightsError",
        "understudy.events": "CheckpointSaved ClipWritten Event Message PageWritten PhaseFinished PhaseStarted "
        "PreviewWritten Progressed",
        "understudy.phases": "Garbage PhaseStatus RunResult clean clean_plan status",
        "understudy.plugins": "Registry discover",
        "understudy.project": "LoadedProject project_schema start_project",
        "understudy.provenance.verdict": "Verdict verify",
        "understudy.report": "ProjectReport",
        "understudy_sdk.errors": "MissingWeightsError UnderstudyError WrongWeightsError",
    }

    def __getattr__(name: str) -> object:
        for place, names in _PLACES.items():
            if name in names.split():
                value = globals()[name] = getattr(import_module(place), name)
                return value
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
