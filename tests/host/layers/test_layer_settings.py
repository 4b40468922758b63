"""What may a project say of its layers, and what is it told otherwise?"""

from __future__ import annotations

import pytest

from understudy.errors import ProjectError, RequestError
from understudy.project import LayerSettings


def test_a_kind_alone_is_enough(project, blue, tmp_path):
    blue()
    found = project.load("prores4444")
    assert found.output.layer == LayerSettings("prores4444", "straight", "out/{clip}-{swap}.mov", True, True, False)
    assert found.layer_for(tmp_path / "blue.mkv", 1) == tmp_path / "out" / "blue-2.mov"
    assert project.load("exr").output.layer.alpha == "premultiplied"
    assert project.load("none").output.layer is None
    assert project.load("{kind: none, alpha: straight}").output.layer is None


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (
            "{kind: prores4444, path: out/a.mp4}",
            "output.layer.path: .mp4 files do not hold ProRes with alpha; end it in",
        ),
        ("{kind: prores4444, path: out/a}", "output.layer.path: names no kind of file; end it in .mov, or choose kind"),
        (
            "{kind: exr, path: out/a.mov}",
            "output.layer.path: names a file, but exr makes a folder with EXRs; leave .mov",
        ),
        ("{kind: png16, linear: true}", "output.layer.linear: png16 does not hold linear light"),
        ("{kind: png16, path: 'a-{face}'}", "output.layer.path: {face} means nothing here"),
        ("{kind: png16, path: red.mkv}", "names a file"),
        ("{kind: prores4444, path: p.work/a.mov}", "lies in the work folder"),
        ("tiff", "output.layer.kind: must be 'none', 'prores4444', 'png16' or 'exr', but is 'tiff'"),
        ("{alpha: straight}", "output.layer.kind: is missing"),
    ],
)
def test_what_cannot_be_is_told_with_its_place(project, blue, layer, words):
    blue()
    with pytest.raises(ProjectError) as caught:
        project.load(layer)
    assert any(words in problem and "p.yaml:" in problem for problem in caught.value.problems)


def test_two_layers_are_not_written_to_one_place(project, blue):
    blue()
    with pytest.raises(ProjectError) as caught:
        project.load("{kind: exr, path: layer}", swaps=2)
    assert any("two layers would both be written to" in problem for problem in caught.value.problems)
    assert any("put {swap} into the path" in problem for problem in caught.value.problems)


def test_light_of_a_clip_in_hdr_is_refused(project, blue, monkeypatch):
    blue()
    monkeypatch.setattr("understudy.layers.checks.has_light", lambda color: False)
    with pytest.raises(RequestError, match="is HDR"):
        project.run("{kind: exr, linear: true}")
