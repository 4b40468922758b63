"""Is it told what another version of a plugin changed: at a setting that no longer fits, at a run, by status?"""

from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import Field

from understudy.errors import ProjectError
from understudy.phases import run, status
from understudy.plugin_record import PluginRecord
from understudy.plugins import Offer, Origin, Registry, discover
from understudy.progress import Silent
from understudy.project import load_project
from understudy_sdk import StageConfig, StageSpec


class OldConfig(StageConfig):
    """As version 1.0 had it."""

    erode: int = 0
    blur: Annotated[int, Field(ge=0, le=100)] = 8
    same: int = 1


class NewConfig(StageConfig):
    """As version 2.0 has it."""

    blur: Annotated[int, Field(ge=0, le=10)] = 4
    feather: int = 2
    same: int = 1


def merger(config, version, revision=1):
    spec = StageSpec(name="fader", summary="", config=config, tiny=config(), build=print, revision=revision)
    return Offer("merger", spec, Origin("fader", "acme-face", version))


def with_merger(fake_registry, offer):
    offers = [one for stage in ("detector", "aligner", "masker", "model") for one in fake_registry.every(stage)]
    return Registry([*offers, offer])


@pytest.fixture
def project(project_file, tmp_path):
    """Give a function that makes a project with these settings of the merger, last worked on with version 1.0."""

    def make(settings, record=True):
        path = project_file(
            ("{use: blender, with: {mask_erode_px: 4}}", f"{{use: fader, with: {settings}}}"),
            ("    ranges:\n      - {from: 5, to: 9, merger: {with: {mask_blur_px: 2}}}\n", ""),
        )
        if record:
            (tmp_path / "cast.work").mkdir()
            PluginRecord(tmp_path / "cast.work").write([merger(OldConfig, "1.0")])
        return path

    return make


def problem(path, registry):
    with pytest.raises(ProjectError) as caught:
        load_project(path, registry)
    (line,) = caught.value.problems
    return line.partition("swaps.0.merger.with.")[2]


LAST = "with which this project was last worked on,"
OLD_BLUR = "integer, 8 unless stated, maximum 100, minimum 0"
NEW_BLUR = "integer, 4 unless stated, maximum 10, minimum 0"


@pytest.mark.parametrize(
    ("setting", "fault", "told"),
    [
        ("erode: 3", "unknown key", f"and 1.0, {LAST} had it"),
        ("blur: 50", "must be at most 10, but is 50", f"and in 1.0, {LAST} it was {OLD_BLUR}, and is {NEW_BLUR}"),
        ("same: x", "must be a whole number, but is 'x'", f"and 1.0, {LAST} knew it in the same way"),
        ("zzz: 3", "unknown key", f"and 1.0, {LAST} did not know it either"),
    ],
)
def test_a_setting_that_no_longer_fits_tells_what_changed(project, fake_registry, setting, fault, told):
    name = setting.partition(":")[0]
    line = problem(project(f"{{{setting}}}"), with_merger(fake_registry, merger(NewConfig, "2.0")))
    assert line == f"{name}: {fault}; acme-face 2.0 is installed, {told}"


def test_without_a_run_before_the_version_is_named(project, fake_registry):
    path = project("{erode: 3}", record=False)
    registry = with_merger(fake_registry, merger(NewConfig, "2.0"))
    assert problem(path, registry) == "erode: unknown key (the settings of acme-face 2.0)"


def test_a_damaged_record_counts_as_none(project, fake_registry, tmp_path):
    path = project("{erode: 3}")
    (tmp_path / "cast.work" / "plugins.json").write_text("{", encoding="utf-8")
    registry = with_merger(fake_registry, merger(NewConfig, "2.0"))
    assert problem(path, registry).endswith("(the settings of acme-face 2.0)")


def test_changes_between_two_versions(tmp_path):
    PluginRecord(tmp_path).write([merger(OldConfig, "1.0")])
    (text,) = PluginRecord(tmp_path).changes([merger(NewConfig, "2.0", revision=2)])
    assert text == (
        "the merger 'fader' was of acme-face 1.0, now 2.0, revision 1, now 2: what it made is made anew, "
        f"erode is gone, feather is new, blur was {OLD_BLUR} and is {NEW_BLUR}"
    )
    assert list(PluginRecord(tmp_path).changes([merger(OldConfig, "1.0")])) == []


PLUGIN = """
from square_stage import Square, SquareConfig
from understudy_sdk import StageSpec, hookimpl

@hookimpl
def understudy_detectors():
    yield StageSpec(name="aging", summary="", config=SquareConfig, tiny=SquareConfig(),
                    build=lambda config, resources: Square(config), revision=REVISION)
"""

PROJECT = """
understudy: 1
device: cpu
facesets: {red: {clips: [red.mkv]}}
extract: {detector: {use: aging}, aligner: {use: square}, masker: {use: hull}, crop_size: 64}
"""


def test_a_new_revision_makes_results_stale_and_status_names_the_versions(
    tmp_path, install, monkeypatch, square_plugin, drawn_clip
):
    monkeypatch.syspath_prepend(str(square_plugin))
    install("aging_one", PLUGIN.replace("REVISION", "1"), distribution="acme-face")
    drawn_clip(tmp_path / "red.mkv", 4, codec="ffv1", options={})
    path = tmp_path / "squares.yaml"
    path.write_text(PROJECT)
    run(load_project(path, discover()), phases=["extract"], progress=Silent())
    assert [row.state for row in status(load_project(path, discover()))] == ["done"]

    site = tmp_path / "site"
    (site / "acme_face-2.5.dist-info").rename(site / "acme_face-3.0.dist-info")
    (site / "acme_face-3.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-face\nVersion: 3.0\n")
    (site / "acme_face-3.0.dist-info" / "entry_points.txt").write_text("[understudy]\naging_two = aging_two\n")
    (site / "aging_two.py").write_text(PLUGIN.replace("REVISION", "2"))
    newer = load_project(path, discover())
    (row,) = status(newer)
    assert row.state == "stale"
    assert row.why == (
        "find.detector.revision; the detector 'aging' was of acme-face 2.5, now 3.0, revision 1, now 2: "
        "what it made is made anew"
    )

    class Said(Silent):
        def say(self, text):
            lines.append(text)

    lines: list[str] = []
    run(newer, phases=["extract"], progress=Said())
    assert any("was of acme-face 2.5, now 3.0" in line for line in lines)
    assert [row.state for row in status(newer)] == ["done"]
