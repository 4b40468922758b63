"""What stands in a file that another program wrote, read without running anything of it?

Pickles, NumPy's files, safetensors and torch's files. Many of them are pickles, and opening a pickle in the usual way
runs whatever its author wrote into it. Here they are read as data: see ``pickle_machine``.
"""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Collection
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import numpy.typing as npt

from .errors import ForeignFileError
from .pickle_machine import PickleMachine, require_plain
from .pickle_makers import ForeignEnum, array_from_bytes, plain_maker
from .torch_arrays import LEGACY_MAGIC, from_bfloat16, read_legacy_torch, read_torch_zip

__all__ = ["ForeignEnum", "plain_pickle", "read_arrays"]

_MOST_BYTES: Final = 1 << 33  # of one array of a compressed file; the largest published networks are smaller
_SAFETENSORS_TYPES: Final = {
    "BOOL": "?", "U8": "u1", "I8": "i1", "U16": "<u2", "I16": "<i2", "U32": "<u4", "I32": "<i4", "U64": "<u8",
    "I64": "<i8", "F16": "<f2", "F32": "<f4", "F64": "<f8", "BF16": "<u2",
}  # fmt: skip


def plain_pickle(content: bytes | BinaryIO, *, enums: Collection[str] = (), where: str = "the pickle") -> Any:
    """Return what a pickle of plain data holds: containers, scalars and NumPy arrays of numbers or texts.

    Nothing named in it is imported or called; protocols 2 to 5 are read. An OrderedDict comes back as a dict, a
    bytearray as bytes.

    Args:
        content: The pickle; what follows its end is ignored.
        enums: Dotted names of enumerations it may hold, such as ``samplelib.Sample.SampleType``; their values come back
            as ForeignEnum.
        where: The file's name, for messages.

    Raises:
        ForeignFileError: It asks for any other name, is cut short or damaged, or contains itself.
    """
    raw = content if isinstance(content, bytes) else content.read()
    value = PickleMachine(raw, where, lambda name: plain_maker(name, enums)).run()
    require_plain(value, where, (np.ndarray, np.generic, ForeignEnum))
    return value


def read_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Return a file's arrays by name, whatever wrote it; the kind is told by the content.

    Read are DeepFaceLab's weights (a pickle named ``.npy``), NumPy's ``.npy`` (its array has the name ``""``) and
    ``.npz``, safetensors, and torch's files, old and new, TorchScript archives among them. Names of nested parts are
    joined by dots. bfloat16, which NumPy does not know, comes back as float32. What is not an array is left out.

    Raises:
        ForeignFileError: The file asks for code, is damaged, or is of none of these kinds.
        OSError: The file cannot be opened.
    """
    where, content = str(path), path.read_bytes()
    try:
        return _read(content, where)
    except (zipfile.BadZipFile, struct.error, EOFError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise ForeignFileError(where, f"it is damaged ({type(error).__name__}: {error})") from error


def _read(content: bytes, where: str) -> dict[str, npt.NDArray[Any]]:
    if content.startswith(b"\x93NUMPY"):
        return {"": _numpy_array(content, where)}
    if content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if any(name.endswith("data.pkl") for name in archive.namelist()):
                return read_torch_zip(archive, where)
            return _numpy_archive(archive, where)
    if len(content) > 8 and content[8:9] == b"{" and 8 + _length(content) <= len(content):
        return _safetensors(content, where)
    if content.startswith(LEGACY_MAGIC):
        return read_legacy_torch(content, where)
    if content.startswith(b"\x80"):
        return _arrays_of(plain_pickle(content, where=where), where)
    raise ForeignFileError(where, "it is neither NumPy's nor torch's nor a safetensors file, nor a pickle of arrays")


def _arrays_of(value: Any, where: str) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays of a pickled dict; its numbers are arrays without sides."""
    if not isinstance(value, dict):
        raise ForeignFileError(where, f"its pickle holds no dict of arrays, but a {type(value).__name__}")
    return {str(name): np.asarray(array) for name, array in value.items() if isinstance(array, np.ndarray | np.generic)}


def _numpy_archive(archive: zipfile.ZipFile, where: str) -> dict[str, npt.NDArray[Any]]:
    members = [member for member in archive.infolist() if member.filename.endswith(".npy")]
    if not members:
        raise ForeignFileError(where, "it is an archive without arrays")
    if sum(member.file_size for member in members) > _MOST_BYTES:
        raise ForeignFileError(where, "it unpacks to more than 8 GiB")
    return {member.filename[:-4]: _numpy_array(archive.read(member), where) for member in members}


def _numpy_array(content: bytes, where: str) -> npt.NDArray[Any]:
    """Return the array of a ``.npy`` file; its header is checked against its length before memory is taken."""
    stream = io.BytesIO(content)
    version = np.lib.format.read_magic(stream)
    if version not in ((1, 0), (2, 0)):
        raise ForeignFileError(where, f"version {version[0]}.{version[1]} of NumPy's format holds named fields")
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, is_fortran, dtype = read_header(stream)
    return array_from_bytes(content[stream.tell() :], dtype, shape, "F" if is_fortran else "C")


def _length(content: bytes) -> int:
    return int.from_bytes(content[:8], "little")


def _safetensors(content: bytes, where: str) -> dict[str, npt.NDArray[Any]]:
    end = 8 + _length(content)
    header = json.loads(content[8:end])
    header.pop("__metadata__", None)
    arrays = {}
    for name, entry in header.items():
        code = _SAFETENSORS_TYPES.get(entry["dtype"])
        if code is None:
            raise ForeignFileError(where, f"{name} is of the type {entry['dtype']}, which is not read")
        first, last = entry["data_offsets"]
        if not 0 <= first <= last <= len(content) - end:
            raise ForeignFileError(where, f"{name} lies outside the file")
        array = array_from_bytes(content[end + first : end + last], np.dtype(code), tuple(entry["shape"]))
        arrays[name] = from_bfloat16(array) if entry["dtype"] == "BF16" else array
    return arrays
