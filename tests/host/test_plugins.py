"""Does the registry find what is installed, and survive whatever a plugin does?"""

from __future__ import annotations

import itertools

import pytest

from understudy.errors import AmbiguousPluginError, PluginFailedError, UnknownPluginError
from understudy.plugins import STAGES, Offer, Origin, PluginRow, Registry, blaming, discover
from understudy_sdk import API_VERSION, StageError

OFFER = """
from understudy_sdk import StageConfig, StageSpec, hookimpl

class Config(StageConfig):
    pass

@hookimpl
def understudy_{stage}s():
    yield StageSpec(name="{name}", summary="From a stranger.", config=Config, tiny=Config(), build=print{extra})
"""

numbers = itertools.count()


def fresh() -> str:
    """Name a module that no earlier test has imported."""
    return f"fake_plugin_{next(numbers)}"


def rows_of(registry: Registry, entry_point: str) -> list[PluginRow]:
    return [row for row in registry.rows if row.entry_point == entry_point]


def only_row(registry: Registry, entry_point: str) -> PluginRow:
    (row,) = rows_of(registry, entry_point)
    return row


@pytest.mark.parametrize("stage", STAGES)
def test_a_strangers_offer_is_found(install, stage):
    module = fresh()
    install(module, OFFER.format(stage=stage, name="stranger", extra=""))
    registry = discover()
    assert only_row(registry, module) == PluginRow(
        module, f"{module.replace('_', '-')}-dist", "2.5", stage, "stranger", "From a stranger.", "ok", ""
    )
    assert getattr(registry, f"{stage}s")["stranger"].summary == "From a stranger."
    assert registry.offer(stage, "stranger").origin.entry_point == module


@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [
        (
            "import a_module_that_is_nowhere",
            "failed",
            "ModuleNotFoundError: No module named 'a_module_that_is_nowhere'",
        ),
        ("def broken(:", "failed", "SyntaxError"),
        ("raise SystemExit(3)", "failed", "SystemExit: 3"),
        ("x = 1", "failed", "offers nothing"),
        (
            "from understudy_sdk import hookimpl\n@hookimpl\ndef understudy_detector(): return ()",
            "failed",
            "unknown hook 'understudy_detector'",
        ),
        (
            "from understudy_sdk import hookimpl\n@hookimpl\ndef understudy_detectors(device): return ()",
            "failed",
            "Argument(s) {'device'} are declared in the hookimpl but can not be found in the hookspec",
        ),
        (
            "from understudy_sdk import hookimpl\n@hookimpl\ndef understudy_maskers():\n    yield 1 / 0",
            "failed",
            "while offering: ZeroDivisionError: division by zero",
        ),
        (
            "from understudy_sdk import hookimpl\n@hookimpl\ndef understudy_maskers():\n    return ['oval']",
            "failed",
            "offered a str, not a StageSpec",
        ),
        (OFFER.format(stage="masker", name="Oval Mask", extra=""), "failed", "'Oval Mask' is not snake_case"),
        (
            OFFER.format(stage="masker", name="oval", extra=", api_version=99"),
            "unusable",
            f"written for version 99 of the contract; this host speaks {API_VERSION}",
        ),
    ],
)
def test_a_fault_is_a_row_and_harms_no_other(install, code, status, reason):
    bad, good = fresh(), fresh()
    install(bad, code)
    install(good, OFFER.format(stage="masker", name="sound", extra=""))
    registry = discover()
    row = only_row(registry, bad)
    assert (row.status, row.distribution, row.version) == (status, f"{bad.replace('_', '-')}-dist", "2.5")
    assert reason in row.reason
    assert "oval" not in registry.maskers
    assert "sound" in registry.maskers


def test_a_misspelt_hook_is_answered_with_the_real_ones(install):
    module = fresh()
    install(module, "from understudy_sdk import hookimpl\n@hookimpl\ndef understudy_detector(): return ()")
    assert "the hooks are: understudy_detectors" in only_row(discover(), module).reason


def test_one_bad_hook_leaves_the_plugins_other_offers(install):
    module = fresh()
    code = OFFER.format(stage="masker", name="half_sound", extra="")
    install(module, code + "\n@hookimpl\ndef understudy_models():\n    raise KeyError('x')\n")
    registry = discover()
    assert {(row.stage, row.status) for row in rows_of(registry, module)} == {("masker", "ok"), ("model", "failed")}
    assert "half_sound" in registry.maskers


def test_a_name_that_two_distributions_offer_is_listed_on_both_sides_and_means_neither(install):
    first, second = fresh(), fresh()
    install(first, OFFER.format(stage="merger", name="twin", extra=""), distribution="one-house")
    install(second, OFFER.format(stage="merger", name="twin", extra=""), distribution="other-house")
    registry = discover()
    assert "twin" not in registry.mergers
    assert {offer.origin.distribution for offer in registry.named("merger", "twin")} == {"one-house", "other-house"}
    for mine, home, other in ((first, "one-house", "other-house"), (second, "other-house", "one-house")):
        row = only_row(registry, mine)
        assert (row.status, row.stage, row.name) == ("ambiguous", "merger", "twin")
        assert f"also offered by {other}" in row.reason
        assert f"{{use: twin, from: {home}}}" in row.reason
    with pytest.raises(AmbiguousPluginError, match=r"one-house .* other-house"):
        registry.offer("merger", "twin")


def test_a_name_that_one_distribution_offers_twice_is_refused(install):
    module = fresh()
    code = OFFER.format(stage="merger", name="twin", extra="")
    install(module, code.replace("    yield", "    for _ in range(2): yield"), distribution="twice-house")
    registry = discover()
    assert "twin" not in registry.mergers
    assert [row.status for row in rows_of(registry, module)] == ["unusable", "unusable"]
    assert "twice-house offers the merger 'twin' 2 times" in rows_of(registry, module)[0].reason


def test_blocking_one_of_two_twins_frees_the_name(install):
    first, second = fresh(), fresh()
    install(first, OFFER.format(stage="merger", name="twin", extra=""), distribution="one-house")
    install(second, OFFER.format(stage="merger", name="twin", extra=""), distribution="other-house")
    registry = discover(blocked=[first])
    assert registry.offer("merger", "twin").origin.distribution == "other-house"
    assert only_row(registry, first).status == "blocked"


def test_one_name_may_serve_two_stages(install):
    module = fresh()
    second = OFFER.format(stage="aligner", name="both", extra="")
    install(module, OFFER.format(stage="detector", name="both", extra="") + second)
    registry = discover()
    assert "both" in registry.detectors
    assert "both" in registry.aligners


def test_a_blocked_plugin_is_listed_but_not_imported(install, monkeypatch, tmp_path):
    module, other = fresh(), fresh()
    witness = tmp_path / "imported"
    for name in (module, other):
        install(name, f"import pathlib\npathlib.Path({str(witness)!r}).touch()")
    monkeypatch.setenv("UNDERSTUDY_BLOCK", f"nobody, {module}")
    registry = discover(blocked=[other])
    assert only_row(registry, module).status == only_row(registry, other).status == "blocked"
    assert not witness.exists()


def test_looking_up_a_wrong_name_says_the_near_one(fake_registry):
    with pytest.raises(UnknownPluginError, match=r"no detector is called 'findr'. Did you mean 'finder'") as caught:
        fake_registry.offer("detector", "findr")
    assert caught.value.offered == ("finder", "seeker")


def test_blaming_names_the_plugin_and_passes_on_what_is_meant_for_the_user(fake_registry):
    offer = Offer("model", fake_registry.offer("model", "learner").spec, Origin("e", "a-house", "1"))
    blame = r"model 'learner' \(from a-house\) failed while swapping: KeyError"
    with pytest.raises(PluginFailedError, match=blame), blaming(offer, "swapping"):
        raise KeyError("x")
    with pytest.raises(StageError, match="too small"), blaming(offer, "swapping"):
        raise StageError("too small")
    with pytest.raises(KeyboardInterrupt), blaming(offer, "swapping"):
        raise KeyboardInterrupt


def test_all_built_ins_are_listed_as_ok():
    rows = {row.entry_point: (row.status, row.stage, row.name) for row in discover().rows}
    assert {name: rows.get(name) for name in BUILT_INS} == BUILT_INS


BUILT_INS = {
    "mediapipe_detector": ("ok", "detector", "mediapipe"),
    "mediapipe_aligner": ("ok", "aligner", "mediapipe"),
    "hull": ("ok", "masker", "hull"),
    "quick96": ("ok", "model", "quick96"),
    "overlay": ("ok", "merger", "overlay"),
    "seamless_clone": ("ok", "merger", "seamless_clone"),
}
