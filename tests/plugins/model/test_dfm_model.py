"""Does the player show what a DFM gives: colours, ranges, masks, morph, and does it say what is wrong?"""

import os
import subprocess
import sys
from dataclasses import replace

import av
import numpy as np
import pytest
from pydantic import ValidationError

from understudy.phases import run, status
from understudy.plugins import discover
from understudy.progress import Silent
from understudy.project import load_project
from understudy_plugins.model.dfm import DFMConfig
from understudy_sdk import FaceType, StageError
from understudy_sdk.onnx_files.graph import node, value, written
from understudy_sdk.onnx_files.session import providers_for
from understudy_sdk.testing.values import offline_cpu, plain_crop

SIZE = 32
SIDE = ("batch", SIZE, SIZE)
FACTORS = np.float32([0.5, 1.0, 0.25])
"""What the drawn DFM multiplies blue, green and red with."""

MASKS = {"out_face_mask:0": np.float32([[2], [0], [0]]), "out_celeb_face_mask:0": np.float32([[0], [0], [1]])}
"""The target's mask is twice the blue, the source's is the red."""

OUTPUTS = [
    value("out_face_mask:0", (*SIDE, 1)),
    value("out_celeb_face:0", (*SIDE, 3)),
    value("out_celeb_face_mask:0", (*SIDE, 1)),
]


FREE = value("out_celeb_face:0", ("any", "rows", "columns", "channels"))


def drawn(*, has_morph=False, batch="batch", factors=FACTORS, outputs=OUTPUTS):
    """Return a DFM whose every number can be told beforehand; with a morph value it darkens the face."""
    nodes = [node("MatMul", ("in_face:0", f"w {name}"), name) for name in MASKS]
    nodes.append(node("Mul", ("in_face:0", "factors"), "tinted" if has_morph else "out_celeb_face:0"))
    inputs = [value("in_face:0", (batch, SIZE, SIZE, 3))]
    if has_morph:
        nodes.append(node("Mul", ("tinted", "morph_value:0"), "out_celeb_face:0"))
        inputs.append(value("morph_value:0", (1,)))
    weights = {f"w {name}": matrix for name, matrix in MASKS.items()} | {"factors": factors}
    return written(nodes, weights, inputs, outputs)


@pytest.fixture
def spec():
    return discover().models["dfm"]


@pytest.fixture
def build(spec, tmp_path):
    """Give a function that builds the player of a file's content."""

    def built(content, device="cpu", **settings):
        path = tmp_path / "face.dfm"
        path.write_bytes(content)
        return spec.build(spec.config(file=str(path), **settings), replace(offline_cpu(), device=device))

    return built


def crops(count=3):
    return [plain_crop(60 + 40 * number, SIZE, FaceType.WHOLE_FACE, number) for number in range(count)]


def test_face_and_masks_are_the_files(build):
    model = build(drawn())
    assert (model.crop_spec.face_type, model.crop_spec.size) == (FaceType.WHOLE_FACE, SIZE)
    for crop, swap in zip(crops(), model.swap(crops()), strict=True):
        red, green, blue = np.moveaxis(crop.rgb.astype(np.float32) / 255, -1, 0)
        np.testing.assert_allclose(swap.rgb, np.stack([red / 4, green, blue / 2], -1), rtol=0, atol=1e-6)
        np.testing.assert_allclose(swap.source_mask, red, rtol=0, atol=1e-6)
        np.testing.assert_allclose(swap.target_mask, np.minimum(2 * blue, 1), rtol=0, atol=1e-6)


def test_outputs_are_told_by_name_before_order(build):
    (plain,), (turned,) = (build(drawn(outputs=order)).swap(crops(1)) for order in (OUTPUTS, OUTPUTS[::-1]))
    for part in ("rgb", "source_mask", "target_mask"):
        np.testing.assert_array_equal(getattr(turned, part), getattr(plain, part))


@pytest.mark.parametrize(("morph", "wanted"), [(None, 1.0), (0.25, 0.25), (0, 0.0)])
def test_morph_goes_to_amp(build, morph, wanted):
    (plain,) = build(drawn()).swap(crops(1))
    (morphed,) = build(drawn(has_morph=True), morph=morph).swap(crops(1))
    np.testing.assert_allclose(morphed.rgb, plain.rgb * wanted, rtol=0, atol=1e-6)


def test_morph_is_told_while_it_swaps(build):
    model = build(drawn(has_morph=True))
    for morph in (0.25, 0.75):
        model.adjust(DFMConfig(file="any.dfm", morph=morph))
        (told,) = model.swap(crops(1))
        (built,) = build(drawn(has_morph=True), morph=morph).swap(crops(1))
        np.testing.assert_array_equal(told.rgb, built.rgb)


def test_morph_without_amp_is_refused(build):
    with pytest.raises(StageError, match=r"morph is 0\.5.*has no input morph_value"):
        build(drawn(), morph=0.5)


@pytest.mark.parametrize("batch", ["batch", 1])
@pytest.mark.parametrize("has_morph", [False, True])
def test_batches_change_nothing(build, batch, has_morph):
    every = [build(drawn(batch=batch, has_morph=has_morph), batch_size=size).swap(crops(5)) for size in (1, 2, 5)]
    for other in every[1:]:
        for one, two in zip(every[0], other, strict=True):
            np.testing.assert_allclose(two.rgb, one.rgb, rtol=0, atol=1e-6)


def test_face_type_is_the_settings(build):
    assert build(drawn(), face_type="head").crop_spec.face_type is FaceType.HEAD


def test_another_layout_is_refused(build):
    content = written(
        [node("Identity", ("in_face:0",), "out")], {}, [value("in_face:0", ("n", 3, 8, 8))], [value("out", (1, 3))]
    )
    with pytest.raises(StageError, match=r"channels first.*\n  found: inputs in_face:0 tensor\(float\) \[n, 3, 8, 8\]"):
        build(content)


def test_what_onnxruntime_refuses_is_said(build, capfd):
    content = written([node("NoSuchOperator", ("a",), "b")], {}, [value("a", (1,))], [value("b", (1,))])
    with pytest.raises(StageError, match=r"cannot run the DFM .*face\.dfm.*NoSuchOperator"):
        build(content)
    assert capfd.readouterr().out == ""


def test_answers_that_are_no_faces_are_said(build):
    broken = np.float32([np.nan, 1, 1])
    with pytest.raises(StageError, match=r"out_celeb_face:0 holds numbers that are not finite"):
        build(drawn(factors=broken)).swap(crops(1))
    wide = drawn(factors=np.ones((5, 1, 1, 3), np.float32), outputs=[OUTPUTS[0], FREE, OUTPUTS[2]])
    with pytest.raises(
        StageError, match=r"out_celeb_face:0 has the shape \[5, 32, 32, 3\] in place of \[1, 32, 32, 3\]"
    ):
        build(wide).swap(crops(1))


def test_crops_of_another_size_are_said(build):
    with pytest.raises(StageError, match="failed on 1 faces"):
        build(drawn()).swap([plain_crop(90, SIZE * 2, FaceType.WHOLE_FACE, 1)])


def test_untrained_gives_faces_back(spec):
    model = spec.build(spec.tiny, offline_cpu())
    crop = plain_crop(90, model.crop_spec.size, FaceType.WHOLE_FACE, 1)
    (swap,) = model.swap([crop])
    np.testing.assert_allclose(swap.rgb, crop.rgb / np.float32(255), rtol=0, atol=1e-6)
    np.testing.assert_array_equal(swap.target_mask, swap.rgb[..., 2])
    np.testing.assert_array_equal(swap.source_mask, swap.rgb[..., 0])


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "file is missing"),
        ({"weights": "untrained", "file": "a.dfm"}, "plays no file"),
        ({"file": "a.dfm", "sha256": "abc"}, "sha256"),
        ({"file": "a.dfm", "morph": 1.5}, "morph"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings, words):
    with pytest.raises(ValidationError, match=words):
        DFMConfig(**settings)


def test_devices_are_taken_as_asked_or_refused():
    offered = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    assert [name for name, _ in providers_for("cpu", offered)] == ["CPUExecutionProvider"]
    first, second = providers_for("cuda:1", offered)
    assert (first[0], first[1]["device_id"], second[0]) == (*("CUDAExecutionProvider", 1), "CPUExecutionProvider")
    with pytest.raises(StageError, match="offers only: CPUExecutionProvider\n  install onnxruntime-gpu"):
        providers_for("cuda", ["CPUExecutionProvider"])
    with pytest.raises(StageError, match="not on 'mps'\n  set runs_on: cpu"):
        providers_for("mps", ["CPUExecutionProvider"])


def test_it_runs_on_the_cpu_where_told_to(build):
    assert len(build(drawn(), device="mps", runs_on="cpu").swap(crops(1))) == 1
    with pytest.raises(StageError, match="runs_on: cpu"):
        build(drawn(), device="mps")


BUILD = """
import sys
sys.path.insert(0, {folder!r})
from understudy.plugins import discover
from understudy_sdk import StageError
from understudy_sdk.testing.values import offline_cpu
spec = discover().models["dfm"]
try:
    spec.build(spec.tiny, offline_cpu())
except StageError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("library", "words"),
    [
        ("raise ModuleNotFoundError('no runtime', name='onnxruntime')", 'pip install "understudy[dfm]"'),
        ("import os\nraise SystemExit('told: ' + os.environ['ORT_DISABLE_TELEMETRY'])", "told: 1"),
    ],
    ids=["missing", "silenced before it loads"],
)
def test_onnxruntime_is_asked_for_and_silenced(tmp_path, library, words):
    (tmp_path / "onnxruntime.py").write_text(library)
    code = BUILD.format(folder=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert words in done.stdout + done.stderr


def test_onnxruntime_leaves_nothing_behind(tmp_path):
    """Where it reports its use, it keeps a number of the machine and a file of events in the user's cache."""
    kept = ("ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME", "CI")
    surroundings = {name: text for name, text in os.environ.items() if name not in kept}
    done = subprocess.run(
        [sys.executable, "-c", BUILD.format(folder=str(tmp_path))],
        env={**surroundings, "HOME": str(tmp_path), "LOCALAPPDATA": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.rglob("*onnxruntime*")) == []


PROJECT = """
understudy: 1
name: squares
consent: {basis: synthetic, statement: Drawn squares agree to everything}
device: cpu
facesets:
  blue: {clips: [blue.mkv]}
extract:
  detector: {use: square}
  aligner: {use: square}
  masker: {use: hull}
  face_type: whole_face
  crop_size: 64
  fill_gaps_s: 0
swaps:
  - source: blue
    target: blue
    face: largest
    model: {use: dfm, with: {file: faces/one.dfm}}
    merger: {use: overlay, with: {mask: target, color_transfer: none}}
output:
  path: out/blue.mkv
  video: {codec: ffv1, crf: null, preset: null}
"""


def pictures(path):
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24").astype(float) for frame in container.decode(video=0)]


def test_a_project_plays_a_file_without_training(square_plugin, monkeypatch, tmp_path, drawn_clip):
    monkeypatch.syspath_prepend(str(square_plugin))
    drawn_clip(tmp_path / "blue.mkv", frames=6, hue=2, codec="ffv1", options={})
    (tmp_path / "faces").mkdir()
    (tmp_path / "faces" / "one.dfm").write_bytes(drawn())
    (tmp_path / "squares.yaml").write_text(PROJECT)
    project = load_project(tmp_path / "squares.yaml", discover())
    (output,) = run(project, progress=Silent()).outputs
    assert {row.phase for row in status(project)} == {"extract", "predict", "merge"}
    before, after = pictures(tmp_path / "blue.mkv"), pictures(output)
    for number, (old, new) in enumerate(zip(before, after, strict=True)):
        x, y = 10 + number * 3 + 32, 20 + number * 2 + 36  # about the middle of the drawn face
        inside = slice(y - 6, y + 6), slice(x - 6, x + 6)
        red, green, blue = (new[inside].mean(axis=(0, 1)) / old[inside].mean(axis=(0, 1))).tolist()
        assert red == pytest.approx(0.25, abs=0.06)
        assert green == pytest.approx(1.0, abs=0.06)
        assert blue == pytest.approx(0.5, abs=0.06)

    # Another file under the same name is another face: the merge is made anew, the faces are not found again.
    (tmp_path / "faces" / "one.dfm").write_bytes(drawn(factors=np.float32([1, 1, 1])))
    assert {row.phase: row.state for row in status(load_project(project.path, discover()))} == {
        "extract": "done",
        "predict": "stale",
        "merge": "stale",
    }


def test_a_project_that_names_no_file_or_a_missing_one_is_refused(square_plugin, monkeypatch, tmp_path, drawn_clip):
    monkeypatch.syspath_prepend(str(square_plugin))
    drawn_clip(tmp_path / "blue.mkv", frames=2, codec="ffv1", options={})
    path = tmp_path / "squares.yaml"
    path.write_text(PROJECT)
    with pytest.raises(Exception, match=r"there is no file .*one\.dfm"):
        load_project(path, discover())
    path.write_text(PROJECT.replace("{use: dfm, with: {file: faces/one.dfm}}", "{use: dfm}"))
    with pytest.raises(Exception, match="file is missing"):
        load_project(path, discover())
