"""What does ``understudy plugins new`` write, and which names and folders does it refuse?"""

from __future__ import annotations

import tomllib

import pytest
from typer.testing import CliRunner

from understudy.authoring.naming import names_of
from understudy.authoring.writing import templates, write_package
from understudy.cli import app
from understudy.errors import RequestError
from understudy.plugins import STAGES, Registry, discover
from understudy_sdk import API_VERSION

PARTS = ("about.txt", "offer.py.tmpl", "test.py.tmpl", "use.yaml.tmpl", "work.py.tmpl")


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_has_templates(stage):
    assert [part for part in PARTS if not templates(stage).joinpath(part).is_file()] == [], (
        f"a stage without templates cannot be begun: write host/understudy/authoring/templates/{stage}"
    )


@pytest.mark.parametrize("stage", STAGES)
def test_a_package_is_whole_and_says_what_it_was_written_for(stage, tmp_path):
    names, place = write_package("soft_edge", stage, tmp_path / "here", Registry())
    assert {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()} == {
        "README.md",
        "pyproject.toml",
        "tests/test_soft_edge.py",
        "understudy_soft_edge/__init__.py",
        f"understudy_soft_edge/{stage}.py",
        "understudy_soft_edge/py.typed",
    }
    project = tomllib.loads((place / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["name"] == names.distribution == "understudy-soft-edge"
    assert project["entry-points"]["understudy"] == {"soft_edge": "understudy_soft_edge"}
    assert project["license"] == "MIT"
    assert project["dependencies"][0] == "understudy>=0.1"
    offer = (place / "understudy_soft_edge" / "__init__.py").read_text(encoding="utf-8")
    assert f"api_version={API_VERSION}," in offer
    assert "SoftEdgeConfig" in offer
    assert "understudy plugins check soft_edge" in (place / "README.md").read_text(encoding="utf-8")
    assert all("$" not in path.read_text(encoding="utf-8") for path in place.rglob("*") if path.is_file())


@pytest.mark.parametrize("stage", STAGES)
def test_what_the_code_imports_is_required(stage, tmp_path):
    _, place = write_package("soft_edge", stage, tmp_path / "here", Registry())
    required = tomllib.loads((place / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    work = (place / "understudy_soft_edge" / f"{stage}.py").read_text(encoding="utf-8")
    for module, package in (("numpy", "numpy"), ("cv2", "opencv-python-headless"), ("torch", "torch")):
        assert (f"import {module}" in work) <= any(one.startswith(package) for one in required), (module, required)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("SoftEdge", "soft_edge"),
        ("soft-edge", "soft_edge"),
        ("2soft", "soft"),
        ("soft__edge", "soft_edge"),
        ("soft_", "soft"),
        ("understudy-soft", "soft"),
        ("class", "my_class"),
        ("ö", "my_masker"),
        ("", "my_masker"),
    ],
)
def test_a_name_that_cannot_be_one_is_answered_with_one_that_can(name, hint):
    with pytest.raises(RequestError, match=f"snake_case.*\n  such as '{hint}'"):
        names_of(name, "masker", Registry())
    assert names_of(hint, "masker", Registry()).plugin == hint


def test_a_name_that_is_too_long_is_refused():
    with pytest.raises(RequestError, match="41 characters long; 40 are the most"):
        names_of("a" * 41, "masker", Registry())


@pytest.mark.parametrize("name", ["hull", "quick96", "mediapipe_detector"])
def test_a_name_that_is_taken_is_refused_with_a_hint(name):
    with pytest.raises(
        RequestError, match=f"'{name}' is taken by .* of understudy\n  choose another, such as 'my_{name}'"
    ):
        names_of(name, "masker", discover())


def test_a_module_that_is_installed_is_not_shadowed():
    with pytest.raises(RequestError, match="'understudy_plugins' is installed already"):
        names_of("plugins", "masker", Registry())


def test_an_unknown_stage_is_answered_with_the_nearest():
    with pytest.raises(RequestError, match="Did you mean 'masker'"):
        names_of("soft_edge", "mask", Registry())


def test_a_folder_that_is_there_is_refused_and_left_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "understudy-soft-edge").mkdir()
    result = CliRunner().invoke(app, ["plugins", "new", "soft_edge", "--stage", "masker"])
    assert isinstance(result.exception, RequestError)
    assert "is there already" in str(result.exception)
    assert list((tmp_path / "understudy-soft-edge").iterdir()) == []


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RequestError, match="cannot be made"):
        write_package("soft_edge", "masker", tmp_path / "file" / "here", Registry())


def test_the_command_says_what_it_wrote_and_what_comes_next(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["plugins", "new", "soft_edge", "--stage", "merger"])
    assert result.exit_code == 0
    assert "understudy-soft-edge/pyproject.toml\n" in result.stdout
    assert "understudy plugins check soft_edge" in result.output
