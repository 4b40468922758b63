"""Where do weight files lie, are they what they should be, and how do they come here?"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Literal

import platformdirs

from understudy_sdk import MissingWeightsError, WeightFile

from .errors import WeightsError
from .weight_sources import fetch

__all__ = ["CACHE_VARIABLE", "FOLDERS_VARIABLE", "State", "WeightCache"]

FOLDERS_VARIABLE: Final = "UNDERSTUDY_WEIGHTS"
"""Environment variable: folders that are looked into before the user's cache, separated like ``PATH``."""

CACHE_VARIABLE: Final = "UNDERSTUDY_CACHE"
"""Environment variable: the cache folder, instead of the user's."""

State = Literal["present", "missing", "damaged"]


def _folders_of_environment() -> list[Path]:
    return [Path(folder) for folder in os.environ.get(FOLDERS_VARIABLE, "").split(os.pathsep) if folder]


class WeightCache:
    """The weight files on this machine: some folders that are only read, and the user's cache.

    Attributes:
        cache: The folder that files are fetched into.
        folders: All folders in the order they are looked into; the cache is the last.
    """

    def __init__(self, folders: Sequence[Path] | None = None) -> None:
        """Use the given folders before the cache, or by default those of ``UNDERSTUDY_WEIGHTS``."""
        root = os.environ.get(CACHE_VARIABLE) or platformdirs.user_cache_dir("understudy")
        self.cache = Path(root) / "weights"
        self.folders = (*(_folders_of_environment() if folders is None else folders), self.cache)
        self._verified = _Verified(self.cache / "verified.json")

    def find(self, weight: WeightFile) -> Path:
        """Return the file's path, its content checked.

        A file in one folder that has the wrong content does not hide a sound one in a later folder.

        Raises:
            MissingWeightsError: The file is in none of the folders.
            WeightsError: It is there, but its content is not what was declared.
        """
        damaged: list[tuple[Path, str]] = []
        for path in (folder / weight.name for folder in self.folders):
            if path.is_file():
                digest = self._verified.digest(path)
                if digest == weight.sha256:
                    return path
                damaged.append((path, digest))
        if damaged:
            raise _wrong_content(weight, *damaged[0])
        raise MissingWeightsError(
            weight.name, [str(source) for source in weight.sources], [str(folder) for folder in self.folders]
        )

    def state(self, weight: WeightFile) -> tuple[State, Path | None]:
        """Return whether the file is here, and where."""
        try:
            return "present", self.find(weight)
        except MissingWeightsError:
            return "missing", None
        except WeightsError:
            return "damaged", next(path for folder in self.folders if (path := folder / weight.name).is_file())

    def pull(self, weight: WeightFile, say: Callable[[str], None]) -> Path:
        """Return the file's path, fetching it from its sources, in order, where it is not here or damaged.

        Raises:
            WeightsError: No source gives the file; says what each of them answered.
        """
        state, path = self.state(weight)
        if state == "present" and path is not None:
            return path
        answers: list[str] = []
        for source in weight.sources:
            try:
                with self._new_file(weight) as part:
                    fetch(weight, source, part, say)
                return self.cache / weight.name
            except WeightsError as error:
                answers.append(f"{source}: {error}")
        raise WeightsError(
            "\n".join(
                [f"the weight file {weight.name!r} cannot be fetched"]
                + [f"  {answer}" for answer in answers or ["no place is known where it can be had"]]
                + ["  to use a copy you have: understudy weights import FILE"]
                + [f"  or name the folder it lies in: {FOLDERS_VARIABLE}=FOLDER"]
            )
        )

    def add(self, weight_files: Collection[WeightFile], file: Path) -> Path:
        """Copy a file into the cache; its content says which of the declared files it is, not its name.

        Raises:
            WeightsError: It is none of them, or cannot be read.
        """
        try:
            digest = _sha256(file)
        except OSError as error:
            raise WeightsError(f"{file}: cannot be read: {error.strerror or error}") from error
        weight = next((weight for weight in weight_files if weight.sha256 == digest), None)
        if weight is None:
            raise WeightsError(
                f"{file}: is none of the {len(weight_files)} weight files that the installed plugins declare\n"
                f"  its SHA-256: {digest}\n"
                f"  to see what they declare: understudy weights list --json"
            )
        with self._new_file(weight) as part, file.open("rb") as source, part.open("wb") as out:
            while chunk := source.read(1 << 20):
                out.write(chunk)
        return self.cache / weight.name

    @contextmanager
    def _new_file(self, weight: WeightFile) -> Iterator[Path]:
        """Lend a path beside the file's place in the cache; what was written there is checked, synced and renamed."""
        part = self.cache / f"{weight.name}.{os.getpid()}.part"
        try:
            self.cache.mkdir(parents=True, exist_ok=True)
            yield part
            digest = _sha256(part)
            if digest != weight.sha256:
                raise WeightsError(f"gave a file whose SHA-256 is {digest}, but it should be {weight.sha256}")
            with part.open("rb+") as file:
                os.fsync(file.fileno())
            part.replace(self.cache / weight.name)
        except OSError as error:
            raise WeightsError(f"{self.cache}: cannot be written to: {error.strerror or error}") from error
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)


class _Verified:
    """Remembers the SHA-256 of files by path, size and time of change, so that each is read through once only."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def digest(self, file: Path) -> str:
        """Return the file's SHA-256 in lower-case hex digits."""
        state = file.stat()
        known = self._read()
        key, stamp = str(file.absolute()), [state.st_size, state.st_mtime_ns]
        entry = known.get(key)
        if entry is not None and entry[:2] == stamp:
            return str(entry[2])
        digest = _sha256(file)
        self._write({**known, key: [*stamp, digest]})
        return digest

    def _read(self) -> dict[str, list[int | str]]:
        try:
            known = json.loads(self._path.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return known if isinstance(known, dict) else {}

    def _write(self, known: dict[str, list[int | str]]) -> None:
        aside = self._path.with_name(f"{self._path.name}.{os.getpid()}.part")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            aside.write_text(json.dumps(known, indent=1), "utf-8")
            aside.replace(self._path)
        except OSError:  # a cache that cannot be written to costs time only: the file is read through again next time
            with suppress(OSError):
                aside.unlink(missing_ok=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _wrong_content(weight: WeightFile, path: Path, digest: str) -> WeightsError:
    return WeightsError(
        f"the weight file {weight.name!r} has the wrong content: {path}\n"
        f"  its SHA-256:    {digest}, {path.stat().st_size} bytes\n"
        f"  it should have: {weight.sha256}, {weight.size} bytes\n"
        f"  to fetch it anew: understudy weights pull {weight.name}"
    )
