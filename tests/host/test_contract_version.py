"""Are plugins of another version of the contract listed with both numbers and advice, and never called?"""

from __future__ import annotations

import dataclasses
import itertools

import pytest

from understudy import plugins
from understudy.contract_version import other_version, too_new
from understudy.errors import UnknownPluginError
from understudy_sdk import API_VERSION, StageSpec

LOUD = """
from understudy_sdk import StageSpec, hookimpl

def call(*words):
    raise AssertionError("called")

class Loud(type):
    model_json_schema = model_validate = __call__ = call

class Config(metaclass=Loud):
    pass


@hookimpl
def understudy_maskers():
    yield StageSpec(name="of_another_time", summary="Calls for help.", config=Config, tiny=None, build=call,
                    exchange=call{extra})
"""
numbers = itertools.count()


@pytest.fixture
def discovered(install, monkeypatch):
    """Give a function that installs an offer of one version before a host of another, and returns its row."""

    def discover(theirs, ours):
        module = f"other_version_{next(numbers)}"
        install(module, LOUD.format(extra="" if theirs is None else f", api_version={theirs}"), distribution="relic")
        monkeypatch.setattr(plugins, "API_VERSION", ours)
        registry = plugins.discover()
        (row,) = (row for row in registry.rows if row.entry_point == module)
        return registry, row

    return discover


@pytest.mark.parametrize(
    ("theirs", "ours", "advice"),
    [
        (1, 2, "update the plugin: pip install --upgrade relic"),
        (3, 2, "update Understudy: pip install --upgrade understudy"),
        (API_VERSION + 1, API_VERSION, "or install an earlier release of relic, made for version"),
    ],
)
def test_an_older_or_newer_plugin_is_listed_with_both_numbers_and_never_called(discovered, theirs, ours, advice):
    registry, row = discovered(theirs, ours)
    assert (row.status, row.stage, row.name) == ("unusable", "masker", "of_another_time")
    assert f"written for version {theirs} of the contract; this host speaks {ours}" in row.reason
    assert advice in row.reason
    assert "of_another_time" not in registry.maskers
    with pytest.raises(UnknownPluginError):
        registry.offer("masker", "of_another_time")


def test_what_states_no_version_was_written_for_the_first(discovered):
    assert {field.name: field.default for field in dataclasses.fields(StageSpec)}["api_version"] == 1
    _, row = discovered(None, 2)
    assert (row.status, row.reason.partition(";")[0]) == ("unusable", "written for version 1 of the contract")


def test_a_version_that_is_no_number_is_told():
    assert "api_version has to be a whole number" in other_version("2", 1, "relic")


@pytest.mark.parametrize(
    ("code", "is_told"),
    [
        ("from understudy_sdk import FutureStage", True),
        ("import understudy_sdk.future", True),
        ("import understudy_sdk; understudy_sdk.FutureStage", True),
        ("from understudy_sdk import StageSpec; StageSpec(future=1)", True),
        ("import nothing_of_the_kind", False),
        ("dict.future", False),
    ],
)
def test_what_this_sdk_lacks_is_told_to_need_a_newer_one(code, is_told):
    with pytest.raises((ImportError, AttributeError, TypeError)) as raised:
        exec(code, {})
    assert ("pip install --upgrade understudy" in too_new(raised.value)) == is_told


def test_a_plugin_that_needs_a_newer_sdk_is_a_row_with_that_advice(install):
    module = f"other_version_{next(numbers)}"
    install(module, "from understudy_sdk import FutureStage")
    (row,) = (row for row in plugins.discover().rows if row.entry_point == module)
    assert row.status == "failed"
    assert "pip install --upgrade understudy" in row.reason
