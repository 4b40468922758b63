"""Which device does the work run on, and does it exist?"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Final

from .errors import DeviceError

__all__ = ["DEVICE_FORMS", "is_device_name", "resolve_device"]

DEVICE_FORMS = "auto, cpu, cuda, cuda:N or mps"

_DRIVERS: Final = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg", "/proc/driver/nvidia", "/dev/nvhost-ctrl")
"""What Linux shows where a driver of NVIDIA or AMD is loaded, under WSL and on Jetson boards too."""


def is_device_name(asked: str) -> bool:
    """Tell whether a text names a device at all, here or elsewhere."""
    return re.fullmatch(r"auto|cpu|cuda(:\d+)?|mps", asked) is not None


def resolve_device(asked: str) -> str:
    """Return the device to use: the one asked for, or for ``auto`` the best that is here.

    Args:
        asked: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.

    Raises:
        DeviceError: It is no device's name, or not on this machine. Another is never taken in its place.
    """
    if not is_device_name(asked):
        raise DeviceError(f"no device is called {asked!r}; say {DEVICE_FORMS}")
    if asked == "cpu" or (asked == "auto" and not _may_have_gpu()):
        return "cpu"
    import torch

    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    has_mps = torch.backends.mps.is_available()
    if asked == "auto":
        return "cuda" if gpus else "mps" if has_mps else "cpu"
    is_here = has_mps if asked == "mps" else int(asked.partition(":")[2] or 0) < gpus
    if not is_here:
        here = ["cpu", *(f"cuda:{index}" for index in range(gpus)), *(["mps"] if has_mps else [])]
        raise DeviceError(
            f"the device {asked!r} is not on this machine, or PyTorch {torch.__version__} cannot use it\n"
            f"  found: {', '.join(here)}\n"
            f"  to take the best of these: device: auto"
        )
    return asked


def _may_have_gpu() -> bool:
    """Tell whether it is worth asking PyTorch for a GPU, which takes seconds to load if nothing has loaded it yet."""
    is_linux = sys.platform.startswith("linux")
    return "torch" in sys.modules or not is_linux or any(Path(driver).exists() for driver in _DRIVERS)
