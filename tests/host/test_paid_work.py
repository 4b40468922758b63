"""Does ``licence: commercial`` refuse what does not allow paid work, by name, and nothing else?"""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.errors import ProjectError, RequestError
from understudy.phases import resources_for
from understudy.plugins import Offer, Origin, Registry, discover
from understudy.project import load_project
from understudy_sdk import StageConfig, StageSpec, WeightFile

RESEARCH = WeightFile(
    name="a.bin", sha256="0" * 64, size=1, code_licence="MIT", weights_licence="research", commercial=False, sources=()
)


class NeedyConfig(StageConfig):
    """Settings that decide whether weights are needed."""

    own: bool = False


def registry_with(fake_registry, **facts):
    """Give a registry whose detector ``needy`` states these facts of itself."""
    needy = StageSpec(name="needy", summary="", config=NeedyConfig, tiny=NeedyConfig(), build=print, **facts)
    offers = [
        offer for stage in ("detector", "aligner", "masker", "model", "merger") for offer in fake_registry.every(stage)
    ]
    return Registry([*offers, Offer("detector", needy, Origin("needy", "acme-face", "1.2", "CC-BY-NC-4.0"))])


def paid(project_file, detector="use: needy"):
    return project_file(
        ("understudy: 1\n", "understudy: 1\nlicence: commercial\n"), ("use: finder, with: {min_score: 0.25}", detector)
    )


def problems(path, registry):
    with pytest.raises(ProjectError) as caught:
        load_project(path, registry)
    return [line.replace(f"{path.parent}/", "") for line in caught.value.problems]


def test_weights_are_refused_by_name_and_place(project_file, fake_registry):
    (line,) = problems(paid(project_file), registry_with(fake_registry, weights=(RESEARCH,)))
    assert line.startswith(
        "cast.yaml:7:19: extract.detector.use: the detector 'needy' needs the weight file 'a.bin', which"
    )
    assert "does not allow paid work (research); choose another, or licence: any" in line


def test_a_plugin_is_refused_with_its_licence(project_file, fake_registry):
    (line,) = problems(paid(project_file), registry_with(fake_registry, commercial=False))
    assert "the detector 'needy' of acme-face does not allow paid work; its licence: CC-BY-NC-4.0;" in line


def test_weights_that_the_settings_do_not_need_do_not_count(project_file, fake_registry):
    registry = registry_with(
        fake_registry, weights=(RESEARCH,), weights_for=lambda config: () if config.own else (RESEARCH,)
    )
    assert load_project(paid(project_file, "use: needy, with: {own: true}"), registry).licence == "commercial"
    assert len(problems(paid(project_file), registry)) == 1


def test_defaults_that_no_faceset_uses_do_not_count(project_file, fake_registry):
    path = paid(project_file)
    text = path.read_text().replace("mp4]}", "mp4], extract: {detector: {use: finder}}}")
    path.write_text(text)
    assert load_project(path, registry_with(fake_registry, commercial=False))


def test_unpaid_work_may_use_them(project_file, fake_registry):
    path = project_file(("use: finder, with: {min_score: 0.25}", "use: needy"))
    assert load_project(path, registry_with(fake_registry, commercial=False)).licence == "any"


def test_a_plugin_that_cannot_say_which_weights_it_needs_is_a_problem(project_file, fake_registry):
    (line,) = problems(paid(project_file), registry_with(fake_registry, weights_for=lambda config: config.nothing))
    assert "the detector 'needy' (from acme-face) failed while naming the weights it needs: AttributeError" in line


def test_weights_that_a_plugin_did_not_name_are_refused_when_it_asks_for_them(project_file, fake_registry):
    project = load_project(project_file(("understudy: 1\n", "understudy: 1\nlicence: commercial\n")), fake_registry)
    with pytest.raises(RequestError, match=r"'a\.bin' does not allow paid work"):
        resources_for(project).weights(RESEARCH)


@pytest.mark.parametrize(("name", "stage"), [("s3fd", "detector"), ("fan", "aligner")])
def test_the_built_ins_for_research_need_no_such_weights_for_files_of_ones_own(name, stage):
    spec = discover().offer(stage, name).spec
    own = spec.config(weights="file", weights_file="mine.npy", weights_sha256="0" * 64)
    assert [weight.commercial for weight in spec.weights_needed(spec.config())] == [False]
    assert spec.weights_needed(own) == ()
    assert spec.weights_needed(spec.tiny) == ()


def test_mediapipe_needs_the_network_of_its_range():
    spec = discover().offer("detector", "mediapipe").spec
    needed = {
        range_: [one.name for one in spec.weights_needed(spec.config(range=range_))] for range_ in ("full", "short")
    }
    assert all(len(names) == 1 for names in needed.values())
    assert needed["full"] != needed["short"]
    assert Path(needed["full"][0]).suffix == ".tflite"
