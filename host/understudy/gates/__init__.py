"""Is a merged clip as it should be? Figures of every frame, taken while it is merged, and which frames stick out.

``taker`` measures (``measuring``: ``outside``, ``seam``, ``inside``), ``records`` keeps, ``limits`` judges.
"""

from __future__ import annotations

from .averages import mean_figures
from .figures import FaceFigures, FrameFigures
from .limits import LIMITS, MEASURES, Outlier, outliers_of
from .records import gates_artifact, is_whole_record, read_figures, record_path
from .taker import GateMaker

__all__ = [
    "LIMITS",
    "MEASURES",
    "FaceFigures",
    "FrameFigures",
    "GateMaker",
    "Outlier",
    "gates_artifact",
    "is_whole_record",
    "mean_figures",
    "outliers_of",
    "read_figures",
    "record_path",
]
