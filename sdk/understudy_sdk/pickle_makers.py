"""What may a pickle of plain data name, and what do we make of each name?

Containers, scalars and NumPy arrays of numbers or texts. Arrays of objects are refused: each element of one is a pickle
of its own. NumPy's own functions never see what the file says before it has been checked here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from .pickle_machine import Maker, Pending

__all__ = ["ForeignEnum", "array_from_bytes", "plain_maker"]

_DTYPE_CODE: Final = re.compile(r"([<>|=]?)(?:([biufc])(1|2|4|8|16)|([SU])(\d{1,6})|\?)")


@dataclass(frozen=True, slots=True)
class ForeignEnum:
    """A value of another program's enumeration, kept as it was written.

    Attributes:
        name: Dotted name of the enumeration, such as ``samplelib.Sample.SampleType``.
        args: What it was made from, mostly one number.
    """

    name: str
    args: tuple[Any, ...]


def plain_maker(name: str, enums: Collection[str] = ()) -> Maker | None:
    """Return the maker of a dotted name, or None where plain data does not need the name.

    Args:
        name: What the pickle asks for.
        enums: Names of enumerations that the caller expects; they become ForeignEnum.
    """
    if name in enums:
        return lambda args: ForeignEnum(name, args)
    return _MAKERS.get(name.replace("numpy._core.", "numpy.core.").replace("__builtin__.", "builtins."))


def array_from_bytes(raw: Any, dtype: Any, shape: Any, order: str = "C") -> npt.NDArray[Any]:
    """Return a new array that holds these bytes. Raises TypeError or ValueError where they do not fit."""
    if isinstance(dtype, _Dtype):
        dtype = dtype.plain
    if not isinstance(dtype, np.dtype) or dtype.hasobject or dtype.kind not in "biufcSU":
        raise TypeError(f"arrays of {dtype!r} hold more than numbers and texts")
    raw = raw.encode("latin-1") if isinstance(raw, str) else raw
    if not isinstance(raw, bytes) or not isinstance(shape, tuple) or order not in ("C", "F"):
        raise TypeError("an array needs bytes, a shape and an order")
    if not all(type(side) is int and side >= 0 for side in shape):
        raise ValueError(f"an array cannot have the shape {shape}")
    if len(shape) > 32 or math.prod(shape) * dtype.itemsize != len(raw):
        raise ValueError(f"an array of shape {shape} and type {dtype} does not have {len(raw)} bytes")
    if not raw:
        return np.zeros(shape, dtype)
    return np.frombuffer(raw, dtype).reshape(shape, order="F" if order == "F" else "C").copy(order="K")


class _Array(Pending):
    """An array as ``_reconstruct`` begins it; its state brings shape, type and bytes."""

    def build(self, state: Any) -> npt.NDArray[Any]:
        shape, dtype, is_fortran, raw = state[-4:]
        return array_from_bytes(raw, dtype, shape, "F" if is_fortran else "C")


class _Dtype(Pending):
    """A type of numbers; its state brings the byte order."""

    def __init__(self, code: str) -> None:
        if not _DTYPE_CODE.fullmatch(code):
            raise ValueError(f"the element type {code!r} is not one of numbers or texts")
        self.plain = np.dtype(code)

    def build(self, state: Any) -> np.dtype[Any]:
        version, order, subtype, names, fields = state[:5]
        if (subtype, names, fields) != (None, None, None) or order not in ("<", ">", "|", "="):
            raise ValueError(f"an element type of version {version!r} that is not one of numbers or texts")
        return self.plain.newbyteorder("<" if order == "|" else order)


_NDARRAY: Final = "numpy.ndarray"


def _class_of_arrays(_: tuple[Any, ...]) -> Any:
    raise TypeError("arrays are not made by calling their class")


def _reconstruct(args: tuple[Any, ...]) -> _Array:
    if len(args) != 3 or getattr(args[0], "name", None) != _NDARRAY:
        raise TypeError("only plain arrays are read")
    return _Array()


def _dtype(args: tuple[Any, ...]) -> _Dtype:
    if not args or not isinstance(args[0], str):
        raise TypeError("an element type needs its code")
    return _Dtype(args[0])


def _scalar(args: tuple[Any, ...]) -> Any:
    dtype, raw = args
    return array_from_bytes(raw, dtype, ())[()]


def _from_buffer(args: tuple[Any, ...]) -> npt.NDArray[Any]:
    raw, dtype, shape, order = args
    return array_from_bytes(raw, dtype, shape, order)


def _encode(args: tuple[Any, ...]) -> bytes:
    text, encoding = args
    if encoding not in ("latin1", "latin-1") or not isinstance(text, str):
        raise TypeError("bytes are written as Latin-1 text and nothing else")
    return text.encode("latin-1")


def _members(args: tuple[Any, ...]) -> list[Any]:
    """Return the members of a set, from no argument or one list."""
    if not args:
        return []
    (members,) = args
    if not isinstance(members, list | tuple) or not all(type(m) in (str, int, float, bool, bytes) for m in members):
        raise TypeError("a set is made from a list of scalars")
    return list(members)


def _ordered_dict(args: tuple[Any, ...]) -> dict[Any, Any]:
    if not args:
        return {}
    (pairs,) = args
    if not isinstance(pairs, list) or not all(len(pair) == 2 and isinstance(pair[0], str | int) for pair in pairs):
        raise TypeError("an ordered dict is made from pairs")
    return dict(pairs)


def _complex(args: tuple[Any, ...]) -> complex:
    real, imaginary = args
    if not isinstance(real, float) or not isinstance(imaginary, float):
        raise TypeError("a complex number has two real parts")
    return complex(real, imaginary)


def _bytes(args: tuple[Any, ...]) -> bytes:
    if not args:
        return b""
    if len(args) == 1 and isinstance(args[0], bytes):
        return args[0]
    return _encode(args)


_MAKERS: Final[dict[str, Maker]] = {
    _NDARRAY: _class_of_arrays,
    "numpy.dtype": _dtype,
    "numpy.core.multiarray._reconstruct": _reconstruct,
    "numpy.core.multiarray.scalar": _scalar,
    "numpy.core.numeric._frombuffer": _from_buffer,
    "collections.OrderedDict": _ordered_dict,
    "builtins.set": lambda args: set(_members(args)),
    "builtins.frozenset": lambda args: frozenset(_members(args)),
    "builtins.complex": _complex,
    "builtins.bytearray": _bytes,
    "builtins.bytes": _bytes,
    "_codecs.encode": _encode,
}
