"""Which models lie in a folder of DeepFaceLab's, what is in their files, and how is one written there?

A model is a set of files, ``<name>_<Class>_<part>.npy`` and ``<name>_<Class>_data.dat``; XSeg's have no name. All of
them are pickles and are read as data alone: see ``understudy_sdk.foreign``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from understudy.aside import whole_folder
from understudy.errors import RequestError
from understudy.exchange.dfl_pickle import plain_pieces
from understudy_sdk import ForeignFileError
from understudy_sdk.foreign import plain_pickle, read_arrays

__all__ = ["ForeignFiles", "Parts", "find_models", "read_model", "write_model"]

Parts = Mapping[str, Mapping[str, npt.NDArray[np.generic]]]
ReadT = TypeVar("ReadT")

_DATA: Final = "data"
_ANY_DATA: Final = re.compile(r"(.+)_data\.dat")
_USUAL: Final = {
    "iter": 0,
    "options": {},
    "loss_history": [],
    "sample_for_preview": None,
    "choosed_gpu_indexes": None,
}
"""All that a ``data.dat`` holds."""


@dataclass(frozen=True, slots=True)
class ForeignFiles:
    """One model's files.

    Attributes:
        name: What its owner called it; empty where models of its kind have no names.
        class_name: Of which kind it is: ``SAEHD``.
        parts: The ``.npy`` files by their part of the model.
        data: The file with options and losses; None where it is missing.
    """

    name: str
    class_name: str
    parts: Mapping[str, Path]
    data: Path | None

    @property
    def title(self) -> str:
        """What its files' names begin with."""
        return "_".join(word for word in (self.name, self.class_name) if word)


def find_models(folder: Path, class_names: Iterable[str]) -> list[ForeignFiles]:
    """Return the models of the given kinds in a folder, by name.

    Raises:
        RequestError: It cannot be read, or holds none; says what it holds in their place.
    """
    kinds = sorted(class_names)
    form = re.compile(rf"(?:(.+?)_)?({'|'.join(map(re.escape, kinds))})_(.+)\.(npy|dat)")
    try:
        files = sorted(path for path in folder.iterdir() if path.is_file())
    except OSError as error:
        raise RequestError(f"the folder {folder} cannot be read: {error.strerror}") from error
    found: dict[tuple[str, str], dict[str, Path]] = {}
    for path in files:
        match = form.fullmatch(path.name)
        if match and (match[4] == "dat") == (match[3] == _DATA):
            found.setdefault((match[1] or "", match[2]), {})[match[3]] = path
    models = [
        ForeignFiles(name, kind, {part: path for part, path in parts.items() if part != _DATA}, parts.get(_DATA))
        for (name, kind), parts in found.items()
    ]
    if not models:
        raise RequestError(_nothing_found(folder, files, kinds))
    return models


def _nothing_found(folder: Path, files: Sequence[Path], kinds: Sequence[str]) -> str:
    others = sorted(match[1] for path in files if (match := _ANY_DATA.fullmatch(path.name)))
    held = f"it holds models of other kinds: {', '.join(others)}" if others else "it holds no data.dat of any model"
    return (
        f"no model that can be read lies in {folder}\n  {held}\n  read are: {', '.join(kinds)}, with files such as "
        f"bob_{kinds[0] if kinds else 'SAEHD'}_encoder.npy"
    )


def read_model(files: ForeignFiles) -> tuple[Parts, Mapping[str, Any]]:
    """Return the arrays of a model's files by part, and what ``data.dat`` holds; empty where a nameless model has none.

    Raises:
        RequestError: Files are damaged, or ask for code, or ``data.dat`` is missing; all of them are named, and nothing
            of them was run.
    """
    faults: list[str] = []
    if files.data is None and files.name:
        faults.append(f"{files.title}_data.dat is missing; it holds the model's options and iteration")
    parts = {part: _read(path, read_arrays, faults) or {} for part, path in files.parts.items()}
    data = _read(files.data, _read_data, faults) if files.data else {}
    if faults:
        raise RequestError("\n  ".join([f"the model {files.title} cannot be read; nothing in it was run", *faults]))
    return parts, data or {}


def _read(path: Path, read: Callable[[Path], ReadT], faults: list[str]) -> ReadT | None:
    try:
        return read(path)
    except ForeignFileError as error:
        faults.append(f"{path.name}: {error.problem}")
    except OSError as error:
        faults.append(f"{path.name}: {error.strerror}")
    return None


def _read_data(path: Path) -> Mapping[str, Any]:
    value = plain_pickle(path.read_bytes(), where=str(path))
    options = value.get("options") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(options, dict):
        raise ForeignFileError(str(path), "it holds no options of a model")
    return {str(key): one for key, one in value.items()}


def write_model(folder: Path, title: str, parts: Parts, data: Mapping[str, Any]) -> list[Path]:
    """Write a model's files into a new folder, and return them.

    Raises:
        StoreError: The disk does not take them; then there is no folder.
    """
    whole = {**_USUAL, **data}
    with whole_folder(folder) as part_folder:
        for part, arrays in parts.items():
            _write_pickle(part_folder / f"{title}_{part}.npy", dict(arrays))
        _write_pickle(part_folder / f"{title}_data.dat", whole)
        (part_folder / f"{title}_summary.txt").write_text(_summary(title, whole), encoding="utf-8")
    return sorted(folder.iterdir())


def _write_pickle(path: Path, value: object) -> None:
    with path.open("wb") as file:
        for piece in plain_pieces(value):
            file.write(piece)


def _summary(title: str, data: Mapping[str, Any]) -> str:
    """Return the table of name, step and options that stands beside a model for people."""
    options = {str(key): str(value) for key, value in data["options"].items()}
    rows = [("Model name", title), ("Current iteration", str(data["iter"])), *options.items()]
    left, right = (max(len(row[side]) for row in rows) for side in (0, 1))
    width = left + right + 4
    lines = [f"== {name:>{left}}: {value:<{right}} ==" for name, value in rows]
    heading, middle = " Model Summary ".center(width + 4, "="), " Model Options ".center(width, "-")
    return "\n".join([heading, *lines[:2], f"=={middle}==", *lines[2:], "=" * (width + 4), ""])
