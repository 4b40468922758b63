"""Do the commands lead from polygons to a trained masker, to a masked faceset, and into a project?"""

import json

import av
import numpy as np
import pytest
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from understudy.cli.masker import masker_app
from understudy.errors import RequestError
from understudy.faceset import Faceset
from understudy.phases import run as run_project
from understudy.pictures import decode_mask
from understudy.plugins import discover
from understudy.progress import Silent
from understudy.project import load_project
from understudy_sdk import Resources, StageError

TINY = ("--set", "resolution=64", "--set", "width=2", "--set", "batch_size=2", "--set", "precision=float32")

PROJECT = """
understudy: 1
consent: {basis: synthetic, statement: Drawn squares agree to everything}
device: cpu
facesets:
  red: {clips: [red.mkv]}
  blue: {clips: [blue.mkv]}
extract:
  detector: {use: square}
  aligner: {use: square}
  masker: {use: xseg, with: {resolution: 64, width: 2, precision: float32, weights: learnt}}
  face_type: whole_face
  crop_size: 96
  fill_gaps_s: 0
swaps:
  - source: red
    target: blue
    face: largest
    model: {use: mirror}
    merger: {use: overlay, with: {mask_erode_px: 0, mask_blur_px: 0}}
output:
  path: out/blue.mkv
  video: {codec: ffv1, crf: null, preset: null}
"""


@pytest.fixture
def run():
    def invoke(*words, fails=None):
        done = CliRunner().invoke(masker_app, [str(word) for word in words])
        if fails is None:
            assert done.exit_code == 0, done.output + repr(done.exception)
        else:
            assert isinstance(done.exception, fails), done.output
        return done

    return invoke


@pytest.mark.slow
def test_from_polygons_to_masks(run, make_set, tmp_path):
    folder, bare, out = make_set(frames=4, labelled=4), make_set("bare", frames=3, labelled=0), tmp_path / "out"
    done = run("polygons", "export", folder, tmp_path / "drawn.json")
    assert done.stdout == f"{tmp_path / 'drawn.json'}: the polygons of 4 faces\n"
    assert "4 labels would be taken away" in run("polygons", "clear", folder).stdout
    assert "taken away: 4 labels" in run("polygons", "clear", folder, "--yes").stdout
    done = run("polygons", "import", folder, tmp_path / "drawn.json", "--json")
    assert json.loads(done.stdout) == {"faces": 4, "polygons": 4, "cleared": 0}

    train = ("train", folder, "--use", "xseg", "--out", out, "--device", "cpu", *TINY)
    done = run(*train, "--iterations", "2")
    assert f"{out / 'weights.safetensors'}: xseg after step 2 on 3 faces, loss " in done.stdout
    assert "on 1 held-out faces: IoU " in done.stdout
    assert json.loads(run(*train, "--iterations", "3", "--json").stdout)["step"] == 3

    spec = discover().maskers["xseg"]
    other = spec.config(resolution=64, width=2, precision="float32", weights=str(out), face_type="full")
    with pytest.raises(StageError, match=r"was trained on faces of the type whole_face, but xseg is set to full"):
        spec.build(other, Resources("cpu", lambda file: None))

    apply = ("apply", bare, "--use", "xseg", "--set", f"weights={out}", "--device", "cpu")
    run(*apply, fails=RequestError)
    run(*apply, "--yes", "--out", tmp_path / "masked", fails=RequestError)
    done = run(*apply, "--out", tmp_path / "masked", "--json")
    assert json.loads(done.stdout)["faces"] == 3
    done = run("show", tmp_path / "masked", "-o", tmp_path / "sheet.png", "--count", "2")
    assert done.stdout == f"{tmp_path / 'sheet.png'}: 2 of 3 faces\n"
    assert (tmp_path / "sheet.png").stat().st_size > 1000


def test_what_is_asked_wrongly_is_said(run, make_set, tmp_path):
    folder = make_set(frames=2, labelled=0)
    done = run("train", folder, "--use", "hull", "--out", tmp_path / "out", fails=RequestError)
    assert "'hull' does not learn\n  these do: xseg" in str(done.exception)
    done = run("train", folder, "--use", "xseg", "--out", tmp_path / "out", *TINY, fails=RequestError)
    assert "is labelled" in str(done.exception)
    done = run("polygons", "import", folder, fails=RequestError)
    assert "polygons import FOLDER FILE.json" in str(done.exception)
    done = run("show", folder, "-o", tmp_path / "sheet.html", fails=RequestError)
    assert "must be a .png or a .jpg" in str(done.exception)
    done = run("show", folder, "--labelled", "-o", tmp_path / "sheet.png", fails=RequestError)
    assert "no labelled face to show" in str(done.exception)


@pytest.fixture
def project(run, make_set, drawn_clip, square_plugin, monkeypatch, tmp_path):
    """Give a loader of a project that masks by what xseg has learnt; the clip's faces swap left and right."""
    monkeypatch.syspath_prepend(str(square_plugin))
    folder = make_set(frames=4, labelled=4)
    words = ("--use", "xseg", "--out", tmp_path / "learnt", "--device", "cpu", "--iterations", "1")
    run("train", folder, *words, *TINY)
    drawn_clip(tmp_path / "red.mkv", frames=3, hue=1, codec="ffv1", options={})
    drawn_clip(tmp_path / "blue.mkv", frames=4, hue=2, codec="ffv1", options={})
    (tmp_path / "squares.yaml").write_text(PROJECT)
    return lambda: load_project(tmp_path / "squares.yaml", discover())


@pytest.mark.slow
def test_a_project_masks_and_merges_by_what_was_learnt(project, tmp_path):
    weights = load_file(tmp_path / "learnt" / "weights.safetensors")
    result = run_project(project(), progress=Silent())
    spec = discover().maskers["xseg"]
    config = spec.config(resolution=64, width=2, precision="float32", weights=str(tmp_path / "learnt"))
    masker = spec.build(config, Resources("cpu", lambda file: None))
    (first,) = (tmp_path / "squares.work" / "extract").glob("blue-*")
    with Faceset(first) as index:
        for row in index.all_rows():
            made = masker.mask([index.crop(row)])[0].values
            np.testing.assert_allclose(decode_mask(index.mask_png(row.name), "mask"), made, atol=0.02)

    changed = changed_share(result.outputs[0], tmp_path / "blue.mkv")
    weights["out_conv.weight"].zero_()
    for bias, is_face in ((20.0, True), (-20.0, False)):
        weights["out_conv.bias"].fill_(bias)
        save_file(weights, tmp_path / "learnt" / "weights.safetensors")
        result = run_project(project(), progress=Silent())
        now = changed_share(result.outputs[0], tmp_path / "blue.mkv")
        assert (now > 0.1) if is_face else (now == 0.0), "other weights in the same folder make new masks"
        assert now != changed
    assert len(list((tmp_path / "squares.work" / "extract").glob("blue-*"))) == 3


def changed_share(one, other):
    pictures = []
    for path in (one, other):
        with av.open(str(path)) as container:
            pictures.append(np.stack([frame.to_ndarray() for frame in container.decode(video=0)]))
    return float(np.mean(pictures[0] != pictures[1]))
