"""Is a plugin that imports the host refused before it is loaded, with the module, the line and what to use instead?"""

from __future__ import annotations

import sys
import textwrap

import pytest

from understudy.host_imports import host_imports
from understudy.plugins import discover

OFFER = """
from understudy_sdk import StageConfig, StageSpec, hookimpl
{line}

@hookimpl
def understudy_detectors():
    yield StageSpec(name="{name}", summary="", config=StageConfig, tiny=StageConfig(), build=print)
"""


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("import understudy.video", "(line 3) imports understudy.video; frames arrive as understudy_sdk.Frame"),
        ("from understudy import weights", "imports understudy; Resources.weights gives the path of a declared"),
        ("from understudy.devices import resolve_device", "imports understudy.devices; Resources.device names"),
        ("from understudy.plugins import StageSpec", "imports understudy.plugins; take StageSpec from understudy_sdk"),
        ("def late():\n    import understudy", "(line 4) imports understudy; a plugin imports understudy_sdk alone"),
        ("import importlib; importlib.import_module('understudy.run')", "imports understudy.run"),
    ],
)
def test_it_is_listed_as_unusable_and_not_loaded(install, line, said):
    name = f"nosy_{abs(hash(line)) % 10**8}"
    install(name, OFFER.format(name=name, line=line))
    registry = discover()
    (row,) = [row for row in registry.rows if row.entry_point == name]
    assert row.status == "unusable"
    assert row.reason.startswith(f"it imports the host, of which a plugin may know nothing:\n  {name} (line ")
    assert said in row.reason
    assert name not in registry.detectors
    assert name not in sys.modules


@pytest.mark.parametrize(
    "line",
    [
        "import understudy_sdk.warp",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import understudy",
        "understudy = 'a word'",
        "# import understudy",
    ],
)
def test_what_does_not_reach_the_host_is_let_be(install, line):
    name = f"modest_{abs(hash(line)) % 10**8}"
    install(name, OFFER.format(name=name, line=line))
    assert name in discover().detectors


def test_a_whole_package_is_looked_at_but_not_its_tests(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    for path, text in {
        "acme_eyes/__init__.py": "",
        "acme_eyes/plugin.py": "from .deep import inner",
        "acme_eyes/deep/__init__.py": "",
        "acme_eyes/deep/inner.py": "import numpy\n\nfrom understudy.store import digest\n",
        "acme_eyes/tests/test_it.py": "import understudy",
        "acme_eyes/broken.py": "import understudy (",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(textwrap.dedent(text))
    assert host_imports("acme_eyes.plugin") == (
        "acme_eyes.deep.inner (line 3) imports understudy.store; a plugin imports understudy_sdk alone"
    )


def test_a_shared_namespace_is_looked_at_where_the_plugin_lies(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    for part, text in {"mine": "", "yours": "import understudy"}.items():
        (tmp_path / "acme_shared" / part).mkdir(parents=True)
        (tmp_path / "acme_shared" / part / "__init__.py").write_text(text)
    assert host_imports("acme_shared.mine") == ""
    assert host_imports("acme_shared.yours").startswith("acme_shared.yours (line 1) imports understudy")


def test_a_module_that_is_nowhere_is_left_to_the_loading():
    assert host_imports("nobody_has_this_module.plugin") == ""
