"""What does a new project begin with?"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from understudy.errors import RequestError

__all__ = ["start_project"]


def start_project(folder: Path) -> Path:
    """Make a folder with a commented project file and places for footage and results; return the file.

    Raises:
        RequestError: The folder holds something already, or cannot be made.
    """
    text = files("understudy.project").joinpath("template.yaml").read_text(encoding="utf-8")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise RequestError(f"the folder {folder} is not empty; name one that does not exist yet")
        for name in ("footage", "out"):
            (folder / name).mkdir()
        path = folder / "project.yaml"
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise RequestError(f"the folder {folder} cannot be made: {error.strerror}") from error
    return path
