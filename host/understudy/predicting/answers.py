"""How do a model's answers lie in a file, and how are they read back?

A file of safetensors, which holds arrays and nothing that could run. Each face has its crop as the model saw it, in 8
bits, and the model's picture and masks in 16 bits, 0 to 1. Mergers always see what went through these 16 bits, so a
merge from kept answers and one from fresh ones give the same bytes.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, cast

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from understudy.aside import whole_file
from understudy_sdk import CropSpec, FaceType, Swap
from understudy_sdk.types import F32, U8

__all__ = ["Answer", "AnswerFile", "is_whole", "write_answers"]

U16 = npt.NDArray[np.uint16]

_FORMAT: Final = "1"
_TOP: Final = 65535
_PLANES: Final = ("rgb", "source_mask", "target_mask", "predicted_mask")


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """A face as a model saw it, uint8 (S, S, 3), and what it answered."""

    rgb: U8
    swap: Swap


def write_answers(path: Path, spec: CropSpec, answers: Mapping[str, Answer]) -> None:
    """Write answers, by the names of their faces; the file appears when it is whole.

    What a model draws beyond 0 to 1 is cut there: a swap promises no more.

    Raises:
        StoreError: When the disk does not take it.
    """
    arrays: dict[str, npt.NDArray[Any]] = {}
    for number, answer in enumerate(answers.values()):
        arrays[f"{number}.crop"] = np.ascontiguousarray(answer.rgb)
        for plane in _PLANES:
            if (values := getattr(answer.swap, plane)) is not None:
                arrays[f"{number}.{plane}"] = _in_16_bits(values)
    meta = {
        "format": _FORMAT,
        "spec": json.dumps([str(spec.face_type), spec.size]),
        "faces": json.dumps(list(answers)),
        "checks": json.dumps({name: _check(array) for name, array in arrays.items()}),
    }
    with whole_file(path) as part:
        save_file(arrays, part, meta)


def is_whole(path: Path) -> bool:
    """Tell whether a file can be read and is, to its last byte, as it was written."""
    try:
        with AnswerFile(path) as kept:
            return kept.is_sound()
    except (SafetensorError, OSError, ValueError, KeyError, TypeError):
        return False


class AnswerFile:
    """An open file of answers; only those that are asked for are read.

    Attributes:
        spec: The crops that the model saw.
    """

    def __init__(self, path: Path) -> None:
        """Open a file that was found whole before."""
        self._file = cast(Any, safe_open)(path, framework="numpy")  # it has no types
        meta = self._file.metadata() or {}
        if meta.get("format") != _FORMAT:
            raise ValueError(f"{path} is of format {meta.get('format')}, not {_FORMAT}")
        kind, size = json.loads(meta["spec"])
        self.spec = CropSpec(FaceType(kind), int(size))
        self._checks: dict[str, int] = json.loads(meta["checks"])
        self._numbers = {name: number for number, name in enumerate(json.loads(meta["faces"]))}
        self._keys = frozenset(self._file.keys())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._file.__exit__(None, None, None)

    def is_sound(self) -> bool:
        """Tell whether every array is as it was written."""
        return self._checks.keys() == self._keys and all(
            _check(self._file.get_tensor(name)) == check for name, check in self._checks.items()
        )

    def answer(self, face: str) -> Answer | None:
        """Return the answer for a face, or None where it holds none."""
        number = self._numbers.get(face)
        if number is None:
            return None
        planes = {
            plane: _from_16_bits(self._file.get_tensor(key))
            for plane in _PLANES
            if (key := f"{number}.{plane}") in self._keys
        }
        return Answer(self._file.get_tensor(f"{number}.crop"), Swap(**planes))


def _check(array: npt.NDArray[Any]) -> int:
    return zlib.crc32(np.ascontiguousarray(array).data)


def _in_16_bits(values: F32) -> U16:
    return np.asarray(np.rint(np.clip(values, 0.0, 1.0) * np.float32(_TOP)), np.uint16)


def _from_16_bits(values: U16) -> F32:
    return np.asarray(values.astype(np.float32) / np.float32(_TOP), np.float32)  # divided: the top is exactly 1
