"""Is a plugin that does not answer named while it is waited for, and nothing ended?"""

from __future__ import annotations

import logging
import sys
import threading
from types import SimpleNamespace

import pytest

from understudy import plugins, waiting
from understudy.plugins import Offer, Origin, blaming, discover


@pytest.fixture
def told(monkeypatch):
    """Give what is told, and an event that is set when something is."""
    heard = threading.Event()

    class Hearing(logging.Handler):
        def emit(self, record):
            said.append(record.getMessage())
            heard.set()

    said: list[str] = []
    handler = Hearing()
    monkeypatch.setattr(waiting, "_LOOK_EVERY_S", 0.001)
    waiting._logger.addHandler(handler)
    yield said, heard
    waiting._logger.removeHandler(handler)


def test_the_innermost_is_told_while_it_is_waited_for(told):
    said, heard = told
    with waiting.waited_for("waiting for one", "stop it", 0.0), waiting.waited_for("waiting for two", "block it", 0.0):
        assert heard.wait(30)
    assert said[0].startswith("waiting for two, for ")
    assert said[0].endswith("s now\n  block it")
    assert not any("for one" in text for text in said)


def test_what_is_quick_is_not_told(told):
    said, heard = told
    with waiting.waited_for("waiting for the quick", "", 1000.0), waiting.waited_for("a", "", 0.0):
        assert heard.wait(30)
    assert not any("the quick" in text for text in said)


def test_a_stage_that_does_not_answer_is_named(told, monkeypatch, fake_registry):
    said, heard = told
    monkeypatch.setattr(plugins, "WORKING_S", 0.0)
    offer = Offer("detector", fake_registry.offer("detector", "finder").spec, Origin("e", "acme-face", "1.2"))
    with blaming(offer, "looking at the frame at 1.000 s (pts 25)"):
        assert heard.wait(30)
    assert said[0].startswith(
        "waiting for the detector 'finder' (from acme-face), which is looking at the frame at 1.000 s (pts 25), for"
    )
    assert "Ctrl-C stops; the work done so far is kept" in said[0]


SLOW = """
from understudy_sdk import StageConfig, StageSpec, hookimpl
{at_import}

@hookimpl
def understudy_detectors():
    {in_hook}
    yield StageSpec(name="slow_finder", summary="", config=StageConfig, tiny=StageConfig(), build=print)
"""


@pytest.mark.parametrize("place", ["at_import", "in_hook"])
def test_a_plugin_that_is_slow_to_load_is_named_and_still_found(told, monkeypatch, install, place):
    said, heard = told
    monkeypatch.setattr(plugins, "LOADING_S", 0.0)
    gate = SimpleNamespace(passed=lambda: heard.wait(30))
    monkeypatch.setitem(sys.modules, f"slow_{place}_gate", gate)
    wait = f"__import__('slow_{place}_gate').passed()"
    install(f"slow_{place}", SLOW.format(**{"at_import": "", "in_hook": "", place: wait}))
    assert "slow_finder" in discover().detectors
    home = f"slow-{place.replace('_', '-')}-dist 2.5"
    assert said[0].startswith(f"waiting for the plugin slow_{place} (from {home}) to load")
    assert f"UNDERSTUDY_BLOCK=slow_{place}" in said[0]
