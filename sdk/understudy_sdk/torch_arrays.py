"""Which tensors does a file of torch's hold, without torch and without running anything of it?

New files are zip archives: ``data.pkl`` describes the values, ``data/0``, ``data/1``... hold the numbers. A TorchScript
archive is one too, with modules in place of dicts; of those, the attributes are read and the code is left alone. Files
from before torch 1.6 are five pickles in a row, followed by the numbers.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from .errors import ForeignFileError
from .pickle_machine import Maker, Pending, PickleMachine, require_plain
from .pickle_makers import plain_maker

__all__ = ["LEGACY_MAGIC", "from_bfloat16", "read_legacy_torch", "read_torch_zip"]

LEGACY_MAGIC: Final = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
"""The pickle of a large number with which every torch file of the old kind begins."""

_MOST_GROWTH: Final = 8  # bfloat16 doubles, a parameter counts once as the tensor it holds, and tensors may share
_MOST_PARTS: Final = 1_000_000
_STORAGES: Final = {
    "DoubleStorage": "<f8", "FloatStorage": "<f4", "HalfStorage": "<f2", "BFloat16Storage": "<u2",
    "LongStorage": "<i8", "IntStorage": "<i4", "ShortStorage": "<i2", "CharStorage": "i1", "ByteStorage": "u1",
    "BoolStorage": "?",
}  # fmt: skip


def from_bfloat16(bits: npt.NDArray[np.uint16]) -> npt.NDArray[np.float32]:
    """Return as float32 what uint16 holds as bfloat16: the same numbers, exactly."""
    return (bits.astype(np.uint32) << 16).view(np.float32)


def read_torch_zip(archive: zipfile.ZipFile, where: str) -> dict[str, npt.NDArray[Any]]:
    """Return the tensors of a torch file or a TorchScript archive; names of nested parts are joined by dots."""
    descriptions = [name for name in archive.namelist() if name.endswith("data.pkl") and name.count("/") <= 1]
    if len(descriptions) != 1:
        raise ForeignFileError(where, f"it is an archive with {len(descriptions)} descriptions of tensors")
    folder = descriptions[0].removesuffix("data.pkl")
    if f"{folder}byteorder" in archive.namelist() and archive.read(f"{folder}byteorder") != b"little":
        raise ForeignFileError(where, "its numbers are big-endian")
    files = _Storages(where, lambda key: _stored(archive, f"{folder}data/{key}", where))
    program = _stored(archive, descriptions[0], where)
    most_bytes = _MOST_GROWTH * sum(member.file_size for member in archive.infolist())
    return _flat(PickleMachine(program, where, _maker, persistent=files.find, most_bytes=most_bytes).run(), where)


def read_legacy_torch(content: bytes, where: str) -> dict[str, npt.NDArray[Any]]:
    """Return the tensors of a torch file of the old kind.

    The numbers come after the description, so it is read twice: first for the storages' types, then with their bytes.
    """
    position = len(LEGACY_MAGIC)
    for _ in ("protocol version", "the writer's machine"):
        machine = PickleMachine(content, where, plain_maker, start=position)
        machine.run()
        position = machine.position
    kinds = _Storages(where, None)
    machine = PickleMachine(content, where, _maker, persistent=kinds.find, start=position)
    machine.run()
    keys_machine = PickleMachine(content, where, plain_maker, start=machine.position)
    numbers = _legacy_numbers(content, keys_machine.run(), keys_machine.position, kinds.dtypes, where)
    files = _Storages(where, numbers.__getitem__)
    most_bytes = _MOST_GROWTH * len(content)
    machine = PickleMachine(content, where, _maker, persistent=files.find, start=position, most_bytes=most_bytes)
    return _flat(machine.run(), where)


def _legacy_numbers(
    content: bytes, keys: Any, position: int, dtypes: dict[str, np.dtype[Any]], where: str
) -> dict[str, bytes]:
    numbers = {}
    for key in keys:
        count = int.from_bytes(content[position : position + 8], "little")
        first, last = position + 8, position + 8 + count * dtypes[key].itemsize
        if last > len(content):
            raise ForeignFileError(where, f"the numbers of storage {key} are cut short")
        numbers[key], position = content[first:last], last
    return numbers


def _stored(archive: zipfile.ZipFile, name: str, where: str) -> bytes:
    """Return a member's bytes. Torch stores without compression, so that a member cannot be larger than the file."""
    member = archive.getinfo(name)
    if member.compress_type != zipfile.ZIP_STORED:
        raise ForeignFileError(where, f"{name} is compressed, which torch's files never are")
    return archive.read(member)


@dataclass(frozen=True, slots=True)
class _Storage:
    """The numbers that one or several tensors lie in; empty where only the types are wanted."""

    numbers: npt.NDArray[Any] | None
    is_bfloat16: bool


class _Storages:
    """Finds storages by the persistent ids of a description."""

    def __init__(self, where: str, read: Callable[[str], bytes] | None) -> None:
        self._where, self._read = where, read
        self._found: dict[str, _Storage] = {}
        self.dtypes: dict[str, np.dtype[Any]] = {}

    def find(self, identity: Any) -> _Storage:
        """Return the storage of ``("storage", kind, key, device, count)``, with a view in old files."""
        if not isinstance(identity, tuple) or len(identity) not in (5, 6) or identity[0] != "storage":
            raise ValueError("a reference to something that is no storage")
        kind, key = identity[1].name.rpartition(".")[2], identity[2]
        dtype = np.dtype(_STORAGES[kind])
        if len(identity) == 6 and identity[5] is not None:
            raise ForeignFileError(self._where, "it holds views of storages, as torch wrote them before version 0.4")
        if key not in self._found:
            numbers = None if self._read is None else np.frombuffer(self._read(key), dtype)
            self._found[key], self.dtypes[key] = _Storage(numbers, kind == "BFloat16Storage"), dtype
        return self._found[key]


def _tensor(args: tuple[Any, ...]) -> npt.NDArray[Any]:
    """Return the tensor that ``_rebuild_tensor`` or ``_rebuild_tensor_v2`` is asked for, as an array of its own."""
    storage, offset, shape, strides = args[:4]
    if not isinstance(storage, _Storage) or not _are_sizes((offset, *shape, *strides)) or len(shape) != len(strides):
        raise TypeError("a tensor needs a storage, an offset, a shape and strides")
    numbers = storage.numbers
    if numbers is None or math.prod(shape) == 0:
        return np.zeros((0,) if numbers is None else shape, np.float32 if numbers is None else numbers.dtype)
    last = offset + sum((side - 1) * stride for side, stride in zip(shape, strides, strict=True))
    if last >= numbers.size or math.prod(shape) > numbers.size:
        raise ValueError(f"a tensor of shape {tuple(shape)} reaches beyond its {numbers.size} numbers")
    steps = tuple(stride * numbers.itemsize for stride in strides)
    view = np.lib.stride_tricks.as_strided(numbers[offset:], tuple(shape), steps, writeable=False)
    return from_bfloat16(view) if storage.is_bfloat16 else view.copy(order="C")


def _are_sizes(values: tuple[Any, ...]) -> bool:
    return all(type(value) is int and value >= 0 for value in values)


class _Module(Pending):
    """A TorchScript module: nothing but its attributes by name."""

    def build(self, state: Any) -> dict[Any, Any]:
        if type(state) is not dict:
            raise TypeError("a module's state is a dict")
        return state


def _storage_class(_: tuple[Any, ...]) -> Any:
    raise TypeError("storages are not made by calling their class")


_MAKERS: Final[dict[str, Maker]] = {
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_parameter": lambda args: args[0],
    "torch.Size": lambda args: tuple(args[0]),
    **{f"torch.jit._pickle.build_{kind}list": lambda args: args[0] for kind in ("int", "double", "bool", "tensor")},
    **{f"torch.{kind}": _storage_class for kind in _STORAGES},
}


def _maker(name: str) -> Maker | None:
    if name.startswith("__torch__."):
        return lambda _: _Module()
    return _MAKERS.get(name) or plain_maker(name)


def _flat(value: Any, where: str) -> dict[str, npt.NDArray[Any]]:
    require_plain(value, where, (np.ndarray, np.generic))
    flat: dict[str, npt.NDArray[Any]] = {}
    parts, seen = [("", value)], 0
    while parts:
        name, part = parts.pop()
        seen += 1
        if seen > _MOST_PARTS:
            raise ForeignFileError(where, f"it holds more than {_MOST_PARTS} values")
        if isinstance(part, np.ndarray):
            flat[name] = part
        elif isinstance(part, dict | list | tuple):
            items = list(part.items() if isinstance(part, dict) else enumerate(part))
            parts += [(f"{name}.{key}" if name else str(key), below) for key, below in reversed(items)]
    return flat
