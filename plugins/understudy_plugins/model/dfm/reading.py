"""How is a DFM file read, so that it is what the settings say and reaches for nothing else?"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

import numpy as np

from understudy_sdk import StageError, WrongWeightsError

from .onnx_file import external_tensor, is_model, node, value, written

__all__ = ["read_file", "untrained_file"]

_LARGEST_BYTES: Final = 2**31 - 1
"""No protobuf message is larger."""

_UNTRAINED_SIZE: Final = 64


def read_file(path: Path, sha256: str) -> bytes:
    """Return a DFM file's content.

    Raises:
        WrongWeightsError: Its checksum is not the one that was asked for.
        StageError: It cannot be read, is no ONNX, or keeps numbers in other files.
    """
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise StageError(f"the DFM {path} is larger than 2 GB, which no ONNX file can be\n  name another file")
        content = path.read_bytes()
    except OSError as error:
        raise StageError(f"the DFM {path} cannot be read: {error.strerror}\n  set file to one that can") from error
    _require_content(path, content, sha256)
    if not is_model(content):
        raise StageError(
            f"{path} is no DFM: a DFM is an ONNX file, and this is none, or is cut short\n"
            f"  found: {_beginning(content)}\n  copy or export it again, or name another file"
        )
    _require_whole(path, content)
    return content


def _require_content(path: Path, content: bytes, sha256: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if sha256 and found != sha256:
        raise WrongWeightsError(
            f"the DFM {path} is not the file that sha256 names\n  wanted: {sha256}\n  found: {found}\n"
            f"  if this is the file you mean, and you trust where it is from, write what was found as sha256"
        )


def _require_whole(path: Path, content: bytes) -> None:
    try:
        outside = external_tensor(content)
    except ValueError as error:
        raise StageError(f"the DFM {path} is damaged: {error}\n  copy or export it again") from error
    if outside is not None:
        raise StageError(
            f"the DFM {path} keeps numbers in another file (tensor {outside}); only files that hold everything "
            f"themselves are played\n  save it as one ONNX file"
        )


def _beginning(content: bytes) -> str:
    return f"{len(content)} bytes, beginning with {content[:16]!r}" if content else "an empty file"


def untrained_file() -> bytes:
    """Return a DFM that gives faces back as they are; its masks are the blue and the red."""
    side = ("batch", _UNTRAINED_SIZE, _UNTRAINED_SIZE)
    takes = {"out_face_mask:0": np.eye(3, 1), "out_celeb_face:0": np.eye(3), "out_celeb_face_mask:0": np.eye(3, 1, -2)}
    return written(
        [node("MatMul", ("in_face:0", f"weight of {name}"), name) for name in takes],
        {f"weight of {name}": matrix.astype(np.float32) for name, matrix in takes.items()},
        [value("in_face:0", (*side, 3))],
        [value(name, (*side, matrix.shape[1])) for name, matrix in takes.items()],
    )
