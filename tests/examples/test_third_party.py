"""Are the example packages installed, listed and checked like a stranger's, and do they run in a project together?"""

from __future__ import annotations

import json

import numpy as np
import pytest
import skimage.data

EXAMPLE_PLUGINS = {"lbp": "detector", "pocket": "model", "blend_modes": "merger"}
TOGETHER = """
extract:
  detector: {use: lbp}
  aligner: {use: my_aligner}
  masker: {use: hull}
swaps:
  - source: anna
    target: scene
    model: {use: pocket, with: {batch_size: 2, size_px: 32, width: 4}, iterations: 3}
    merger: {use: blend_modes, with: {mode: soft_light}}
output: {path: "out/{clip}.mp4"}
"""


@pytest.mark.slow
def test_the_examples_are_listed_and_checked_as_sound(outside, tmp_path):
    rows = json.loads(outside.understudy("plugins", "list", "--json", cwd=tmp_path))
    listed = {row["name"]: (row["stage"], row["status"]) for row in rows if row["name"] in EXAMPLE_PLUGINS}
    assert listed == {name: (stage, "ok") for name, stage in EXAMPLE_PLUGINS.items()}
    reports = json.loads(outside.understudy("plugins", "check", *EXAMPLE_PLUGINS, "--json", cwd=tmp_path))
    findings = [one for report in reports for offer in report["offers"] for one in offer["findings"]]
    findings += [one for report in reports for one in report["findings"]]
    assert len(findings) > 50
    assert [one for one in findings if one["status"] != "ok"] == []


@pytest.mark.slow
def test_the_examples_pass_their_own_tests(outside, tmp_path):
    tests = [place / "tests" for name, place in outside.packages.items() if name.startswith("third_party")]
    assert len(tests) == len(EXAMPLE_PLUGINS)
    options = ["-q", "-p", "no:cacheprovider", "--import-mode=importlib", "-c", "/dev/null", "--rootdir", tmp_path]
    assert " passed" in outside.python("-B", "-m", "pytest", *options, *tests, cwd=tmp_path)


@pytest.mark.slow
def test_the_examples_have_the_strictest_types(outside, pytestconfig):
    cache = pytestconfig.cache.mkdir("mypy_of_outside_packages")
    for name, place in outside.packages.items():
        if name.startswith("third_party"):
            assert outside.python("-m", "mypy", "--cache-dir", cache, cwd=place).startswith("Success")


@pytest.mark.slow
def test_a_project_of_the_examples_swaps_a_real_face(outside, project, tmp_path):
    portrait = skimage.data.astronaut()[:360, 60:420]
    clips = {
        name: [np.roll(portrait, shift * step, axis=1) for step in range(8)]
        for name, shift in (("anna", 3), ("scene", 2))
    }
    path = project(TOGETHER, **clips)
    outside.understudy("run", path, cwd=tmp_path)
    swapped, untouched = difference(tmp_path / "scene.mp4", tmp_path / "out" / "scene.mp4")
    assert swapped > 4 * untouched


def difference(source, output):
    """Return how far two clips lie apart in the face, and in the corner below it, in levels."""
    import av

    def pictures(path):
        with av.open(str(path)) as container:
            return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]).astype(float)

    one, other = pictures(source), pictures(output)
    assert one.shape == other.shape
    apart = np.abs(one - other).mean(axis=(0, 3))
    return apart[90:150, 130:200].mean(), apart[-60:, :60].mean()
