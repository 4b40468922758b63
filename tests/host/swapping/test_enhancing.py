"""Do a model's answers reach the merger with more detail, and is an enhancer that breaks its word named?"""

from types import SimpleNamespace

import av
import numpy as np
import pytest

from understudy.errors import PluginFailedError, ProjectError
from understudy.merging.recipe import _swap_recipe
from understudy.phases import run
from understudy.predicting.enhancing import enhanced_swaps
from understudy.progress import Silent
from understudy.project import load_project, project_schema
from understudy.provenance.verdict import verify
from understudy.store import WorkFolder
from understudy_sdk import FaceType, Swap

PROJECT = """
understudy: 1
consent: {basis: synthetic, statement: Drawn squares agree to everything}
device: cpu
facesets: {red: {clips: [red.mkv]}, blue: {clips: [blue.mkv]}}
extract:
  {detector: {use: square}, aligner: {use: square}, masker: {use: hull}, crop_size: 64, fill_gaps_s: 0, steadiness: 0}
swaps:
  - source: red
    target: blue
    model: {use: pumping}
    merger: {use: overlay, with: {color_transfer: none}}
output: {path: out.mkv, video: {codec: ffv1, crf: null, preset: null}}
"""


@pytest.fixture
def project(tmp_path, registry, drawn_clip):
    for number, name in enumerate(("red", "blue")):
        drawn_clip(tmp_path / f"{name}.mkv", frames=3, hue=number + 1, codec="ffv1", options={})

    def load(enhancer=""):
        text = PROJECT.replace("    merger:", f"    enhancer: {enhancer}\n    merger:") if enhancer else PROJECT
        (tmp_path / "p.yaml").write_text(text)
        return load_project(tmp_path / "p.yaml", registry)

    return load


def pictures(path):
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]).astype(int)


def test_an_enhanced_face_is_merged_and_named_in_the_manifest(project):
    plain = pictures(run(project(), progress=Silent()).outputs[0])
    loaded = project("{use: detail, with: {size: 128}}")
    output = run(loaded, progress=Silent()).outputs[0]
    enhanced = pictures(output)
    assert (np.abs(enhanced - plain).max(axis=-1) > 3).sum() > 500
    verdict = verify(output)
    assert verdict.edits()[0]["enhancer"] == "detail"
    assert ("enhancer", "detail") in {(one["stage"], one["name"]) for one in verdict.tools()[1]}


def test_it_decides_the_merge_only_where_it_is_stated(project):
    without, with_it = (project(text) for text in ("", "{use: detail}"))
    keys = [_swap_recipe(WorkFolder(one.work), one.swaps[0], None) for one in (without, with_it)]
    assert "enhancer" not in keys[0]
    assert keys[1]["enhancer"]["name"] == "detail"
    assert {name: value for name, value in keys[1].items() if name != "enhancer"} == keys[0]


@pytest.mark.parametrize(
    ("enhancer", "found"),
    [
        ("{use: detial}", "swaps.0.enhancer.use: no enhancer is called 'detial'. Did you mean 'detail'?"),
        ("{use: detail, with: {amount: 3}}", "swaps.0.enhancer.with.amount"),
        ("{use: onnx_restorer}", "file is missing: the restorer to play"),
        ("{use: onnx_restorer, with: {file: none.onnx}}", "swaps.0.enhancer.with.file: there is no file"),
    ],
)
def test_what_is_wrong_with_it_is_said_before_any_work(project, enhancer, found):
    with pytest.raises(ProjectError) as caught:
        project(enhancer)
    assert found in str(caught.value)


def test_the_schema_knows_every_enhancer(registry):
    schema = project_schema(registry)
    assert "detail" in schema["$defs"]["enhancer"]["properties"]["use"]["enum"]


FACE = np.full((64, 64, 3), 0.5, np.float32)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda swaps: [Swap(FACE)], "'poor' .from somebody.*one for each crop, but is 1 for 2"),
        (lambda swaps: swaps, "must be of 64 px, but is of 32 px"),
        (lambda swaps: [Swap(FACE), Swap(FACE * np.nan)], "must be finite"),
        (lambda swaps: 1 / 0, "giving detail to faces of frames 5 to 5"),
    ],
)
def test_an_enhancer_that_breaks_its_word_is_named(monkeypatch, answer, words):
    monkeypatch.setattr("understudy.predicting.enhancing.warp_crop", lambda *_: None)
    offer = SimpleNamespace(
        stage="enhancer", spec=SimpleNamespace(name="poor"), origin=SimpleNamespace(distribution="somebody")
    )
    enhancer = SimpleNamespace(size=64, enhance=lambda swaps, crops: answer(swaps))
    row = SimpleNamespace(face=None, frame=5)
    with pytest.raises(PluginFailedError, match=words):
        enhanced_swaps(enhancer, offer, FaceType.FULL, [Swap(FACE[:32, :32])] * 2, [(None, row)] * 2)
