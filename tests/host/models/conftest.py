"""A small model of ours that has learnt, as a checkpoint and in a project."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from understudy.cli import app


@pytest.fixture
def run():
    """Give a function that runs a command and returns what it printed, or raises what it raised."""

    def invoke(*words):
        done = CliRunner().invoke(app, [str(word) for word in words])
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done

    return invoke


@pytest.fixture(scope="module")
def checkpoint(golden, tmp_path_factory):
    """Give the folder of a small model of DeepFaceLab's that was taken over."""
    from understudy.models.importing import import_dfl
    from understudy.plugins import discover

    out = tmp_path_factory.mktemp("learnt") / "some_face"
    import_dfl(golden / "saehd" / "df-udt", out, discover())
    return out
