"""Does ``understudy plugins check`` find plugins by name and by path, and end as its findings say?"""

from __future__ import annotations

import json
import sys

import pytest
from typer.testing import CliRunner

from understudy.authoring.targets import find_targets, importable
from understudy.cli import app
from understudy.errors import RequestError, UnknownPluginError
from understudy.plugins import discover

MASKER = '''
"""A masker for tests."""
import numpy as np
from understudy_sdk import Mask, StageConfig, StageSpec, hookimpl

class Config(StageConfig):
    """Settings."""

class Full:
    def mask(self, crops):
        return [Mask(np.ones((crop.size, crop.size), np.{dtype})) for crop in crops]

@hookimpl
def understudy_maskers():
    yield StageSpec(name="{name}", summary="All.", config=Config, tiny=Config(), build=lambda config, resources: Full())
'''

PYPROJECT = """
[project]
name = "understudy-everything"
version = "0.3"
[project.entry-points.understudy]
everything = "everything_stage"
"""


def check(*words):
    result = CliRunner().invoke(app, ["plugins", "check", *map(str, words)])
    return result.exit_code, result.stdout


@pytest.fixture
def package(tmp_path):
    """Give a function that writes a package's folder."""

    def write(dtype="float32", place="src", pyproject=PYPROJECT):
        folder = tmp_path / "package"
        (folder / place).mkdir(parents=True)
        (folder / "pyproject.toml").write_text(pyproject, encoding="utf-8")
        (folder / place / "everything_stage.py").write_text(MASKER.format(name="everything", dtype=dtype))
        return folder

    return write


@pytest.mark.parametrize("place", ["src", "."])
def test_a_sound_package_that_is_not_installed_passes(package, place):
    code, printed = check(package(place=place))
    assert code == 0, printed
    assert "everything from understudy-everything 0.3: module everything_stage, imported in " in printed
    assert "masker everything\n" in printed
    assert "ok           shape     No face type is refused." in printed
    assert printed.splitlines()[-1] == "promises: 17 kept"
    assert "everything_stage" not in sys.modules


def test_a_wrong_package_is_told_and_ends_with_1(package):
    code, printed = check(package(dtype="float64"))
    assert code == 1
    assert "wrong        dtype     No face type is refused." in printed
    assert "expected: Mask.values: float32 (any, any)\n" in printed
    assert "found: float64 (64, 64) (everything_stage.py, line 11)\n" in printed
    assert printed.splitlines()[-1] == "promises: 11 kept, 6 broken"


def test_findings_are_told_as_json(package):
    code, printed = check(package(dtype="float64"), "--json")
    assert code == 1
    (report,) = json.loads(printed)
    assert (report["entry_point"], report["distribution"], report["version"]) == (
        "everything",
        "understudy-everything",
        "0.3",
    )
    assert report["import_s"] > 0
    (offer,) = report["offers"]
    assert (offer["stage"], offer["name"]) == ("masker", "everything")
    wrong = [finding for finding in offer["findings"] if finding["status"] == "wrong"]
    assert {finding["topic"] for finding in wrong} == {"dtype"}


def test_a_module_is_checked_by_its_path(tmp_path):
    path = tmp_path / "lonely_stage.py"
    path.write_text(MASKER.format(name="lonely", dtype="float32"))
    assert check(path)[0] == 0


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import nothing_of_the_kind", "ModuleNotFoundError: No module named 'nothing_of_the_kind'"),
        ("raise SystemExit(4)", "SystemExit: 4"),
        ("import os; os._exit(7)", "the interpreter ended with 7"),
        ("x = 1", "offers nothing: "),
        ("from understudy_sdk import NoSuchThing", "cannot import name 'NoSuchThing'"),
    ],
)
def test_a_module_that_cannot_be_used_is_a_broken_promise(tmp_path, code, told):
    path = tmp_path / "useless_stage.py"
    path.write_text(code)
    ended, printed = check(path)
    assert ended == 1
    assert told in printed
    assert "promises: " in printed


def test_an_installed_plugin_is_found_by_offer_entry_point_and_distribution(install):
    install("ones_stage", MASKER.format(name="ones", dtype="float32"), distribution="house-of-ones")
    registry = discover()
    targets = [find_targets(text, registry) for text in ("ones", "masker/ones", "ones_stage", "house-of-ones")]
    assert {(target.module, target.roots) for (target,) in targets} == {("ones_stage", ())}
    assert check("masker/ones")[0] == 0


def test_a_failed_plugin_is_found_by_its_entry_point(install):
    install("torn_stage", "import nothing_of_the_kind")
    code, printed = check("torn_stage")
    assert code == 1
    assert "ModuleNotFoundError" in printed


def test_a_name_of_two_stages_has_to_say_which():
    with pytest.raises(RequestError, match="detector/mediapipe or aligner/mediapipe"):
        find_targets("mediapipe", discover())


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda folder: folder / "nowhere", "no such folder or module"),
        (lambda folder: folder, "holds no plugin"),
    ],
)
def test_a_path_that_holds_no_plugin_is_refused(tmp_path, make, told):
    with pytest.raises(RequestError, match=told):
        find_targets(str(make(tmp_path)), discover())


def test_a_project_without_entry_points_is_told_what_to_write(package):
    with pytest.raises(RequestError, match=r"\[project.entry-points.understudy\]"):
        find_targets(str(package(pyproject="[project]\nname = 'x'\n")), discover())


def test_a_project_that_is_no_toml_is_refused(package):
    with pytest.raises(RequestError, match="cannot be read"):
        find_targets(str(package(pyproject="[project\n")), discover())


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(UnknownPluginError, match="Did you mean 'hull'"):
        find_targets("hul", discover())


def test_a_blocked_plugin_is_not_checked(monkeypatch):
    monkeypatch.setenv("UNDERSTUDY_BLOCK", "hull")
    with pytest.raises(RequestError, match="'hull' is not loaded: blocked"):
        find_targets("hull", discover())


def test_importing_a_path_leaves_an_installed_module_of_its_name_alone(install, package):
    install("everything_stage", "MARK = 1")
    import everything_stage as installed

    (target,) = find_targets(str(package()), discover())
    with importable(target):
        import everything_stage as found

        assert not hasattr(found, "MARK")
    assert sys.modules["everything_stage"] is installed
    assert str(target.roots[0]) not in sys.path
