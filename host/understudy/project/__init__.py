"""What is a project, and how is its file read, checked and described to editors?

``load_project`` reads the file (``places``), changes it (``overrides``), checks its shape (``form``), the plugins it
chooses and their settings (``choosing``), and the files it names (``checks``); all problems come out together, each
in words (``wording``) and with its place. What comes back is made of the classes of ``chosen``.
"""

from .chosen import (
    Certificate,
    Chosen,
    ChosenChange,
    ChosenExtract,
    ChosenFaceset,
    ChosenPerson,
    ChosenSwap,
    Consent,
    FaceChoice,
    LayerSettings,
    LoadedProject,
    OutputSettings,
    VideoSettings,
)
from .chosen_time import ChosenKeyframe, ChosenRange, ChosenTimes
from .loading import load_project
from .paid_work import PAID, only_for_paid_work
from .plugin_rules import discover_for
from .schema import project_schema
from .starting import start_project

__all__ = [
    "PAID",
    "Certificate",
    "Chosen",
    "ChosenChange",
    "ChosenExtract",
    "ChosenFaceset",
    "ChosenKeyframe",
    "ChosenPerson",
    "ChosenRange",
    "ChosenSwap",
    "ChosenTimes",
    "Consent",
    "FaceChoice",
    "LayerSettings",
    "LoadedProject",
    "OutputSettings",
    "VideoSettings",
    "discover_for",
    "load_project",
    "only_for_paid_work",
    "project_schema",
    "start_project",
]
