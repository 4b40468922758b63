"""Do the commands import and export faces, and say what they did?"""

import json
import shutil

import pytest
import typer
from typer.testing import CliRunner

from understudy.cli.exchanging import export_faces_command, import_faces_command
from understudy.errors import RequestError, UnknownPluginError
from understudy.exchange import crop_masker
from understudy.plugins import Offer, Origin, Registry
from understudy_sdk import Resources, StageConfig, StageSpec


@pytest.fixture
def run():
    app = typer.Typer()
    app.command("import")(import_faces_command)
    app.command("export")(export_faces_command)

    def invoke(*words, fails=None):
        done = CliRunner().invoke(app, [str(word) for word in words])
        if fails is None:
            assert done.exit_code == 0, done.output + repr(done.exception)
        else:
            assert isinstance(done.exception, fails), done.output
        return done

    return invoke


@pytest.fixture
def goldens(golden, tmp_path):
    folder = tmp_path / "aligned"
    folder.mkdir()
    for path in (golden / "faceset").glob("*.jpg"):
        shutil.copyfile(path, folder / path.name)
    (folder / "other.jpg").write_bytes(b"no face")
    return folder


def test_there_and_back(run, goldens, tmp_path):
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    done = run("import", goldens, ours, "--masker", "hull")
    assert f"{ours}: 3 faces, 2 of them with a mask of their own\nmasked by hull: 1\n" in done.stdout
    assert "skipped: 1 files" in done.stderr
    done = run("export", ours, theirs, "--with-masks", "--quality", "90")
    assert f"{theirs}: 3 faces" in done.stdout
    again = json.loads(run("import", theirs, tmp_path / "again", "--json").stdout)
    assert (again["faces"], again["own_masks"], again["skipped"]) == (3, 3, [])
    done = run("export", ours, tmp_path / "small", "--face-type", "half", "--json")
    assert json.loads(done.stdout) == {"folder": str(tmp_path / "small"), "faces": 3}


def test_a_faceset_needs_a_name_and_a_place(run, tmp_path):
    run("export", tmp_path, fails=RequestError)
    run("export", tmp_path, tmp_path / "out", fails=RequestError)


def test_a_masker_must_be_one_that_can_do_it(run, goldens, tmp_path, fake_registry):
    run("import", goldens, tmp_path / "set", "--masker", "hul", fails=UnknownPluginError)
    spec = StageSpec(
        name="mesh", summary="Needs one.", config=StageConfig, tiny=StageConfig(), build=print, needs_mesh=True
    )
    registry = Registry([Offer("masker", spec, Origin("mesh", "mesh", "1"))])
    with pytest.raises(RequestError, match="needs a dense mesh"):
        crop_masker(registry, "mesh", Resources("cpu", lambda weight: None))
