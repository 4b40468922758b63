"""Which inputs and outputs has a face restorer?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from understudy_sdk import StageError
from understudy_sdk.onnx_files.graph import Value

__all__ = ["Restorer", "read_signature"]

_USUAL_SIZE: Final = 512
_NUMBERS: Final[dict[str, type[np.floating[Any]]]] = {"tensor(float)": np.float32, "tensor(double)": np.float64}
_EXPECTED: Final = (
    "an input float32 [1, 3, S, S] and, for CodeFormer, weight float32 or float64 [1]; an output float32 [1, 3, T, T]"
)


@dataclass(frozen=True, slots=True)
class Restorer:
    """How a restorer is called.

    Attributes:
        size: Side S of the faces it reads, in px.
        face: Name of the input for a face, float32 (1, 3, S, S), -1 to 1, RGB.
        fidelity: Name of CodeFormer's input, None where there is none.
        fidelity_type: And its numbers.
        fidelity_shape: And its shape, of one number.
        output: Name of the restored face, float32 (1, 3, T, T), -1 to 1, RGB.
    """

    size: int
    face: str
    fidelity: str | None
    fidelity_type: type[np.floating[Any]]
    fidelity_shape: tuple[int, ...]
    output: str


def read_signature(where: str, inputs: Sequence[Value], outputs: Sequence[Value]) -> Restorer:
    """Return how the restorer of these inputs and outputs is called.

    Raises:
        StageError: They are not those of a restorer; says what was found and what is expected.
    """
    faces = [one for one in inputs if len(one.shape) == 4]
    others = [one for one in inputs if len(one.shape) != 4]
    drawn = [one for one in outputs if len(one.shape) == 4]
    problem = _problem(faces, others, drawn)
    if problem:
        found = f"inputs {_listed(inputs)}; outputs {_listed(outputs)}"
        raise StageError(
            f"{where} is an ONNX file, but no face restorer: {problem}\n  found: {found}\n  expected: {_EXPECTED}\n"
            f"  name another file"
        )
    side = faces[0].shape[2]
    return Restorer(
        size=side if isinstance(side, int) else _USUAL_SIZE,
        face=faces[0].name,
        fidelity=others[0].name if others else None,
        fidelity_type=_NUMBERS[others[0].type] if others else np.float32,
        fidelity_shape=(1,) if others and len(others[0].shape) == 1 else (),
        output=drawn[0].name,
    )


def _problem(faces: Sequence[Value], others: Sequence[Value], drawn: Sequence[Value]) -> str:
    """Say what is wrong; empty where nothing is."""
    if len(faces) != 1:
        return f"it reads {len(faces)} pictures in place of 1"
    if faces[0].type != "tensor(float)":
        return f"its input {faces[0].name} is not float32"
    _, channels, height, width = faces[0].shape
    if channels != 3:
        return "it reads no pictures [1, 3, S, S]"
    if height != width or (isinstance(height, int) and not 32 <= height <= 4096):
        return f"its faces are {width}x{height} px, which is not square or not from 32 to 4096 px"
    unknown = [one.name for one in others if one.name != "weight"]
    if unknown:
        return f"it has inputs that nothing is known of: {', '.join(unknown)}"
    if others and (others[0].type not in _NUMBERS or list(others[0].shape) not in ([], [1])):
        return "its input weight is not a single number"
    if not drawn or drawn[0].type != "tensor(float)":
        return "it gives no picture of float32"
    return ""


def _listed(values: Sequence[Value]) -> str:
    shown = (f"{one.name} {one.type} [{', '.join('?' if n is None else str(n) for n in one.shape)}]" for one in values)
    return ", ".join(shown) or "none"
