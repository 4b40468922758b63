"""Which combination of plugins and settings serves a project best?

``axes`` reads what is compared, ``variants`` turns each combination into a project that shares the work folder, and
``making`` makes and measures it frame by frame (``sampling``, ``stopwatch``) and keeps it (``records``);
``page`` and ``pictures`` lay all of them side by side. This loads OpenCV.
"""

from .axes import AXES, Combination, Entry, axes_of
from .columns import COLUMNS
from .comparing import Request, compare
from .comparison import Comparison, Row

__all__ = ["AXES", "COLUMNS", "Combination", "Comparison", "Entry", "Request", "Row", "axes_of", "compare"]
