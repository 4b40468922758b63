"""Which faceset does a command mean: one of a project, or a folder?"""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path

from understudy.errors import RequestError
from understudy.extraction import faceset_artifact
from understudy.faceset import Faceset
from understudy.project import discover_for, load_project
from understudy.store import WorkFolder

__all__ = ["faceset_folder", "faceset_of_text", "opened"]


def faceset_folder(words: Sequence[str]) -> Path:
    """Return the folder of the faceset that is named by ``PROJECT NAME`` or by ``FOLDER``.

    Raises:
        RequestError: It names none, or one that holds no faces yet.
    """
    if len(words) == 2:
        return _of_project(Path(words[0]), words[1])
    if len(words) != 1:
        raise RequestError(
            f"a faceset is named by a project file and a name, or by its folder; got {' '.join(words)!r}"
        )
    folder = Path(words[0])
    if folder.is_file():
        raise RequestError(f"{folder} is a file\n  name one of a project's facesets: {folder} NAME")
    if not (folder / "index.sqlite").is_file():
        found = "holds no faceset (no index.sqlite in it)" if folder.is_dir() else "is not there"
        raise RequestError(f"{folder} {found}\n  name a faceset's folder, or a project file and a faceset of it")
    return folder


def faceset_of_text(text: str) -> Path:
    """Return the folder of the faceset that is named by ``PROJECT:NAME`` or by ``FOLDER``, in one word.

    Raises:
        RequestError: It names none, or one that holds no faces yet.
    """
    project, colon, name = text.rpartition(":")
    if colon and Path(project).is_file():
        return _of_project(Path(project), name)
    return faceset_folder([text])


@contextlib.contextmanager
def opened(folder: Path, *, writable: bool = False) -> Iterator[Faceset]:
    """Lend a faceset.

    Raises:
        StoreError: It is damaged, or in use by a run for longer than a writer waits.
    """
    with Faceset(folder, writable=writable) as index:
        yield index


def _of_project(path: Path, name: str) -> Path:
    project = load_project(path, discover_for(path))
    if name not in project.facesets:
        near = difflib.get_close_matches(name, project.facesets, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise RequestError(
            f"{path} has no faceset called {name!r}.{hint}\n  it has: {', '.join(project.facesets) or 'none'}"
        )
    folder = faceset_artifact(WorkFolder(project.work), project.facesets[name]).folder
    if not (folder / "index.sqlite").is_file():
        raise RequestError(f"the faceset {name!r} is not extracted yet\n  run: understudy extract {path}")
    return folder
