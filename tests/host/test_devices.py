"""Is the device the one asked for, or a clear refusal?"""

from __future__ import annotations

import pytest
import torch

from understudy.devices import resolve_device
from understudy.errors import DeviceError


@pytest.fixture
def machine(monkeypatch):
    """Give a maker of machines with so many GPUs, with or without Apple's."""

    def make(gpus: int = 0, *, has_mps: bool = False) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: gpus > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: has_mps)

    return make


@pytest.mark.parametrize(
    ("gpus", "has_mps", "device"), [(0, False, "cpu"), (0, True, "mps"), (2, False, "cuda"), (1, True, "cuda")]
)
def test_auto_takes_the_best(machine, gpus, has_mps, device):
    machine(gpus, has_mps=has_mps)
    assert resolve_device("auto") == device


@pytest.mark.parametrize("asked", ["cpu", "cuda", "cuda:1", "mps"])
def test_what_is_there_is_given_as_asked(machine, asked):
    machine(2, has_mps=True)
    assert resolve_device(asked) == asked


@pytest.mark.parametrize(("asked", "gpus"), [("cuda", 0), ("cuda:0", 0), ("cuda:2", 2), ("mps", 1)])
def test_what_is_missing_is_refused_and_not_replaced(machine, asked, gpus):
    machine(gpus)
    found = ", ".join(["cpu", *(f"cuda:{index}" for index in range(gpus))])
    with pytest.raises(DeviceError, match=f"'{asked}' is not on this machine(.|\n)*found: {found}\n"):
        resolve_device(asked)


@pytest.mark.parametrize("asked", ["gpu", "cuda:", "cuda:x", "", "CPU"])
def test_what_is_no_device_is_refused(asked):
    with pytest.raises(DeviceError, match="say auto, cpu, cuda, cuda:N or mps"):
        resolve_device(asked)
