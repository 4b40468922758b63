"""What does a plugin say about a weight file it needs?

The host finds the file, checks it and lends its path through ``Resources.weights``; a plugin downloads nothing.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from .errors import InvalidValueError, WrongWeightsError

__all__ = ["SdistSource", "UrlSource", "WeightFile", "WeightSource", "WheelSource", "require_content"]


@dataclass(frozen=True, slots=True)
class UrlSource:
    """A file on a web server."""

    url: str

    def __str__(self) -> str:
        """Say the place in words."""
        return self.url


@dataclass(frozen=True, slots=True)
class WheelSource:
    """One member of a wheel that is published on the user's package index.

    Attributes:
        requirement: Exact pin, such as ``mediapipe==0.10.21``.
        member: Path inside the wheel.
    """

    requirement: str
    member: str

    def __str__(self) -> str:
        """Say the place in words."""
        return f"{self.member} in the wheel {self.requirement}"


@dataclass(frozen=True, slots=True)
class SdistSource:
    """One member of a source archive that is published on the user's package index.

    pip runs the archive's own set-up code to read what it is, so an archive of any other content is refused unopened.

    Attributes:
        requirement: Exact pin, such as ``face_recognition_models==0.3.0``.
        sha256: Of the archive, 64 lower-case hex digits.
        member: Path inside the archive.
    """

    requirement: str
    sha256: str
    member: str

    def __str__(self) -> str:
        """Say the place in words."""
        return f"{self.member} in the source archive of {self.requirement}"


WeightSource = UrlSource | WheelSource | SdistSource


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightFile:
    """A file of weights: what it is, under which terms, and where it can be had.

    Attributes:
        name: Unique file name, kept in the cache under it.
        sha256: 64 lower-case hex digits; a file that differs is refused.
        size: Bytes.
        code_licence: SPDX name of the licence of the code that made it.
        weights_licence: SPDX name, or words, of the licence of the weights themselves.
        commercial: Whether paid work is allowed with it.
        sources: Where it can be had, tried in order.
    """

    name: str
    sha256: str
    size: int
    code_licence: str
    weights_licence: str
    commercial: bool
    sources: tuple[WeightSource, ...]

    def __post_init__(self) -> None:
        """Refuse a declaration that could not be checked or could leave its folder."""
        if not re.fullmatch(r"[0-9a-f]{64}", self.sha256):
            raise InvalidValueError(f"WeightFile({self.name!r}).sha256", repr(self.sha256), "64 lower-case hex digits")
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", self.name):
            raise InvalidValueError("WeightFile.name", repr(self.name), "a plain file name")


def require_content(path: Path, sha256: str) -> None:
    """Check that a file of the user's own is the one that the settings mean, before anything in it is read.

    Args:
        path: The file.
        sha256: What the setting ``weights_sha256`` says; an empty text is refused too.

    Raises:
        WrongWeightsError: No SHA-256 is given, it is another file's, or the file cannot be read; gives the file's own.
    """
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise WrongWeightsError(f"{path}: cannot be read: {error.strerror or error}") from error
    if found != sha256.lower():
        wanted = f"weights_sha256 is {sha256}" if sha256 else "weights_sha256 is not set"
        raise WrongWeightsError(f"{path}: {wanted}\n  the file's own is {found}\n  write that if you trust the file")
