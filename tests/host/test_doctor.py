"""Does the doctor see what is missing, and name the command that mends it?"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from understudy import doctor
from understudy.errors import WeightsError
from understudy.plugins import Offer, Origin, PluginRow, Registry
from understudy_sdk import MissingWeightsError, StageConfig, StageSpec, WeightFile

WEIGHT = WeightFile(
    name="a.bin", sha256="0" * 64, size=1, code_licence="MIT", weights_licence="MIT", commercial=True, sources=()
)


@pytest.fixture
def examine(fake_registry, monkeypatch):
    """Give a doctor on a machine with the fake plugins and one that needs weights; findings by name."""
    needy = StageSpec(name="needy", summary="", config=StageConfig, tiny=StageConfig(), build=print, weights=(WEIGHT,))
    offers = [
        offer for stage in ("detector", "aligner", "masker", "model") for offer in fake_registry.offers(stage).values()
    ]
    offers.append(Offer("detector", needy, Origin("needy", "a-house", "1")))
    rows = [
        PluginRow("torn", "b-house", "2.0", "", "", "", "failed", "SyntaxError:\n line 3"),
        PluginRow("shut", "b-house", "2.0", "", "", "", "blocked", "blocked by hand"),
    ]
    monkeypatch.setattr(doctor, "discover", lambda: Registry(offers, rows))

    def run(find=lambda weight: Path(weight.name)):
        monkeypatch.setattr(doctor, "WeightCache", lambda: SimpleNamespace(find=find))
        return {finding.what: finding for finding in doctor.examine()}

    return run


def test_what_is_fine(examine):
    findings = examine()
    for what in ("python", "torch", "device", "disk", "encoder libx264", "encoder prores_ks", "detectors"):
        assert findings[what].state == "ok", findings[what]
    assert findings["detectors"].found == "finder, seeker, needy"
    assert findings["weights a.bin"].found == "verified, a.bin"


def test_a_stage_without_plugins_and_plugins_that_fail(examine):
    findings = examine()
    assert (findings["mergers"].state, findings["mergers"].found) == ("wrong", "none")
    assert (findings["plugin torn"].state, findings["plugin torn"].found) == ("wrong", "failed: SyntaxError: line 3")
    assert "pip install --upgrade b-house" in findings["plugin torn"].mend
    assert findings["plugin shut"].state == "note"


@pytest.mark.parametrize(
    ("error", "found"),
    [(MissingWeightsError("a.bin", ["there"]), "missing"), (WeightsError("a.bin is damaged\nx"), "a.bin is damaged")],
)
def test_weights_that_are_not_right(examine, error, found):
    def fail(weight):
        raise error

    finding = examine(fail)["weights a.bin"]
    assert (finding.state, finding.found, finding.mend) == ("wrong", found, "understudy weights pull a.bin")


def test_little_memory_and_little_disk_are_noted(examine, monkeypatch):
    monkeypatch.setattr(doctor.psutil, "virtual_memory", lambda: SimpleNamespace(available=1e9, total=2e9))
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda folder: SimpleNamespace(free=1e9))
    findings = examine()
    assert (findings["memory"].state, findings["memory"].found) == ("note", "1.0 of 2.0 GB free")
    assert (findings["disk"].state, "1.0 GB free" in findings["disk"].found) == ("note", True)


def test_an_encoder_and_a_package_that_are_missing(examine, monkeypatch):
    monkeypatch.setattr(doctor, "CODECS", ("libnothing",))
    monkeypatch.setattr(doctor, "PACKAGES", ("a-package-nobody-has",))
    findings = examine()
    assert findings["encoder libnothing"].found == "missing"
    assert findings["a-package-nobody-has"].mend == "pip install a-package-nobody-has"
