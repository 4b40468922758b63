"""May a project shut plugins out, ask for distributions, and say which of two plugins of one name it means?"""

from __future__ import annotations

import json
import re

import pytest

from understudy.errors import ProjectError
from understudy.plugins import BLOCK_VARIABLE, STAGES, Offer, Origin, PluginRow, Registry
from understudy.project import discover_for, load_project, project_schema
from understudy_sdk import StageConfig, StageSpec


class TwinConfig(StageConfig):
    """Settings that the namesake alone has."""

    depth: int = 1


@pytest.fixture
def twins(fake_registry):
    """Give a registry in which two distributions offer the detector ``finder`` and the model ``learner``."""
    named = {"finder": "detector", "learner": "model"}
    more = [
        Offer(
            stage,
            StageSpec(
                name=name, summary="", config=TwinConfig, tiny=TwinConfig(), build=print, learns=stage == "model"
            ),
            Origin("theirs", "acme-face", "1.2"),
        )
        for name, stage in named.items()
    ]
    stages = ("detector", "aligner", "masker", "model", "merger")
    return Registry([*(offer for stage in stages for offer in fake_registry.every(stage)), *more])


def problems(path, registry):
    with pytest.raises(ProjectError) as caught:
        load_project(path, registry)
    return [line.replace(f"{path.parent}/", "") for line in caught.value.problems]


def test_two_plugins_of_one_name_are_both_named_with_the_line_to_write(project_file, twins):
    lines = problems(project_file(), twins)
    assert len(lines) == 2
    assert lines[0].startswith("cast.yaml:6:19: extract.detector.use: 2 distributions offer a detector called 'finder'")
    assert "understudy-fakes 1.0 and acme-face 1.2" in lines[0]
    assert "{use: finder, from: understudy-fakes} or {use: finder, from: acme-face}" in lines[0]
    assert lines[1].startswith("cast.yaml:12:18: swaps.0.model.use: 2 distributions offer a model called 'learner'")


def test_the_distribution_says_which_is_meant(project_file, twins):
    path = project_file(
        ("use: finder, with: {min_score: 0.25}", "use: finder, from: acme_face, with: {depth: 3}"),
        ("use: learner,", "use: learner, from: understudy-fakes,"),
    )
    project = load_project(path, twins)
    detector = project.facesets["anna"].extract.detector
    assert (detector.offer.origin.distribution, detector.config.depth) == ("acme-face", 3)
    (swap,) = project.swaps
    assert (swap.model.offer.origin.distribution, swap.iterations) == ("understudy-fakes", 10)
    assert detector.recipe()["from"] == "acme-face"


def test_a_layer_above_keeps_the_distribution_of_the_same_plugin_alone(project_file, twins):
    extract = "scene: {clips: [scene.mp4], extract: {detector: {use: finder, with: {depth: 5}}}}"
    path = project_file(
        ("use: finder, with: {min_score: 0.25}", "use: finder, from: acme-face"),
        ("use: learner,", "use: learner, from: acme-face,"),
        ("scene: {clips: [scene.mp4]}", extract),
    )
    assert load_project(path, twins).facesets["scene"].extract.detector.config.depth == 5


def test_a_distribution_that_does_not_offer_it(project_file, twins):
    path = project_file(
        ("use: finder,", "use: finder, from: acme-fac,"), ("use: learner,", "use: learner, from: acme-face,")
    )
    (line,) = problems(path, twins)
    assert line == (
        "cast.yaml:6:33: extract.detector.from: acme-fac offers no detector called 'finder'; it comes from "
        "understudy-fakes 1.0 and acme-face 1.2. Did you mean 'acme-face'?"
    )


def test_the_schema_knows_both(twins):
    definitions = project_schema(twins)["$defs"]
    assert definitions["detector"]["properties"]["from"]["enum"] == ["acme-face", "understudy-fakes"]
    told = {
        choice["if"]["properties"].get("from", {}).get("const"): choice["then"]["properties"]["with"]["$ref"]
        for choice in definitions["detector"]["allOf"]
        if choice["if"]["properties"]["use"]["const"] == "finder"
    }
    assert told == {
        "understudy-fakes": "#/$defs/detector.finder.understudy-fakes",
        "acme-face": "#/$defs/detector.finder.acme-face",
    }
    assert [*definitions["detector.finder.acme-face"]["properties"]] == ["depth"]
    assert json.dumps(project_schema(twins))


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("nobody-has-this>=1.2", 'nobody-has-this is not installed; to install it: pip install "nobody-has-this>=1.2"'),
        ("numpy>=999", r'numpy \S+ is installed, but the project needs >=999; to change it: pip install "numpy>=999"'),
        ("numpy is nice", "must be a distribution and its versions, such as acme-face>=1.2, but is 'numpy is nice'"),
        ("x @ https://example.org/x.whl", "must name versions, not a place, such as x>=1.2"),
    ],
)
def test_what_a_project_needs_and_is_not_there(project_file, fake_registry, wanted, said):
    path = project_file(("understudy: 1\n", f"understudy: 1\nplugins:\n  require: [numpy, '{wanted}']\n"))
    (line,) = problems(path, fake_registry)
    assert re.match(rf"cast.yaml:3:20: plugins.require.1: {said}", line), line


def test_what_a_project_needs_and_is_there(project_file, fake_registry):
    needs = "['numpy>=1', \"pluggy>=1; python_version >= '3'\", \"nobody-has-this; python_version < '3'\"]"
    assert load_project(
        project_file(("understudy: 1\n", f"understudy: 1\nplugins: {{require: {needs}}}\n")), fake_registry
    )


OUTSIDE = """
from understudy_sdk import StageConfig, StageSpec, hookimpl
open({mark!r}, "w").close()

@hookimpl
def understudy_detectors():
    yield StageSpec(name="{name}", summary="", config=StageConfig, tiny=StageConfig(), build=print)
"""


def test_what_a_project_blocks_is_not_loaded_and_not_offered(project_file, install, tmp_path):
    install("barred_finder", OUTSIDE.format(mark=str(tmp_path / "loaded"), name="barred_finder"))
    path = project_file(("understudy: 1\n", "understudy: 1\nplugins: {block: [barred_finder]}\n"))
    registry = discover_for(path)
    assert not (tmp_path / "loaded").exists()
    (row,) = [row for row in registry.rows if row.entry_point == "barred_finder"]
    assert (row.status, row.reason) == ("blocked", "blocked by the project's plugins.block")
    assert "barred_finder" not in registry.detectors


def test_blocking_holds_for_a_registry_that_knows_them(project_file, twins):
    path = project_file(("understudy: 1\n", "understudy: 1\nplugins: {block: [theirs]}\n"))
    project = load_project(path, twins)
    assert project.swaps[0].model.offer.origin.distribution == "understudy-fakes"
    assert {row.status for row in project.registry.rows if row.entry_point == "theirs"} <= {"blocked"}


def test_a_blocked_plugin_that_is_chosen_is_told_as_blocked(project_file, install, tmp_path, monkeypatch):
    install("shut_finder", OUTSIDE.format(mark=str(tmp_path / "loaded"), name="shut_finder"))
    monkeypatch.setenv(BLOCK_VARIABLE, "shut_finder")
    path = project_file(("use: finder, with: {min_score: 0.25}", "use: shut_finder"))
    lines = problems(path, discover_for(path))
    assert "listed as blocked: blocked by UNDERSTUDY_BLOCK" in next(line for line in lines if "detector" in line)


def test_a_choice_that_nobody_offers_tells_what_was_not_loaded(project_file, fake_registry):
    rows = [PluginRow("acme", "acme-face", "1.2", "", "", "", "blocked", "blocked by the project's plugins.block")]
    offers = [offer for stage in STAGES for offer in fake_registry.every(stage)]
    (line,) = problems(project_file(("use: finder, with: {min_score: 0.25}", "use: fader")), Registry(offers, rows))
    assert line.endswith("Not loaded: 'acme' (blocked); to see why: understudy plugins list --all")


def test_a_file_that_cannot_be_read_is_left_to_the_check(tmp_path):
    broken = tmp_path / "broken.yaml"
    broken.write_text("plugins: {block: [", encoding="utf-8")
    assert discover_for(broken).detectors
    assert discover_for(tmp_path / "none.yaml").detectors
