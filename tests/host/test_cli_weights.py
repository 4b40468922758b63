"""Does ``understudy weights`` list, fetch and import what the plugins declare?"""

from __future__ import annotations

import hashlib
import json

import pytest
from typer.testing import CliRunner

from understudy.cli.weights import weights_app
from understudy.errors import RequestError, WeightsError
from understudy.plugins import Offer, Origin, Registry
from understudy_sdk import StageConfig, StageSpec, WeightFile

CONTENT = b"weights"


@pytest.fixture(autouse=True)
def _plugins(tmp_path, monkeypatch):
    """Two stages that share one file; an empty cache."""
    weight = WeightFile(
        name="shared.tflite",
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        size=len(CONTENT),
        code_licence="MIT",
        weights_licence="CC-BY-NC-4.0",
        commercial=False,
        sources=(),
    )
    offers = [
        Offer(
            stage,
            StageSpec(name="fake", summary="", config=StageConfig, tiny=StageConfig(), build=print, weights=(weight,)),
            Origin("fake", "fakes", "1"),
        )
        for stage in ("detector", "aligner")
    ]
    monkeypatch.setattr("understudy.plugins.discover", lambda: Registry(offers))
    monkeypatch.setenv("UNDERSTUDY_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("UNDERSTUDY_WEIGHTS", raising=False)


def run(*arguments: str):
    return CliRunner().invoke(weights_app, arguments)


def test_list_names_who_needs_a_file_and_its_licence():
    lines = run("list").stdout
    assert "missing" in lines
    assert "detector fake, aligner fake" in lines
    assert "weights CC-BY-NC-4.0; no paid work" in lines


def test_list_as_json_follows_the_file(tmp_path):
    (row,) = json.loads(run("list", "--json").stdout)
    assert (row["name"], row["state"], row["commercial"], row["path"]) == ("shared.tflite", "missing", False, None)
    (tmp_path / "mine").write_bytes(CONTENT)
    assert run("import", str(tmp_path / "mine")).exit_code == 0
    (row,) = json.loads(run("list", "--json").stdout)
    assert row["state"] == "present"
    assert row["path"].endswith("shared.tflite")


def test_pull_of_an_unknown_name_suggests_the_nearest():
    error = run("pull", "shared.tflit").exception
    assert isinstance(error, RequestError)
    assert "Did you mean 'shared.tflite'?" in str(error)


def test_pull_without_a_place_says_what_else_helps():
    error = run("pull").exception
    assert isinstance(error, WeightsError)
    assert "UNDERSTUDY_WEIGHTS" in str(error)


def test_a_file_that_cannot_be_had_does_not_keep_the_others_away(tmp_path, monkeypatch):
    lost, there = (
        WeightFile(
            name=name,
            sha256=hashlib.sha256(name.encode()).hexdigest(),
            size=len(name),
            code_licence="MIT",
            weights_licence="MIT",
            commercial=True,
            sources=(),
        )
        for name in ("a-lost.pth", "b-there.pth")
    )
    (tmp_path / "cache" / "weights").mkdir(parents=True)
    (tmp_path / "cache" / "weights" / there.name).write_bytes(there.name.encode())
    spec = StageSpec(name="two", summary="", config=StageConfig, tiny=StageConfig(), build=print, weights=(lost, there))
    offer = Offer("detector", spec, Origin("two", "twos", "1"))
    monkeypatch.setattr("understudy.plugins.discover", lambda: Registry([offer]))
    result = run("pull")
    assert "b-there.pth: " in result.stdout
    assert isinstance(result.exception, WeightsError)
    assert "a-lost.pth" in str(result.exception)
    assert "b-there" not in str(result.exception)
