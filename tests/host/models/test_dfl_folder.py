"""Which models are found in a folder of DeepFaceLab's, and what is said where there are none?"""

from __future__ import annotations

import pickle
import pickletools

import numpy as np
import pytest

from understudy.errors import RequestError
from understudy.exchange import dfl_pickle
from understudy.models.dfl_folder import find_models, read_model, write_model

KINDS = ["SAEHD", "AMP", "XSeg"]


@pytest.fixture
def folder(tmp_path):
    """Give a folder with files of these names and nothing in them."""

    def make(*names):
        for name in names:
            (tmp_path / name).write_bytes(b"")
        return tmp_path

    return make


def test_models_are_told_apart_by_name_and_kind(folder):
    found = find_models(
        folder(
            "bob_SAEHD_data.dat", "bob_SAEHD_encoder.npy", "bob_SAEHD_src_dst_opt.npy", "bob_AMP_inter_src.npy",
            "new_SAEHD_decoder.npy", "XSeg_256.npy", "XSeg_256_opt.npy", "XSeg_data.dat", "SAEHD_default_options.dat",
            "bob_SAEHD_summary.txt", "bob_SAEHD_merger_session.dat", "bob_SAEHD_model.dfm", "notes_AMPLE_x.npy",
        ),
        KINDS,
    )  # fmt: skip
    assert {(one.title, tuple(sorted(one.parts)), one.data is not None) for one in found} == {
        ("bob_SAEHD", ("encoder", "src_dst_opt"), True),
        ("bob_AMP", ("inter_src",), False),
        ("new_SAEHD", ("decoder",), False),
        ("XSeg", ("256", "256_opt"), True),
    }


def test_a_folder_without_models_is_refused_with_what_it_holds(folder, tmp_path):
    with pytest.raises(RequestError, match=r"models of other kinds: bob_DF\n  read are: AMP, SAEHD, XSeg"):
        find_models(folder("bob_DF_data.dat", "bob_DF_encoder.npy"), KINDS)
    (tmp_path / "bob_DF_data.dat").unlink()
    with pytest.raises(RequestError, match=r"no data\.dat of any model"):
        find_models(tmp_path, KINDS)
    with pytest.raises(RequestError, match="cannot be read: No such file"):
        find_models(tmp_path / "none", KINDS)


def test_what_is_written_is_read_and_python_reads_it_too(tmp_path):
    parts = {"encoder": {"dense1/weight:0": np.arange(6, dtype=np.float32).reshape(2, 3)},
             "src_dst_opt": {"iters:0": np.array(7, np.int64)}}  # fmt: skip
    data = {"iter": 7, "options": {"archi": "df", "gan_power": 0.25}, "loss_history": [[1.0, 2.0]]}
    files = write_model(tmp_path / "out", "bob_SAEHD", parts, data)
    assert [path.name for path in files] == [
        "bob_SAEHD_data.dat", "bob_SAEHD_encoder.npy", "bob_SAEHD_src_dst_opt.npy", "bob_SAEHD_summary.txt",
    ]  # fmt: skip
    (found,) = find_models(tmp_path / "out", KINDS)
    arrays, read = read_model(found)
    assert read == {**data, "sample_for_preview": None, "choosed_gpu_indexes": None}
    assert pickle.loads(found.data.read_bytes()) == read
    np.testing.assert_array_equal(arrays["encoder"]["dense1/weight:0"], parts["encoder"]["dense1/weight:0"])
    assert arrays["src_dst_opt"]["iters:0"] == 7
    steps = list(pickletools.genops(found.parts["encoder"].read_bytes()))
    assert {str(argument) for step, argument, _ in steps if step.name == "GLOBAL"} == {
        "numpy.core.multiarray _reconstruct", "numpy ndarray", "numpy dtype",
    }  # fmt: skip
    lines = (tmp_path / "out" / "bob_SAEHD_summary.txt").read_text().splitlines()
    assert len({len(line) for line in lines}) == 1
    assert "archi: df" in "\n".join(lines)


def test_a_data_file_without_options_is_named(tmp_path):
    (tmp_path / "bob_SAEHD_data.dat").write_bytes(pickle.dumps([1]))
    (tmp_path / "bob_SAEHD_encoder.npy").write_bytes(b"\x80\x04")
    (found,) = find_models(tmp_path, KINDS)
    with pytest.raises(RequestError, match="nothing in it was run") as caught:
        read_model(found)
    assert "bob_SAEHD_data.dat: it holds no options of a model" in str(caught.value)
    assert "bob_SAEHD_encoder.npy: " in str(caught.value)


def test_arrays_of_more_than_four_gigabytes_have_an_eight_byte_length(tmp_path, monkeypatch):
    monkeypatch.setattr(dfl_pickle, "_LONG", 8)
    arrays = {"a:0": np.arange(1, dtype=np.float32), "b:0": np.arange(9, dtype=np.float32)}
    write_model(tmp_path / "out", "bob_SAEHD", {"encoder": arrays}, {})
    content = (tmp_path / "out" / "bob_SAEHD_encoder.npy").read_bytes()
    assert {step.name for step, _, _ in pickletools.genops(content)} >= {"BINBYTES", "BINBYTES8"}
    (found,) = find_models(tmp_path / "out", KINDS)
    read, _ = read_model(found)
    for name, array in arrays.items():
        np.testing.assert_array_equal(read["encoder"][name], array)


def test_a_named_model_without_its_options_is_refused_and_one_without_name_is_read(folder):
    folder("bob_SAEHD_encoder.npy", "XSeg_256.npy")
    for path in folder().iterdir():
        path.write_bytes(pickle.dumps({"weight:0": np.zeros(2, np.float32)}, 4))
    nameless, named = sorted(find_models(folder(), KINDS), key=lambda one: one.name)
    with pytest.raises(RequestError, match=r"bob_SAEHD_data\.dat is missing; it holds the model's options"):
        read_model(named)
    assert read_model(nameless)[1] == {}
