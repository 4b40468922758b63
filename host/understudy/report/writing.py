"""How does a report come onto the disk?"""

from __future__ import annotations

from pathlib import Path

from understudy.aside import whole_file
from understudy.progress import Progress
from understudy.project import LoadedProject

from .gathering import gather
from .page import page
from .sheets import write_sheets

__all__ = ["write_report"]


def write_report(project: LoadedProject, progress: Progress, output: Path | None = None) -> Path:
    """Write a project's report as one page that needs nothing else, sheets of faces beside it, and return its path.

    Args:
        project: The project.
        progress: Who is told.
        output: The page's file; in the work folder unless given. The sheets go to the work folder in any case.

    Raises:
        RequestError: When no clip was extracted yet.
        StoreError: When a picture is damaged, or the disk does not take the page.
    """
    report = gather(project, progress)
    path = output or project.work / "report" / "report.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as part, part.open("w", encoding="utf-8") as file:
        for piece in page(project, report, progress):
            file.write(piece)
    progress.say(f"the sheets alone, as pictures: {write_sheets(project, report)}")
    progress.wrote("page", path)
    return path
