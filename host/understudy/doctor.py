"""Is this machine fit for the work, and if not, what mends it?"""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final, Literal

import av
import psutil
from av.codec import Codec

from understudy_sdk import MissingWeightsError, WeightFile

from .devices import resolve_device
from .errors import DeviceError, WeightsError
from .plugins import STAGES, Registry, discover
from .weights import WeightCache

__all__ = ["Finding", "examine"]

CODECS: Final = ("libx264", "libx265", "ffv1", "prores_ks")
PACKAGES: Final = ("understudy", "torch", "av", "numpy", "opencv-python-headless", "ai-edge-litert", "pydantic")
LITTLE_MEMORY: Final = 4 * 10**9
LITTLE_DISK: Final = 5 * 10**9


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        what: What it is.
        found: How it is.
        state: ``ok``; ``note`` (worth knowing); ``wrong`` (work will fail).
        mend: What to do, where it is not ok.
    """

    what: str
    found: str
    state: Literal["ok", "note", "wrong"] = "ok"
    mend: str = ""


def examine(folder: Path = Path()) -> tuple[Finding, ...]:
    """Look at everything that the work needs.

    Args:
        folder: Where the work will lie; its disk is looked at.
    """
    registry = discover()
    return (
        *_versions(),
        _device(),
        _memory(),
        _disk(folder),
        *_codecs(),
        *_plugins(registry),
        *_weights(registry, WeightCache().find),
    )


def _versions() -> Iterator[Finding]:
    yield Finding("python", f"{platform.python_version()} on {platform.platform()}")
    for package in PACKAGES:
        try:
            yield Finding(package, version(package))
        except PackageNotFoundError:
            yield Finding(package, "not installed", "wrong", f"pip install {package}")


def _device() -> Finding:
    try:
        device = resolve_device("auto")
    except DeviceError as error:
        return Finding("device", str(error), "wrong", "set device: cpu in the project")
    return Finding("device", f"{device}, {os.cpu_count()} CPU threads")


def _memory() -> Finding:
    memory = psutil.virtual_memory()
    found = f"{memory.available / 1e9:.1f} of {memory.total / 1e9:.1f} GB free"
    if memory.available < LITTLE_MEMORY:
        return Finding("memory", found, "note", "training may need a smaller batch_size")
    return Finding("memory", found)


def _disk(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    found = f"{free / 1e9:.1f} GB free at {folder.resolve()}"
    if free < LITTLE_DISK:
        return Finding("disk", found, "note", "understudy clean PROJECT frees what a project no longer uses")
    return Finding("disk", found)


def _codecs() -> Iterator[Finding]:
    for name in CODECS:
        try:
            Codec(name, "w")
        except av.codec.codec.UnknownCodecError:
            yield Finding(f"encoder {name}", "missing", "note", "pip install --force-reinstall --only-binary=av av")
        else:
            yield Finding(f"encoder {name}", "here")


def _plugins(registry: Registry) -> Iterator[Finding]:
    for stage in STAGES:
        names = ", ".join(registry.offers(stage))
        if names:
            yield Finding(f"{stage}s", names)
        else:
            yield Finding(
                f"{stage}s", "none", "wrong", "install a package that offers one; understudy plugins list --all"
            )
    for row in registry.rows:
        what = f"plugin {row.entry_point}"
        if row.status == "blocked":
            yield Finding(what, f"{row.status}: {row.reason}", "note", "take it off the list that blocks it")
        elif row.status != "ok":
            found = f"{row.status}: {' '.join(row.reason.split())}"
            yield Finding(what, found, "wrong", f"pip install --upgrade {row.distribution}, or block it")


def _weights(registry: Registry, find: Callable[[WeightFile], Path]) -> Iterator[Finding]:
    declared = {
        weight.name: weight
        for stage in STAGES
        for offer in registry.offers(stage).values()
        for weight in offer.spec.weights
    }
    for weight in declared.values():
        what, mend = f"weights {weight.name}", f"understudy weights pull {weight.name}"
        try:
            yield Finding(what, f"verified, {find(weight)}")
        except MissingWeightsError:
            yield Finding(what, "missing", "wrong", mend)
        except WeightsError as error:
            yield Finding(what, str(error).splitlines()[0], "wrong", mend)
