"""Are face restorers played where the face lies, as far as asked, and is every other file refused in words?"""

from types import SimpleNamespace

import numpy as np
import pytest
from pydantic import ValidationError

from understudy_sdk import Crop, MissingWeightsError, StageError, Swap, WrongWeightsError
from understudy_sdk.five_points import FFHQ, upright
from understudy_sdk.geometry import transform_points
from understudy_sdk.onnx_files.graph import node, value, written
from understudy_sdk.testing.values import offline_cpu, plain_crop

pytest.importorskip("onnxruntime", reason="onnxruntime plays restorers: pip install 'understudy[dfm]'")

from understudy_plugins.enhancer.onnx_restorer import GFPGAN, OnnxRestorerConfig
from understudy_plugins.enhancer.onnx_restorer.enhancer import OnnxRestorer
from understudy_plugins.enhancer.onnx_restorer.signature import read_signature

SIDE, NET = 128, 64
IN, OUT = value("input", (1, 3, NET, NET)), value("output", (1, 3, NET, NET))


def f32(*numbers):
    return np.array(numbers, np.float32)


RESTORERS = {
    "same": ([node("Identity", ("input",), "output")], {}, [IN], [OUT]),
    "brighter": ([node("Add", ("input", "step"), "output")], {"step": f32(0.5)}, [IN], [OUT]),
    "twice": (
        [node("Resize", ("input", "all", "sides"), "output")],
        {"all": f32(0, 0, 0, 0, 1, 1, 1, 1), "sides": f32(1, 1, 2, 2)},
        [IN],
        [value("output", (1, 3, 2 * NET, 2 * NET))],
    ),
    "half": (
        [node("Resize", ("input", "all", "sides"), "output")],
        {"all": f32(0, 0, 0, 0, 1, 1, 1, 1), "sides": f32(1, 1, 0.5, 0.5)},
        [IN],
        [value("output", (1, 3, NET // 2, NET // 2))],
    ),
    "codeformer": ([node("Mul", ("input", "weight"), "output")], {}, [IN, value("weight", (1,))], [OUT]),
    "broken": ([node("Div", ("input", "zero"), "output")], {"zero": f32(0.0)}, [IN], [OUT]),
    "stranger": ([node("Mul", ("input", "style"), "output")], {}, [IN, value("style", (1,))], [OUT]),
    "one number": ([node("ReduceMean", ("input",), "output")], {}, [IN], [value("output", (1,))]),
}


@pytest.fixture
def restorer(tmp_path):
    """Give a function that builds a restorer of a file made here."""

    def build(name, **settings):
        path = tmp_path / f"{name}.onnx"
        path.write_bytes(written(*RESTORERS[name]))
        return OnnxRestorer(OnnxRestorerConfig(file=str(path), size=SIDE, **settings), offline_cpu())

    return build


@pytest.fixture
def face():
    """Give a crop of a tilted face, and a swap with a smooth picture."""
    base = plain_crop(size=SIDE)
    turn = np.array([[0.9, -0.3], [0.3, 0.9]])
    landmarks = ((base.landmarks - SIDE / 2) @ turn.T + SIDE / 2).astype(np.float32)
    ramp = np.linspace(0.2, 0.6, 96, dtype=np.float32)
    rgb = np.stack([np.repeat(ramp[:, None], 96, 1), np.repeat(ramp[None], 96, 0), np.full((96, 96), 0.4)], axis=-1)
    return Swap(rgb.astype(np.float32)), Crop(base.rgb, base.frame_to_crop, base.face_type, landmarks)


def test_what_a_restorer_gives_back_unchanged_stays_in_its_place(restorer, face):
    swap, crop = face
    plain = restorer("same", amount=0).enhance([swap], [crop])[0].rgb
    for name in ("same", "twice"):
        np.testing.assert_allclose(restorer(name, amount=1).enhance([swap], [crop])[0].rgb, plain, atol=0.012)


def test_the_face_is_restored_and_what_lies_beyond_is_not(restorer, face):
    swap, crop = face
    plain = restorer("same", amount=0).enhance([swap], [crop])[0].rgb
    gain = restorer("brighter", amount=1).enhance([swap], [crop])[0].rgb - plain
    rows, columns = np.mgrid[:SIDE, :SIDE]
    there = transform_points(upright(crop.landmarks, FFHQ), np.stack([columns.ravel(), rows.ravel()], axis=-1))
    edge = np.minimum(there, 1 - there).min(axis=-1).reshape(SIDE, SIDE)  # how far inside the restorer's square
    np.testing.assert_allclose(gain[edge > 0.1], 0.25, atol=0.01)
    np.testing.assert_allclose(gain[edge < -0.02], 0, atol=0.005)
    assert (edge < -0.02).any()
    half = restorer("brighter", amount=0.5).enhance([swap], [crop])[0].rgb - plain
    np.testing.assert_allclose(half, gain / 2, atol=1e-5)


def test_fidelity_is_codeformers_weight(restorer, face):
    swap, crop = face
    plain = restorer("codeformer", amount=1, fidelity=1).enhance([swap], [crop])[0].rgb
    middle = (SIDE // 2, SIDE // 2)
    for given, level in ((0.25, 0.25), (None, 0.7)):
        dimmed = restorer("codeformer", amount=1, fidelity=given).enhance([swap], [crop])[0].rgb
        np.testing.assert_allclose(dimmed[middle] - 0.5, (plain[middle] - 0.5) * level, atol=0.005)


@pytest.mark.parametrize(
    ("name", "settings", "words"),
    [
        ("stranger", {}, "inputs that nothing is known of: style"),
        ("one number", {}, "gives no picture"),
        ("same", {"fidelity": 0.5}, "has no input weight; only CodeFormer has one"),
    ],
)
def test_files_that_do_not_fit_are_refused_when_they_are_built(restorer, name, settings, words):
    with pytest.raises(StageError, match=words):
        restorer(name, **settings)


@pytest.mark.parametrize(("name", "words"), [("broken", "not finite"), ("half", r"the shape \[1, 3, 32, 32\]")])
def test_answers_that_are_no_face_are_refused(restorer, face, name, words):
    swap, crop = face
    with pytest.raises(StageError, match=words):
        restorer(name).enhance([swap], [crop])


def test_no_file_and_another_file_are_said(tmp_path):
    with pytest.raises(ValidationError, match="file is missing"):
        OnnxRestorerConfig()
    with pytest.raises(ValidationError, match="plays no file of yours"):
        OnnxRestorerConfig(weights="gfpgan", file="x.onnx")
    path = tmp_path / "x.onnx"
    path.write_bytes(b"no network")
    with pytest.raises(StageError, match=r"x\.onnx is no face restorer"):
        OnnxRestorer(OnnxRestorerConfig(file=str(path)), offline_cpu())
    with pytest.raises(WrongWeightsError, match="sha256"):
        OnnxRestorer(OnnxRestorerConfig(file=str(path), sha256="0" * 64), offline_cpu())


def test_published_weights_that_are_not_here_are_named():
    with pytest.raises(MissingWeightsError, match=GFPGAN.name):
        OnnxRestorer(OnnxRestorerConfig(weights="gfpgan"), offline_cpu())


def described(name, *shape, kind="tensor(float)"):
    return SimpleNamespace(name=name, type=kind, shape=list(shape))


def test_the_known_forms_are_understood():
    face, output = described("x", "N", 3, 512, 512), described("y", 1, 3, None, None)
    found = read_signature("r", [face], [output])
    assert (found.size, found.face, found.fidelity, found.output) == (512, "x", None, "y")
    codeformer = read_signature("r", [face, described("weight", 1, kind="tensor(double)")], [output])
    assert (codeformer.fidelity, codeformer.fidelity_type, codeformer.fidelity_shape) == ("weight", np.float64, (1,))
    assert read_signature("r", [described("x", 1, 3, "H", "H")], [output]).size == 512
    assert read_signature("r", [face], [described("codes", 1, 256), output]).output == "y"


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ([], "0 pictures in place of 1"),
        ([described("x", 1, 512, 512, 3)], r"no pictures \[1, 3, S, S\]"),
        ([described("x", 1, 3, 512, 256)], "256x512"),
        ([described("x", 1, 3, 512, 512, kind="tensor(float16)")], "not float32"),
        ([described("x", 1, 3, 512, 512), described("weight", 2)], "not a single number"),
    ],
)
def test_others_are_refused_with_what_was_found(inputs, words):
    with pytest.raises(StageError, match=words) as caught:
        read_signature("r.onnx", inputs, [described("y", 1, 3, 512, 512)])
    assert "expected: an input float32 [1, 3, S, S]" in str(caught.value)
