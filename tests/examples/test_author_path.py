"""Is what ``understudy plugins new`` writes installed, listed, checked, typed, tested and run, for every stage?"""

from __future__ import annotations

import ast
import importlib
import json
import re
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import understudy_sdk
from understudy.cli import app
from understudy.plugins import STAGES
from understudy_sdk.testing.values import face_frame

GUIDE = (Path(understudy_sdk.__file__).parent / "README.md").read_text(encoding="utf-8")
NEW = {f"my_{stage}": stage for stage in STAGES}
EVERYTHING_NEW = """
extract:
  detector: {use: my_detector}
  aligner: {use: my_aligner}
  masker: {use: my_masker}
  recognizer: {use: my_recognizer}
swaps:
  - source: anna
    target: scene
    model: {use: my_model, with: {batch_size: 2, size_px: 32, width: 4}, iterations: 3}
    enhancer: {use: my_enhancer, with: {size: 64}}
    merger: {use: my_merger}
output: {path: "out/{clip}.mp4"}
"""


@pytest.mark.slow
def test_every_new_plugin_is_listed_and_checked_as_sound(outside, tmp_path):
    rows = json.loads(outside.understudy("plugins", "list", "--json", cwd=tmp_path))
    listed = {row["name"]: (row["stage"], row["status"], row["distribution"]) for row in rows if row["name"] in NEW}
    assert listed == {name: (stage, "ok", f"understudy-my-{stage}") for name, stage in NEW.items()}
    reports = json.loads(outside.understudy("plugins", "check", *NEW, "--json", cwd=tmp_path))
    offers = {
        offer["name"]: [*report["findings"], *offer["findings"]] for report in reports for offer in report["offers"]
    }
    assert set(offers) == set(NEW)
    assert {name: len(findings) for name, findings in offers.items() if len(findings) < 14} == {}
    assert [finding for findings in offers.values() for finding in findings if finding["status"] != "ok"] == []


@pytest.mark.slow
def test_every_new_plugin_passes_its_own_tests_and_the_strictest_types(outside, tmp_path, pytestconfig):
    places = [outside.packages[stage] for stage in STAGES]
    tests = [place / "tests" for place in places]
    options = ["-q", "-p", "no:cacheprovider", "--import-mode=importlib", "-W", "error", "--rootdir", places[0].parent]
    assert " passed" in outside.python("-m", "pytest", *options, *tests, cwd=tmp_path)
    modules = [place / f"understudy_my_{stage}" for place, stage in zip(places, STAGES, strict=True)]
    cache = pytestconfig.cache.mkdir("mypy_of_outside_packages")
    told = outside.python("-m", "mypy", "--strict", "--cache-dir", cache, *modules, *tests, cwd=tmp_path)
    assert told.startswith("Success")


@pytest.mark.slow
def test_a_project_of_new_plugins_alone_runs(outside, project, tmp_path):
    centres = np.linspace(0.4, 0.6, 10)
    clips = {name: [face_frame(centre=(x, y)).rgb for x in centres] for name, y in (("anna", 0.5), ("scene", 0.45))}
    path = project(EVERYTHING_NEW, **clips)
    assert "project.yaml: ok" in outside.understudy("check", path, cwd=tmp_path)
    outside.understudy("run", path, cwd=tmp_path)
    assert (tmp_path / "out" / "scene.mp4").stat().st_size > 0
    states = json.loads(outside.understudy("status", path, "--json", cwd=tmp_path))
    assert {row["state"] for row in states} == {"done"}


def documented(module):
    """Say whether the SDK's guide names a module of the SDK."""
    return module == "understudy_sdk" or re.search(rf"`{re.escape(module)}`", GUIDE) is not None


@pytest.mark.parametrize("stage", STAGES)
def test_a_new_plugin_uses_only_what_the_sdk_documents(stage, tmp_path):
    place = tmp_path / "package"
    assert new(f"my_{stage}", stage, "--folder", place).exit_code == 0
    for path in place.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "understudy_sdk":
                assert documented(node.module), f"{path.name}: {node.module}"
                public = set(importlib.import_module(node.module).__all__)
                assert {alias.name for alias in node.names} <= public, f"{path.name}: {node.module}"
            names = [alias.name for alias in getattr(node, "names", ()) if isinstance(node, ast.Import)]
            assert not [name for name in names if name.startswith("understudy")], path.name


def new(name, stage, *words):
    return CliRunner().invoke(app, ["plugins", "new", name, "--stage", stage, *map(str, words)])
