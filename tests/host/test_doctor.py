"""Does the doctor see what is missing, and name the command that mends it?"""

from __future__ import annotations

import hashlib
import os
from collections import namedtuple
from types import SimpleNamespace

import pytest

from understudy import doctor
from understudy.doctor import codecs, machine, needs, parts, versions
from understudy.doctor.finding import Finding
from understudy.plugins import STAGES, Offer, Origin, PluginRow, Registry
from understudy.project import load_project
from understudy.provenance.keys import own_signer
from understudy.weights import CACHE_VARIABLE, WeightCache
from understudy_sdk import StageConfig, StageSpec, WeightFile

CONTENT = b"what a network has learnt"
WEIGHT = WeightFile(
    name="a.bin", sha256=hashlib.sha256(CONTENT).hexdigest(), size=len(CONTENT), code_licence="MIT",
    weights_licence="MIT", commercial=True, sources=(),
)  # fmt: skip


def by_name(findings):
    return {finding.what: finding for finding in findings}


@pytest.fixture
def registry(fake_registry):
    """Give a registry with a detector that needs weights, a plugin that failed, and others that are not there."""
    needy = StageSpec(name="needy", summary="", config=StageConfig, tiny=StageConfig(), build=print, weights=(WEIGHT,))
    offers = [offer for stage in STAGES if stage != "merger" for offer in fake_registry.every(stage)]
    rows = [
        PluginRow("torn", "b-house", "2.0", "", "", "", "failed", "SyntaxError:\n line 3"),
        PluginRow("nosy", "c-house", "2.0", "", "", "", "unusable", "it imports the host"),
        PluginRow("shut", "b-house", "2.0", "", "", "", "blocked", "blocked by UNDERSTUDY_BLOCK"),
        PluginRow("twin", "d-house", "2.0", "masker", "outline", "", "ambiguous", "also offered by others"),
    ]
    return Registry([*offers, Offer("detector", needy, Origin("needy", "a-house", "1"))], rows)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    (tmp_path / "cache" / "weights").mkdir(parents=True)
    return WeightCache([])


def test_a_whole_look_finds_every_kind_of_thing_and_each_fault_has_a_command(monkeypatch, registry, cache):
    monkeypatch.setattr(doctor, "discover", lambda: registry)
    monkeypatch.setattr(codecs, "ON_CARDS", ())
    findings = doctor.examine()
    named = by_name(findings)
    for what in ("python", "understudy", "torch", "FFmpeg in av", "device", "encoder libx264", "decoders", "detectors"):
        assert named[what].state == "ok", named[what]
    assert {"memory", "disk of the work", "weights a.bin", "signing key"} <= {*named}
    assert [one for one in findings if one.state == "wrong" and not one.mend] == []


def test_a_stage_without_plugins_and_plugins_that_are_not_there(registry):
    named = by_name(parts.plugin_findings(registry))
    assert named["detectors"] == Finding("detectors", "finder, seeker, needy")
    assert named["enhancers"] == Finding("enhancers", "none")
    assert named["mergers"] == Finding("mergers", "none", "wrong", "understudy plugins list --all")
    torn = Finding("plugin torn", "failed: SyntaxError: line 3", "wrong", "pip install --upgrade b-house")
    assert named["plugin torn"] == torn
    assert (named["plugin nosy"].state, named["plugin nosy"].mend) == ("wrong", "pip install --upgrade c-house")
    assert (named["plugin shut"].state, named["plugin shut"].mend) == ("note", "unset UNDERSTUDY_BLOCK")
    assert (named["plugin twin"].state, named["plugin twin"].mend) == ("note", "understudy plugins show outline")


@pytest.mark.parametrize(
    ("content", "state", "found"),
    [
        (CONTENT, "ok", "verified, "),
        (b"rubbish", "wrong", "has another content"),
        (None, "note", "missing; needed where"),
    ],
)
def test_weights_are_verified_by_their_content(registry, cache, content, state, found):
    if content is not None:
        (cache.cache / "a.bin").write_bytes(content)
    (finding,) = parts.weight_findings(registry, cache, None)
    assert (finding.state, finding.found.startswith(found)) == (state, True)
    assert finding.mend == ("" if state == "ok" else "understudy weights pull a.bin")


@pytest.fixture
def project(project_file, registry, fake_registry):
    offers = [offer for stage in STAGES for offer in registry.every(stage)]
    whole = Registry([*offers, *fake_registry.every("merger")])
    return load_project(project_file(("use: finder, with: {min_score: 0.25}", "use: needy")), whole)


def test_weights_that_a_project_needs_are_wrong_where_they_are_missing(project, cache):
    (finding,) = parts.weight_findings(project.registry, cache, project)
    assert (finding.state, finding.found) == ("wrong", "missing; the project needs it")


def test_a_projects_clips_and_room_are_looked_at(project, tmp_path, drawn_clip):
    named = by_name(needs.need_findings(project))
    assert named["clip anna.mp4"].state == "wrong"
    assert "room for the work" not in named
    for name in ("anna", "scene"):
        drawn_clip(tmp_path / f"{name}.mp4", 4, pix_fmt="yuv420p")
    named = by_name(needs.need_findings(project))
    assert named["clip anna.mp4"].found == "4 frames of 160x120"
    assert named["room for the work"].found.startswith("about 4.0 GB for what is not made yet, ")


def test_room_that_is_too_small(project, tmp_path, drawn_clip, monkeypatch):
    for name in ("anna", "scene"):
        drawn_clip(tmp_path / f"{name}.mp4", 4, pix_fmt="yuv420p")
    monkeypatch.setattr(needs.shutil, "disk_usage", lambda folder: SimpleNamespace(free=10**9))
    room = by_name(needs.need_findings(project))["room for the work"]
    assert (room.state, room.mend) == ("wrong", "understudy clean cast.yaml")


def test_the_signing_key(tmp_path, monkeypatch):
    monkeypatch.setenv("UNDERSTUDY_KEYS", str(tmp_path / "keys"))
    assert "made at" in by_name(parts.key_findings(None))["signing key"].found
    own_signer()
    (finding,) = parts.key_findings(None)
    assert (finding.state, "valid until 20" in finding.found) == ("ok", True)
    (tmp_path / "keys" / "own" / "chain.pem").write_text("no certificate")
    (finding,) = parts.key_findings(None)
    assert finding.state == "wrong"
    assert finding.mend == f"mv {tmp_path}/keys/own {tmp_path}/keys/own.damaged"


def test_little_memory_and_little_disk_are_noted(monkeypatch, tmp_path):
    monkeypatch.setattr(machine.psutil, "virtual_memory", lambda: SimpleNamespace(available=1e9, total=2e9))
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda folder: SimpleNamespace(free=1e9))
    memory = machine.memory_finding()
    assert (memory.state, memory.found) == ("note", "1.0 of 2.0 GB free")
    named = by_name(machine.disk_findings(tmp_path, tmp_path / "cache"))
    assert {finding.state for finding in named.values()} == {"note"}
    assert named["disk of the work"].mend == "understudy clean PROJECT"
    assert named["disk of the weights"].mend == "export UNDERSTUDY_CACHE=FOLDER"


def test_a_folder_that_cannot_be_written(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    named = by_name(machine.disk_findings(tmp_path, tmp_path / "cache"))
    assert named["disk of temporary files"].state == "wrong"
    assert named["disk of temporary files"].mend == "export TMPDIR=FOLDER"


def test_a_device_that_is_not_there_and_a_card_that_torch_cannot_use(monkeypatch):
    monkeypatch.setattr(machine.shutil, "which", lambda name: "/usr/bin/nvidia-smi")
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    named = by_name(machine.device_findings("cuda:7"))
    assert named["device"].state == "wrong"
    assert (named["gpu"].state, named["gpu"].mend) == ("note", "pip install --force-reinstall torch")


def test_a_card_is_told_with_its_memory(monkeypatch):
    import torch

    facts = namedtuple("Facts", "name major minor")("A card", 9, 0)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: facts)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda index: (30 * 10**9, 40 * 10**9))
    assert by_name(machine.device_findings("cpu"))["cuda:0"] == Finding(
        "cuda:0", "A card, 30.0 of 40.0 GB free, compute 9.0"
    )


def test_encoders_that_are_missing_or_do_not_encode(monkeypatch):
    monkeypatch.setattr(codecs, "NEEDED", ("libnothing", "libx264"))
    monkeypatch.setattr(codecs, "OTHER", ("libnothing_too",))
    monkeypatch.setattr(codecs, "ON_CARDS", ("png",))
    monkeypatch.setattr(codecs, "DECODERS", ("h264", "libnothing"))
    monkeypatch.setattr(codecs, "opening_fault", lambda codec: "does not open: no card")
    named = by_name(codecs.codec_findings())
    assert (named["encoder libnothing"].state, named["encoder libnothing_too"].state) == ("wrong", "note")
    assert "force-reinstall" in named["encoder libnothing"].mend
    assert named["encoder libx264"] == Finding("encoder libx264", "encodes")
    assert named["encoder png"] == Finding("encoder png", "does not open: no card", "note", "understudy encoders")
    assert named["decoders"].found == "h264"
    assert named["decoder libnothing"].state == "note"


def test_every_encoder_and_decoder_of_this_build_is_tried_as_it_is_meant():
    missing = "missing in this build"
    for name in (*codecs.NEEDED, *codecs.OTHER):
        codec = codecs.encoder_named(name)
        assert codec is None or codecs._fault(codec) == ""
    for name in codecs.DECODERS:
        assert codecs._decoder_fault(name) in {"", f"{missing} of FFmpeg"}


def test_packages_that_are_missing_or_too_old(monkeypatch):
    monkeypatch.setattr(versions, "requires", lambda name: ["nobody-has-this>=2", "numpy>=999", 'x>=1; extra == "dfm"'])
    monkeypatch.setattr(versions, "EXTRAS", (("nobody-has-that", "dfm", "plays DFM files"),))
    named = by_name(versions.version_findings())
    assert named["nobody-has-this"] == Finding(
        "nobody-has-this", "nobody-has-this is not installed", "wrong", 'pip install "nobody-has-this>=2"'
    )
    assert (named["numpy"].state, named["numpy"].mend) == ("wrong", 'pip install "numpy>=999"')
    assert (named["nobody-has-that"].state, named["nobody-has-that"].mend) == ("note", 'pip install "understudy[dfm]"')
    assert "x" not in named
