"""How is an ONNX file read, so that it is what the settings say and reaches for nothing else?"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from understudy_sdk.errors import StageError, WrongWeightsError

from .graph import external_tensor, is_model

__all__ = ["read_file"]

_LARGEST_BYTES: Final = 2**31 - 1
"""No protobuf message is larger."""


def read_file(path: Path, sha256: str, kind: str) -> bytes:
    """Return an ONNX file's content.

    Args:
        path: The file.
        sha256: The checksum that it must have; empty, any file is taken.
        kind: What it is to be, for people: ``DFM``.

    Raises:
        WrongWeightsError: Its checksum is not the one that was asked for.
        StageError: It cannot be read, is no ONNX, or keeps numbers in other files.
    """
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise StageError(f"the {kind} {path} is larger than 2 GB, which no ONNX file can be\n  name another file")
        content = path.read_bytes()
    except OSError as error:
        raise StageError(f"the {kind} {path} cannot be read: {error.strerror}\n  set file to one that can") from error
    _require_content(path, content, sha256, kind)
    if not is_model(content):
        raise StageError(
            f"{path} is no {kind}: a {kind} is an ONNX file, and this is none, or is cut short\n"
            f"  found: {_beginning(content)}\n  copy or export it again, or name another file"
        )
    _require_whole(path, content, kind)
    return content


def _require_content(path: Path, content: bytes, sha256: str, kind: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if sha256 and found != sha256:
        raise WrongWeightsError(
            f"the {kind} {path} is not the file that sha256 names\n  wanted: {sha256}\n  found: {found}\n"
            f"  if this is the file you mean, and you trust where it is from, write what was found as sha256"
        )


def _require_whole(path: Path, content: bytes, kind: str) -> None:
    try:
        outside = external_tensor(content)
    except ValueError as error:
        raise StageError(f"the {kind} {path} is damaged: {error}\n  copy or export it again") from error
    if outside is not None:
        raise StageError(
            f"the {kind} {path} keeps numbers in another file (tensor {outside}); only files that hold everything "
            f"themselves are played\n  save it as one ONNX file"
        )


def _beginning(content: bytes) -> str:
    return f"{len(content)} bytes, beginning with {content[:16]!r}" if content else "an empty file"
