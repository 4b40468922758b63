"""Which versions are here, and do they fit each other?"""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Final

import av
from packaging.requirements import Requirement

from understudy.distributions import OWN, requirement_fault
from understudy_sdk import API_VERSION

from .finding import Finding

__all__ = ["version_findings"]

SHOWN: Final = ("torch", "av", "numpy", "opencv-python-headless", "scipy", "ai-edge-litert", "pydantic", "c2pa-python")
"""Those whose versions help to understand a fault; all others that are needed are told where they do not fit."""

EXTRAS: Final = (("onnxruntime", "dfm", "plays DFM files"), ("tensorboard", "tensorboard", "shows training"))
"""What only some work needs: distribution, our extra that brings it, what it does."""


def version_findings() -> Iterator[Finding]:
    """Yield our own version, that of Python, of the libraries and of what they bring."""
    yield Finding("understudy", f"{version(OWN)}, contract of plugins {API_VERSION}")
    yield Finding("python", f"{platform.python_version()} on {platform.platform()}")
    needed = [Requirement(text) for text in requires(OWN) or ()]
    for wanted in (one for one in needed if one.marker is None or one.marker.evaluate({"extra": ""})):
        if fault := requirement_fault(str(wanted)):
            found = fault.partition(";")[0]
            yield Finding(wanted.name, found, "wrong", f'pip install "{wanted.name}{wanted.specifier}"')
        elif wanted.name in SHOWN:
            yield Finding(wanted.name, version(wanted.name))
    libraries = ", ".join(f"{name} {'.'.join(map(str, number))}" for name, number in av.library_versions.items())
    yield Finding("FFmpeg in av", libraries)
    for name, extra, does in EXTRAS:
        try:
            yield Finding(name, version(name))
        except PackageNotFoundError:
            yield Finding(name, f"not installed; {does}", "note", f'pip install "{OWN}[{extra}]"')
