"""What did extraction find, and how far is training? One page to look at, and its figures as JSON.

``gathering`` reads the figures, ``page`` sets them with pictures (``tiles``) and drawings (``charts``, ``maps``), and
``writing`` writes both the page and sheets of faces. This loads OpenCV.
"""

from understudy.contact_sheet import contact_sheet

from .figures import ProjectReport
from .gathering import gather
from .writing import write_report

__all__ = ["ProjectReport", "contact_sheet", "gather", "write_report"]
