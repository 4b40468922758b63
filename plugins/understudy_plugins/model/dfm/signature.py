"""Which inputs and outputs has a DFM?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from understudy_sdk import StageError
from understudy_sdk.onnx_files.graph import Value

__all__ = ["Signature", "read_signature"]

_FLOAT: Final = "tensor(float)"

_OUTPUTS: Final = (("out_face_mask", 1), ("out_celeb_face", 3), ("out_celeb_face_mask", 1))
"""Names, in the order that exporters write them, and channels: the target's mask, the face, the source's mask."""

_EXPECTED: Final = (
    "inputs in_face:0 float32 [N, S, S, 3] and, for AMP, morph_value:0 float32 [1]; outputs out_face_mask:0 float32 "
    "[N, S, S, 1], out_celeb_face:0 float32 [N, S, S, 3], out_celeb_face_mask:0 float32 [N, S, S, 1]"
)


@dataclass(frozen=True, slots=True)
class Signature:
    """How a DFM is called.

    Attributes:
        size: Side S of the faces it reads and gives, in px.
        face: Name of the input for faces, float32 (B, S, S, 3), 0 to 1, BGR.
        morph: Name of AMP's input float32 (1,), 0 to 1; None where there is none.
        outputs: Names of the target's mask, the face and the source's mask; all (B, S, S, C), 0 to 1, the face BGR.
        is_single: Whether it takes one face at a time, and no more.
    """

    size: int
    face: str
    morph: str | None
    outputs: tuple[str, str, str]
    is_single: bool


def read_signature(where: str, inputs: Sequence[Value], outputs: Sequence[Value]) -> Signature:
    """Return how the DFM of these inputs and outputs is called.

    Raises:
        StageError: They are not those of a DFM; says what was found and what is expected.
    """
    faces = [one for one in inputs if "in_face" in one.name]
    morphs = [one for one in inputs if "morph_value" in one.name]
    drawn = sorted(outputs, key=lambda one: _place(one.name))  # unknown names keep the file's order
    problem = _problem_of_inputs(faces, morphs, len(inputs)) or _problem_of_outputs(drawn, faces[0])
    if problem:
        found = f"inputs {_listed(inputs)}; outputs {_listed(outputs)}"
        raise StageError(
            f"{where} is an ONNX file, but no DFM: {problem}\n  found: {found}\n  expected: {_EXPECTED}\n"
            f"  export it as DFM, or name another file"
        )
    size = faces[0].shape[1]
    assert isinstance(size, int)  # checked above
    return Signature(
        size=size,
        face=faces[0].name,
        morph=morphs[0].name if morphs else None,
        outputs=(drawn[0].name, drawn[1].name, drawn[2].name),
        is_single=faces[0].shape[0] == 1,
    )


def _place(name: str) -> int:
    known = [one for one, _ in _OUTPUTS]
    plain = name.partition(":")[0]
    return known.index(plain) if plain in known else len(known)


def _problem_of_inputs(faces: Sequence[Value], morphs: Sequence[Value], count: int) -> str:
    """Say what is wrong with the inputs; empty where nothing is."""
    if len(faces) != 1:
        return "it has no input in_face" if not faces else "it has several inputs in_face"
    if len(morphs) > 1 or count != 1 + len(morphs):
        return "it has inputs besides in_face and morph_value"
    if any(one.type != _FLOAT for one in (*faces, *morphs)):
        return "its inputs are not float32"
    if morphs and list(morphs[0].shape) != [1]:
        return "its morph_value is not a single number"
    return _problem_of_face(faces[0].shape)


def _problem_of_face(shape: Sequence[int | str | None]) -> str:
    if len(shape) == 4 and shape[1] == 3 and shape[3] != 3:
        return "it reads faces with channels first, [N, 3, S, S]"
    if len(shape) != 4 or shape[3] != 3:
        return "it reads no pictures [N, S, S, 3]"
    if isinstance(shape[0], int) and shape[0] != 1:
        return f"it reads {shape[0]} faces at a time and no other number"
    side = shape[1]
    if not isinstance(side, int) or not isinstance(shape[2], int):
        return "it does not say how large its faces are"
    if side != shape[2] or not 8 <= side <= 4096:
        return f"its faces are {shape[2]}x{side} px, which is not square or not from 8 to 4096 px"
    return ""


def _problem_of_outputs(drawn: Sequence[Value], face: Value) -> str:
    """Say what is wrong with the outputs, in their order; empty where nothing is."""
    if len(drawn) != len(_OUTPUTS):
        return f"it has {len(drawn)} outputs in place of 3"
    for (name, channels), one in zip(_OUTPUTS, drawn, strict=True):
        if one.type != _FLOAT:
            return f"its output {one.name} is not float32"
        wanted = (*face.shape[1:3], channels)
        sides = list(one.shape)[1:]
        fits = len(one.shape) == 4 and all(not isinstance(have, int) or have == want
                                           for have, want in zip(sides, wanted, strict=True))  # fmt: skip
        if not fits:
            return f"its output {one.name} is no {name} of [N, {', '.join(map(str, wanted))}]"
    return ""


def _listed(values: Sequence[Value]) -> str:
    shown = (f"{one.name} {one.type} [{', '.join('?' if n is None else str(n) for n in one.shape)}]" for one in values)
    return ", ".join(shown) or "none"
