"""What has this machine: devices, memory, room on its disks?"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psutil

from understudy.devices import resolve_device
from understudy.errors import DeviceError

from .finding import Finding

__all__ = ["LITTLE_DISK", "device_findings", "disk_findings", "memory_finding"]

LITTLE_MEMORY: Final = 4 * 10**9
LITTLE_DISK: Final = 5 * 10**9


def device_findings(asked: str) -> Iterator[Finding]:
    """Yield the device that the work would run on, and every GPU with its memory."""
    import torch

    try:
        yield Finding("device", f"{resolve_device(asked)}, {os.cpu_count()} CPU threads")
    except DeviceError as error:
        yield Finding("device", str(error).splitlines()[0], "wrong", "understudy check PROJECT --set device=auto")
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    for index in range(gpus):
        yield _gpu(index)
    if not gpus and shutil.which("nvidia-smi"):
        build = f"PyTorch {torch.__version__} is built " + (
            f"for CUDA {torch.version.cuda}" if torch.version.cuda else "without CUDA"
        )
        yield Finding("gpu", f"there is an NVIDIA driver, but {build}", "note", "pip install --force-reinstall torch")


def _gpu(index: int) -> Finding:
    import torch

    facts = torch.cuda.get_device_properties(index)
    try:
        free, total = torch.cuda.mem_get_info(index)
    except RuntimeError as error:  # the driver is there and the card does not answer
        return Finding(f"cuda:{index}", f"{facts.name}: {str(error).splitlines()[0]}", "wrong", "nvidia-smi")
    found = f"{facts.name}, {free / 1e9:.1f} of {total / 1e9:.1f} GB free, compute {facts.major}.{facts.minor}"
    return Finding(
        f"cuda:{index}", found, "note" if free < LITTLE_MEMORY else "ok", "nvidia-smi" * (free < LITTLE_MEMORY)
    )


def memory_finding() -> Finding:
    """Return how much memory is free."""
    memory = psutil.virtual_memory()
    found = f"{memory.available / 1e9:.1f} of {memory.total / 1e9:.1f} GB free"
    if memory.available < LITTLE_MEMORY:
        return Finding("memory", found, "note", "understudy train PROJECT --set swaps.0.model.with.batch_size=2")
    return Finding("memory", found)


def disk_findings(folder: Path, cache: Path) -> Iterator[Finding]:
    """Yield the room where the work, the weight files and temporary files lie, and whether that can be written."""
    temporary = Path(tempfile.gettempdir())
    for what, place, elsewhere in (
        ("disk of the work", folder, f"chmod u+w {folder.resolve()}"),
        ("disk of the weights", cache, "export UNDERSTUDY_CACHE=FOLDER"),
        ("disk of temporary files", temporary, "export TMPDIR=FOLDER"),
    ):
        there = next(path for path in (place.resolve(), *place.resolve().parents) if path.exists())
        free = shutil.disk_usage(there).free
        found = f"{free / 1e9:.1f} GB free at {place.resolve()}"
        if not os.access(there, os.W_OK):
            yield Finding(what, f"{there} cannot be written", "wrong", elsewhere)
        elif free < LITTLE_DISK:
            mend = "understudy clean PROJECT" if place == folder else elsewhere
            yield Finding(what, found, "note", mend)
        else:
            yield Finding(what, found)
