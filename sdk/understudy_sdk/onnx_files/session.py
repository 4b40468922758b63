"""How is onnxruntime started: on which device, quietly, and keeping to itself?"""

from __future__ import annotations

import os
from typing import Any, Final

from understudy_sdk.errors import StageError

# onnxruntime 1.29 and later report their use to their makers unless this is set before they first load.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as state

__all__ = ["RUNTIME_ERRORS", "first_line", "providers_for", "start_session"]

RUNTIME_ERRORS: Final[tuple[type[Exception], ...]] = (
    *(one for one in vars(state).values() if isinstance(one, type) and issubclass(one, Exception)),
    RuntimeError,
    ValueError,
)
"""All that onnxruntime raises; its own errors have no common class."""

_ERRORS_ALONE: Final = 3
"""Severity from which onnxruntime writes to standard error."""


def start_session(kind: str, where: str, content: bytes, device: str, threads: int) -> Any:
    """Return an onnxruntime session of an ONNX file's content; ``kind`` and ``where`` name it to people.

    No libraries of custom operators are registered.

    Raises:
        StageError: onnxruntime cannot use the device, or not run the file.
    """
    onnxruntime.disable_telemetry_events()  # older builds for Windows do not look at the environment
    providers = providers_for(device, onnxruntime.get_available_providers())
    try:
        session = onnxruntime.InferenceSession(content, _options(threads), providers=providers, enable_fallback=0)
    except RUNTIME_ERRORS as error:
        raise StageError(
            f"onnxruntime {onnxruntime.__version__} cannot run the {kind} {where}: {first_line(error)}\n"
            f"  export it again, or take another version of onnxruntime"
        ) from error
    if (first := session.get_providers()[0]) != providers[0][0]:
        raise StageError(
            f"onnxruntime cannot use the device {device!r}: it took {first} in place of {providers[0][0]}, whose "
            f"libraries do not load\n  install the CUDA and cuDNN that onnxruntime {onnxruntime.__version__} asks for, "
            f"or set runs_on: cpu"
        )
    return session


def providers_for(device: str, offered: list[str]) -> list[tuple[str, dict[str, Any]]]:
    """Return what onnxruntime is to count with, best first, for a device of the project.

    Raises:
        StageError: This build of onnxruntime cannot use the device.
    """
    cpu: tuple[str, dict[str, Any]] = ("CPUExecutionProvider", {})
    kind, _, number = device.partition(":")
    if kind == "cpu":
        return [cpu]
    if kind != "cuda":
        raise StageError(f"ONNX files run on cpu and cuda here, not on {device!r}\n  set runs_on: cpu")
    if "CUDAExecutionProvider" not in offered:
        raise StageError(
            f"the device is {device!r}, but this onnxruntime offers only: {', '.join(offered)}\n"
            "  install onnxruntime-gpu in place of onnxruntime, or set runs_on: cpu"
        )
    # The usual search for the fastest convolution takes another one from run to run, and so other digits.
    options = {"device_id": int(number or 0), "cudnn_conv_algo_search": "HEURISTIC", "use_tf32": 0}
    return [("CUDAExecutionProvider", options), cpu]  # the CPU takes what counts shapes


def _options(threads: int) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ALONE
    options.use_deterministic_compute = True
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # other stages need the cores
    options.add_session_config_entry("session.load_model_format", "ONNX")
    return options


def first_line(error: Exception) -> str:
    """Return an error's first line, or its name where it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
