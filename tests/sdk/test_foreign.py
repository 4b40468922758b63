"""Are other programs' files read right, and is nothing that stands in them ever run?"""

from __future__ import annotations

import collections
import copyreg
import enum
import io
import operator
import os
import pickle
import random
import struct
import sys
import types
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from understudy_sdk import ForeignFileError
from understudy_sdk.foreign import ForeignEnum, plain_pickle, read_arrays
from understudy_sdk.torch_arrays import LEGACY_MAGIC

ARRAYS = {
    "fc6/weight:0": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
    "fc6/bias:0": np.array([0.5, -1.5], np.float64),
    "turned": np.arange(6, dtype=np.int64).reshape(2, 3).T,
    "big_endian": np.array([1, 2, 3], ">i4"),
    "half": np.array([[1.5]], np.float16),
    "names": np.array(["a", "long name"]),
    "flags": np.array([True, False]),
    "empty": np.zeros((0, 3), np.float32),
    "scalar": np.float32(2.5),
    "no_sides": np.array(7, np.uint8),
}


def assert_same(found, expected):
    assert type(found) is type(expected)
    if isinstance(expected, dict):
        assert list(found) == list(expected)
        for name in expected:
            assert_same(found[name], expected[name])
    elif isinstance(expected, np.ndarray | np.generic):
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)
    elif isinstance(expected, list | tuple):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_same(one, other)
    else:
        assert found == expected


# -- what may be read


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_reads_what_was_pickled(protocol):
    shared = [1, 2]
    value = {
        "numbers": [0, 1, 255, 256, 70_000, -1, -(2**31), 2**40, -(2**90), 1.5, float("inf")],
        "texts": ["", "käse", "x" * 300, b"", b"\x00\xff", b"y" * 300],
        "others": [None, True, False, 1 + 2j, (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), {}, [], [[]]],
        "sets": [{1, 2}, frozenset({"a"}), set()],
        "shared": [shared, shared],
        (1, "key"): {3: 4},
        "arrays": ARRAYS,
    }
    assert_same(plain_pickle(pickle.dumps(value, protocol)), value)


def test_reads_a_stream_and_stops_at_the_end():
    assert plain_pickle(io.BytesIO(pickle.dumps([1, 2]) + b"what follows")) == [1, 2]


@pytest.mark.parametrize("package", [b"numpy.core", b"numpy._core"])
def test_knows_both_of_numpys_addresses(package):
    content = pickle.dumps(ARRAYS["fc6/weight:0"], 2).replace(b"numpy._core", package)
    assert package in content
    np.testing.assert_array_equal(plain_pickle(content), ARRAYS["fc6/weight:0"])


def test_reads_ordered_dicts_and_bytearrays_as_the_plain_kind():
    value = collections.OrderedDict(b=1, a=2)
    value.note = "an attribute"
    for protocol in (2, 4, 5):
        found = plain_pickle(pickle.dumps([value, bytearray(b"ab")], protocol))
        assert_same(found, [{"b": 1, "a": 2}, b"ab"])


def test_arrays_can_be_written_to():
    found = plain_pickle(pickle.dumps(ARRAYS))
    found["fc6/weight:0"][0, 0, 0] = 5
    assert found["fc6/weight:0"][0, 0, 0] == 5


@pytest.fixture
def foreign_enum(monkeypatch):
    """Give a value of an enumeration of a module that only this process has."""
    module = types.ModuleType("samplelib.Sample")
    module.SampleType = enum.IntEnum("SampleType", {"IMAGE": 0, "FACE": 1}, module="samplelib.Sample")
    monkeypatch.setitem(sys.modules, "samplelib", types.ModuleType("samplelib"))
    monkeypatch.setitem(sys.modules, "samplelib.Sample", module)
    return module.SampleType.FACE


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_keeps_expected_enumerations_as_they_were_written(foreign_enum, protocol):
    content = pickle.dumps([{"sample_type": foreign_enum}], protocol)
    found = plain_pickle(content, enums=["samplelib.Sample.SampleType"])
    assert found == [{"sample_type": ForeignEnum("samplelib.Sample.SampleType", (1,))}]
    with pytest.raises(ForeignFileError, match=r"'samplelib\.Sample\.SampleType'") as caught:
        plain_pickle(content)
    assert caught.value.asked == "samplelib.Sample.SampleType"


# -- hostile pickles


class Call:
    """Pickles as a call of a function, as any hostile pickle does."""

    def __init__(self, function, *args, state=None):
        self.call = (function, args) if state is None else (function, args, state)

    def __reduce__(self):
        return self.call


def hostile(folder: Path) -> dict[str, object]:
    """Give values whose unpickling would leave a file in the folder, each by another way."""
    path = str(folder / "touched")
    code = f"__import__('os').mkdir({path!r})"
    return {
        "mkdir": Call(os.mkdir, path),
        "eval": Call(eval, code),
        "exec": Call(exec, code),
        "system": Call(os.system, f"mkdir {path}"),
        "getattr": Call(getattr, 1, "real"),
        "attrgetter": Call(operator.attrgetter, "system"),
        "methodcaller": Call(operator.methodcaller, "touch"),
        "path": Call(Path.touch, Path(path)),
        "in a dict": {"weights": [Call(os.mkdir, path)]},
        "as a key": {(1, Call(os.mkdir, path)): 1},
        "array of objects": np.array([Call(os.mkdir, path)], object),
        "array's state": Call(os.mkdir, path, state=(1, (1,), np.dtype("f4"), False, b"1234")),
    }


HOSTILE = list(hostile(Path()))


def pickles_of(name: str, folder: Path) -> list[bytes]:
    return [pickle.dumps(hostile(folder)[name], protocol) for protocol in (0, 1, 2, 3, 4, 5)]


@pytest.mark.parametrize("name", ["mkdir", "eval", "exec", "system", "path", "in a dict", "array of objects"])
def test_the_hostile_pickles_would_work_elsewhere(name, tmp_path):
    """Without this, the tests below could pass for a pickle that does nothing."""
    pickle.loads(pickles_of(name, tmp_path)[4])
    assert (tmp_path / "touched").exists()


@pytest.mark.parametrize("name", HOSTILE)
def test_a_pickle_runs_nothing(name, tmp_path):
    for content in pickles_of(name, tmp_path):
        with pytest.raises(ForeignFileError):
            plain_pickle(content)
    assert not (tmp_path / "touched").exists()


@pytest.mark.parametrize("name", HOSTILE)
def test_no_kind_of_file_runs_anything(name, tmp_path):
    for number, content in enumerate(pickles_of(name, tmp_path)):
        for kind, wrapped in wrapped_hostile(content).items():
            path = tmp_path / f"{number}-{kind}"
            path.write_bytes(wrapped)
            with pytest.raises(ForeignFileError):
                read_arrays(path)
    assert not (tmp_path / "touched").exists()


def wrapped_hostile(content: bytes) -> dict[str, bytes]:
    """Give files of every kind that has a pickle in it, with this one in its place."""
    plain = [pickle.dumps(value, 2) for value in (1001, {"little_endian": True}, {}, [])]
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|O", "fortran_order": False, "shape": (1,)})
    return {
        "S3FD.npy": content,
        "objects.npy": header.getvalue() + content,
        "objects.npz": zipped({"a.npy": header.getvalue() + content}),
        "torch.pth": zipped({"archive/data.pkl": content, "archive/version": b"3"}),
        "flat.pth": zipped({"data.pkl": content}),
        "script.zip": zipped({"a/data.pkl": content, "a/constants.pkl": content, "a/code/__torch__.py": b""}),
        **{f"old{place}.pth": LEGACY_MAGIC + b"".join(replaced(plain, place, content)) for place in range(4)},
    }


def replaced(parts: list[bytes], place: int, part: bytes) -> list[bytes]:
    return [*parts[:place], part, *parts[place + 1 :]]


def zipped(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def test_says_which_name_was_asked_for_and_in_which_file(tmp_path):
    path = tmp_path / "S3FD.npy"
    path.write_bytes(pickle.dumps(Call(eval, "1")))
    with pytest.raises(ForeignFileError, match=r"S3FD\.npy cannot be read: it asks for 'builtins\.eval'") as caught:
        read_arrays(path)
    assert caught.value.asked == "builtins.eval"


def global_(dotted: str) -> bytes:
    """Give the instruction that pushes a name."""
    module, _, name = dotted.rpartition(".")
    return f"c{module}\n{name}\n".encode()


BLOB = b"B" + struct.pack("<I", 12) + pickle.dumps(7, 4)[:12].ljust(12, b".")  # bytes that are a pickle themselves
NDARRAY = global_("numpy.core.multiarray._reconstruct") + global_("numpy.ndarray") + b"K\x00\x85C\x01b\x87R"
FLOAT32 = global_("numpy.dtype") + b"X\x02\0\0\0f4\x89\x88\x87R"
OBJECT = global_("numpy.dtype") + b"X\x02\0\0\0O8\x89\x88\x87R"


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (global_("numpy.core.multiarray.scalar") + OBJECT + BLOB + b"\x86R", "not one of numbers"),
        (global_("numpy.dtype") + b"X\x03\0\0\0O,O\x89\x88\x87R", "not one of numbers"),
        (global_("numpy.dtype") + b"]X\x01\0\0\0aX\x01\0\0\0O\x86a\x85R", "needs its code"),
        (NDARRAY.replace(b"numpy\nndarray", b"numpy\nmatrix"), "numpy.matrix"),
        (NDARRAY.replace(b"numpy\nndarray", b"builtins\nset"), "only plain arrays"),
        (NDARRAY, "never finished"),
        (NDARRAY + b"N" + b"b", "not subscriptable"),
        (NDARRAY + b"(K\x01K\x04\x85" + FLOAT32 + b"\x89C\x04abcdtb", "does not have 4 bytes"),
        (NDARRAY + b"(K\x01J\xff\xff\xff\xff\x85" + FLOAT32 + b"\x89C\x04abcdtb", "cannot have the shape"),
        (NDARRAY + b"(K\x01K\x01\x85" + FLOAT32 + b"\x89]tb", "needs bytes"),
        (global_("numpy.ndarray") + b"\x8a\x05\0\0\0\0\1\x85R", "not made by calling"),
        (global_("numpy.core.numeric._frombuffer") + b"(C\x04abcd" + FLOAT32 + b"M\0\4\x85U\x01CtR", "4 bytes"),
        (FLOAT32 + b"(K\x03X\x01\0\0\0<N(X\x01\0\0\0atNK\x04K\x01K\x00tb", "not one of numbers"),
        (global_("builtins.bytearray") + b"\x8a\x06\0\0\0\0\0\1\x85R", "values to unpack|Latin-1"),
        (global_("builtins.getattr") + NDARRAY + b"X\x05\0\0\0dumps\x86R", "builtins.getattr"),
        (global_("builtins.set.__class__") + b")R", "builtins.set.__class__"),
        (b"\x8c\x08builtins\x8c\x04eval\x93\x8c\x011\x85R", "builtins.eval"),
        (b"\x8c\x05numpy\x8c\x0dndarray.dumps\x93)R", "numpy.ndarray.dumps"),
        (b"\x8c\x05numpyK\x01\x93)R", "stands where a str"),
        (global_("builtins.set") + b")}\x92", "instruction"),
        (b"(" + global_("builtins.set") + b"o", "instruction"),
        (b"(ibuiltins\neval\n", "instruction"),
        (b"Pidentity\n", "instruction"),
        (b"\x97", "instruction"),
        (b"N}X\x0c\0\0\0__setstate__K\x01sb", "takes no state"),
        (global_("builtins.set") + b"}X\x04\0\0\0nameK\x01sb", "takes no state"),
        (global_("builtins.set") + b"N}X\x0c\0\0\0__defaults__K\x01s\x86b", "takes no state"),
        (global_("builtins.set"), "never finished"),
        (b"K\x01Q", "outside the pickle"),
        (b"K\x01)R", "_Named|Named is needed"),
        (b"\x80\x09N", "protocol 9"),
        (b"\x8e\xff\xff\xff\xff\xff\xff\xff\x3f", "are left"),
        (b"\x8b\xff\xff\xff\xff", "bytes are announced"),
        (b"}]K\x01s", "cannot be a key"),
        (b"]q\x00h\x00a", "contain themselves"),
        (b"}q\x00K\x01h\x00s", "contain themselves"),
        (b"]" * 100 + b"a" * 99, "levels deep"),
        (b"N" + b"\x85" * 100_000, "levels deep"),
        (b"}N" + b"\x85" * 100_000 + b"Ns", "cannot be a key"),
        (b"\x8f(N" + b"\x85" * 100_000 + b"\x90", "cannot be a key"),
        (b"h\x07", "KeyError"),
        (b"0", "IndexError"),
        (b"K\x01K\x02a", "stands where a list"),
        (b"", "IndexError"),
    ],
)  # fmt: skip
def test_refuses_instructions_that_plain_data_does_not_need(program, message):
    with pytest.raises(ForeignFileError, match=message):
        plain_pickle(b"\x80\x02" + program + b".")


def test_does_not_use_the_registry_of_short_names():
    """A short name that this process knows already would skip the look-up of names."""
    copyreg.add_extension("builtins", "eval", 0x7A)
    try:
        content = pickle.dumps(eval, 2)
        assert b"\x82\x7a" in content
        assert pickle.loads(content) is eval  # now in the registry's cache
        with pytest.raises(ForeignFileError, match="instruction"):
            plain_pickle(content)
    finally:
        copyreg.remove_extension("builtins", "eval", 0x7A)


def test_a_small_pickle_cannot_ask_for_much_memory():
    array = np.zeros(1000, np.float32)
    one = pickle.dumps(array, 2)[2:-1]
    raw = one.index(b"(K\x01M\xe8\x03")
    assert plain_pickle(b"\x80\x02]" + (one + b"a") * 3 + b".")[2].size == 1000
    state = b"(K\x01M\xe8\x03\x85" + FLOAT32 + b"\x89h\x7ftb"
    bytes_once = b"B" + struct.pack("<I", 4000) + bytes(4000) + b"q\x7f0"
    again = (NDARRAY + state + b"0") * 1000
    assert raw > 0
    with pytest.raises(ForeignFileError, match="larger than the file"):
        plain_pickle(b"\x80\x02" + bytes_once + again + b"N.")


def test_a_cut_pickle_is_an_error_at_every_length():
    content = pickle.dumps({"a": [1, "b", ARRAYS["turned"]]}, 4)
    for length in range(len(content)):
        with pytest.raises(ForeignFileError):
            plain_pickle(content[:length])


@pytest.mark.parametrize("protocol", [2, 4])
def test_a_damaged_pickle_is_an_error_or_a_value_and_nothing_else(protocol):
    content = pickle.dumps({"a": [1, "b", *ARRAYS.values()], "c": (None, 2.5, {1})}, protocol)
    chance = random.Random(0)
    refused = 0
    for _ in range(2000):
        damaged = bytearray(content)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        try:
            plain_pickle(bytes(damaged))
        except ForeignFileError:
            refused += 1
    assert refused > 200


# -- files of arrays


def test_reads_deepfacelabs_weights(tmp_path):
    path = tmp_path / "weights.npy"
    path.write_bytes(pickle.dumps({**ARRAYS, "comment": "none"}, 4))
    expected = {name: np.asarray(array) for name, array in ARRAYS.items()}
    assert_same(read_arrays(path), expected)


def test_reads_numpys_files(tmp_path):
    for name, array in ARRAYS.items():
        np.save(tmp_path / "one.npy", array)
        assert_same(read_arrays(tmp_path / "one.npy"), {"": np.asarray(array)})
        if name == "half":
            with (tmp_path / "two.npy").open("wb") as stream:
                np.lib.format.write_array(stream, array, (2, 0))
            assert_same(read_arrays(tmp_path / "two.npy"), {"": array})
    named = {name.replace("/", "_").replace(":", "_"): np.asarray(array) for name, array in ARRAYS.items()}
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "many.npz", **named)
        assert_same(read_arrays(tmp_path / "many.npz"), named)


def test_reads_safetensors(tmp_path):
    tensors = {"a": torch.randn(2, 3), "b": torch.arange(4), "c": torch.randn(5).bfloat16(), "d": torch.randn(2).half()}
    safetensors.torch.save_file(tensors, tmp_path / "weights.safetensors", {"note": "text"})
    found = read_arrays(tmp_path / "weights.safetensors")
    assert_same(dict(sorted(found.items())), in_numpy(tensors))


def in_numpy(tensors):
    return {
        name: (tensor.detach().float() if tensor.dtype == torch.bfloat16 else tensor.detach()).numpy()
        for name, tensor in tensors.items()
    }


class Net(torch.nn.Module):
    """A convolution, a norm and a tensor in a list."""

    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 4, 3, stride=2)
        self.inner = torch.nn.Sequential(torch.nn.BatchNorm2d(4), torch.nn.Conv2d(4, 2, 1, bias=False))

    def forward(self, x):
        return self.inner(self.conv(x))


@pytest.mark.parametrize("is_new", [True, False], ids=["zip", "legacy"])
def test_reads_torchs_files(tmp_path, is_new):
    tensors = {**Net().state_dict(), "parameter": torch.nn.Parameter(torch.randn(3)), "turned": torch.randn(2, 3).T}
    whole = torch.randn(10)
    tensors |= {"part": whole[3:7], "every_second": whole[::2], "empty": torch.zeros(0, 2), "scalar": torch.tensor(3.0)}
    tensors |= {f"kind{i}": torch.ones(2, dtype=kind) for i, kind in enumerate(
        (torch.float64, torch.float16, torch.bfloat16, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool)
    )}  # fmt: skip
    torch.save(tensors, tmp_path / "a.pth", _use_new_zipfile_serialization=is_new)
    assert_same(read_arrays(tmp_path / "a.pth"), in_numpy(tensors))
    checkpoint = {"epoch": 3, "best": np.float64(0.5), "state_dict": Net().state_dict(), "parts": [torch.ones(1)]}
    torch.save(checkpoint, tmp_path / "b.pth.tar", _use_new_zipfile_serialization=is_new)
    found = read_arrays(tmp_path / "b.pth.tar")
    expected = {f"state_dict.{name}": tensor for name, tensor in checkpoint["state_dict"].items()}
    assert_same(found, in_numpy({**expected, "parts.0": torch.ones(1)}))


def test_bfloat16_is_exact(tmp_path):
    tensors = {"a": torch.randn(1000).bfloat16(), "b": torch.tensor([float("inf"), -0.0, 1e-40]).bfloat16()}
    torch.save(tensors, tmp_path / "a.pth")
    assert_same(read_arrays(tmp_path / "a.pth"), in_numpy(tensors))


def test_reads_a_torchscript_archive_without_its_code(tmp_path):
    net = Net()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch advises against TorchScript, which files in the world do not heed
        torch.jit.script(net).save(str(tmp_path / "net.zip"))
    found = read_arrays(tmp_path / "net.zip")
    expected = in_numpy(net.state_dict())
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        assert_same(found[name], array)


def test_refuses_a_whole_module(tmp_path):
    for is_new in (True, False):
        torch.save(Net(), tmp_path / "net.pth", _use_new_zipfile_serialization=is_new)
        with pytest.raises(ForeignFileError) as caught:
            read_arrays(tmp_path / "net.pth")
        assert caught.value.asked.endswith(".Net") or "no storage" in str(caught.value)


def torch_file(tensor: str) -> bytes:
    """Give a torch file with two numbers, whose one tensor has the given size and stride in pickle instructions."""
    persistent = b"(X\x07\0\0\0storage" + global_("torch.FloatStorage") + b"X\x01\0\0\x000X\x03\0\0\0cpuK\x02tQ"
    size = global_("torch._utils._rebuild_tensor_v2") + b"(" + persistent + eval(tensor) + b"\x89}tR"
    return zipped({"a/data.pkl": b"\x80\x02}X\x01\0\0\0w" + size + b"s.", "a/data/0": bytes(8)})


def test_a_tensor_cannot_reach_beyond_its_numbers(tmp_path):
    path = tmp_path / "a.pth"
    path.write_bytes(torch_file(r"b'K\x00K\x02\x85K\x01\x85'"))
    np.testing.assert_array_equal(read_arrays(path)["w"], [0, 0])
    for tensor in (
        r"b'K\x01K\x02\x85K\x01\x85'",  # one too far
        r"b'K\x00K\x02\x85K\x02\x85'",  # a stride too wide
        r"b'K\x00K\x02\x85J\xff\xff\xff\xff\x85'",  # backwards
        r"b'K\x00J\xff\xff\xff\x7f\x85K\x00\x85'",  # one number, two thousand million times
        r"b'K\x00K\x02\x85K\x01K\x01\x86'",  # more strides than sides
    ):
        path.write_bytes(torch_file(tensor))
        with pytest.raises(ForeignFileError, match=r"reaches beyond|needs a storage"):
            read_arrays(path)


def test_cut_files_are_errors(tmp_path):
    path = tmp_path / "cut"
    torch.save({"a": torch.ones(50)}, tmp_path / "new.pth")
    torch.save({"a": torch.ones(50)}, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    np.save(tmp_path / "a.npy", np.ones(50))
    np.savez(tmp_path / "a.npz", a=np.ones(50))
    safetensors.torch.save_file({"a": torch.ones(50)}, tmp_path / "a.safetensors")
    for name in ("new.pth", "old.pth", "a.npy", "a.npz", "a.safetensors"):
        content = (tmp_path / name).read_bytes()
        for length in [*range(0, len(content) - 1, 37), len(content) - 1]:
            path.write_bytes(content[:length])
            with pytest.raises(ForeignFileError):
                read_arrays(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "neither"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "neither"),
        (zipped({"readme.txt": b"nothing"}), "without arrays"),
        (zipped({"a/data.pkl": b"", "b/data.pkl": b""}), "2 descriptions"),
        (zipped({"a/data.pkl": b"\x80\x02}.", "a/byteorder": b"big"}), "big-endian"),
        (pickle.dumps([1, 2], 4), "no dict of arrays"),
        (struct.pack("<Q", 40) + b'{"a":{"dtype":"F8_E4M3"},"b":1}'.ljust(40), "F8_E4M3"),
        (struct.pack("<Q", 70) + b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'.ljust(70), "outside"),
        (struct.pack("<Q", 70) + b'{"a":{"dtype":"F32"}}'.ljust(70), "damaged"),
    ],
)
def test_says_what_is_wrong_with_a_file(tmp_path, content, message):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(ForeignFileError, match=message):
        read_arrays(tmp_path / "file")


def test_compressed_torch_files_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/data.pkl", b"\x80\x02}.")
    with pytest.raises(ForeignFileError, match="compressed"):
        read_arrays(tmp_path / "a.pth")
