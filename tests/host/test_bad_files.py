"""Are damaged indexes, a full disk and weight files of the wrong content said, and is nothing lost by them?"""

from __future__ import annotations

import errno
import os
import sqlite3
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from understudy.cli import main
from understudy.errors import StoreError, WeightsError
from understudy.extraction import faceset_artifact, findings_artifact
from understudy.extraction.findings import Findings, SeenFrame
from understudy.faceset import Faceset
from understudy.phases import run
from understudy.plugins import discover
from understudy.progress import Silent
from understudy.project import load_project
from understudy.store import WorkFolder
from understudy.video import fingerprint
from understudy_sdk import WrongWeightsError

PROJECT = """
understudy: 1
device: cpu
facesets: {shown: {clips: [a.mkv]}}
extract:
  {detector: {use: square}, aligner: {use: square}, masker: {use: hull}, crop_size: 64}
"""


@pytest.fixture
def project(tmp_path, square_plugin, drawn_clip, monkeypatch):
    """Give a function that loads a project of one clip of so many frames."""
    monkeypatch.syspath_prepend(str(square_plugin))

    def load(frames, *overrides):
        drawn_clip(tmp_path / "a.mkv", frames=frames)
        (tmp_path / "p.yaml").write_text(PROJECT)
        return load_project(tmp_path / "p.yaml", discover(), overrides)

    return load


@pytest.fixture
def cli(monkeypatch, capsys):
    """Give a runner of commands: exit code and stderr."""

    def do(*arguments: object):
        monkeypatch.setattr(sys, "argv", ["understudy", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
        return SimpleNamespace(code=stop.value.code, err=capsys.readouterr().err)

    return do


def extract(project) -> None:
    run(project, phases=("extract",), progress=Silent())


class TestWhatIsKept:
    @pytest.fixture
    def extracted(self, project):
        loaded = project(130)
        extract(loaded)
        return loaded

    @staticmethod
    def findings_of(project):
        return findings_artifact(WorkFolder(project.work), project.facesets["shown"]).folder / "found.sqlite"

    @pytest.mark.parametrize("kind", ["cut off", "garbage", "garbage inside"])
    def test_damaged_findings_are_named(self, extracted, kind, cli, tmp_path):
        path = self.findings_of(extracted)
        content = bytearray(path.read_bytes())
        assert len(content) > 100_000
        for start in range(8192 if kind == "garbage inside" else 0, len(content), 4096):
            content[start : start + 1000] = np.random.default_rng(start).bytes(1000)
        path.write_bytes(content if kind != "cut off" else path.read_bytes()[:5000])
        (faceset_artifact(WorkFolder(extracted.work), extracted.facesets["shown"]).folder / "index.sqlite").unlink()
        with pytest.raises(StoreError, match=r"found\.sqlite is damaged: .*\n  delete .* to search these clips again"):
            extract(extracted)
        done = cli("extract", tmp_path / "p.yaml")
        assert (done.code, str(path) in done.err) == (1, True)

    def test_a_damaged_faceset_is_named(self, extracted):
        path = faceset_artifact(WorkFolder(extracted.work), extracted.facesets["shown"]).folder / "index.sqlite"
        content = bytearray(path.read_bytes())
        for start in range(16384, len(content), 4096):
            content[start : start + 1000] = np.random.default_rng(start).bytes(1000)
        path.write_bytes(content)
        with pytest.raises(StoreError, match=r"index\.sqlite is damaged: .*\n  delete .* to extract these clips again"):
            extract(extracted)

    def test_a_full_disk_while_faces_are_searched(self, tmp_path):
        """SQLite says the same of a database that has reached its limit as of a full disk."""
        frames = [SeenFrame(place, place, np.zeros(432, np.uint8), ()) for place in range(64)]
        with Findings(tmp_path, writable=True) as findings:
            number = findings.register_clip("f" * 64, "a.mkv")

        def add() -> None:
            with Findings(tmp_path, writable=True) as findings:
                findings._db.execute("pragma max_page_count = 1")
                findings.add_chunk(number, (0, 64), frames, [], {})

        with pytest.raises(StoreError, match=r"found\.sqlite cannot be written: .*full\n  free some space"):
            add()
        with Findings(tmp_path) as findings:
            assert findings.finished_chunks(number) == set()

    def test_a_full_disk_while_faces_are_cut(self, project, tmp_path, monkeypatch, cli):
        loaded = project(130)
        sync, written = os.fsync, []

        def full(descriptor):
            written.append(descriptor)
            if len(written) > 100:
                raise OSError(errno.ENOSPC, "No space left on device")
            sync(descriptor)

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            done = cli("extract", tmp_path / "p.yaml")
        assert (done.code, "the disk is full\n  free some space" in done.err) == (4, True)
        with Faceset(faceset_artifact(WorkFolder(loaded.work), loaded.facesets["shown"]).folder) as index:
            assert index.progress(fingerprint(tmp_path / "a.mkv"))[0] == 64
        extract(loaded)
        folder = faceset_artifact(WorkFolder(loaded.work), loaded.facesets["shown"]).folder
        with Faceset(folder) as index:
            assert [row.frame for row in index.all_rows()] == list(range(130))
        assert len(list((folder / "faces").iterdir())) == 130, "nothing half written stays"

    @pytest.mark.parametrize("writable", [False, True])
    def test_a_faceset_of_an_older_version_is_said_to_be_one(self, tmp_path, writable):
        """Its tables are others, so nothing is added to it either."""
        with sqlite3.connect(tmp_path / "index.sqlite") as database:
            database.execute("create table meta (key text primary key, value text) without rowid")
            database.execute("insert into meta values ('format', '1')")
            database.execute("create table face (name text primary key, clip integer)")
        with pytest.raises(StoreError, match=r"index\.sqlite was made by an older Understudy\n  use that version, or"):
            Faceset(tmp_path, writable=writable)
        with sqlite3.connect(tmp_path / "index.sqlite") as database:
            tables = database.execute("select name from sqlite_master where type = 'table' order by name").fetchall()
        assert tables == [("face",), ("meta",)]


class TestWeights:
    @pytest.mark.parametrize(
        ("override", "name"),
        [
            ("extract.detector={use: s3fd}", "s3fd-619a316812.pth"),
            ("extract.aligner={use: fan}", "2DFAN4-11f355bf06.pth.tar"),
            ("extract.recognizer={use: sface}", "face_recognition_sface_2021dec.onnx"),
            ("extract.recognizer={use: dlib}", "dlib_face_recognition_resnet_model_v1.dat"),
        ],
    )
    def test_the_right_name_with_the_wrong_content(self, project, tmp_path, monkeypatch, cli, override, name):
        weights = tmp_path / "weights"
        weights.mkdir()
        (weights / name).write_bytes(b"abc")
        monkeypatch.setenv("UNDERSTUDY_WEIGHTS", str(weights))
        monkeypatch.setenv("UNDERSTUDY_CACHE", str(tmp_path / "cache"))
        loaded = project(3, override)
        with pytest.raises(WeightsError) as caught:
            extract(loaded)
        text = str(caught.value)
        assert f"{weights / name}\n" in text
        assert "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad, 3 bytes" in text  # "abc": FIPS 180-2
        assert "it should have: " in text
        done = cli("extract", tmp_path / "p.yaml", "--set", override)
        assert (done.code, name in done.err) == (3, True)

    @pytest.mark.parametrize(("stage", "plugin"), [("detector", "s3fd"), ("aligner", "fan")])
    def test_a_file_of_ones_own_with_another_checksum(self, project, tmp_path, cli, stage, plugin):
        (tmp_path / "own.npy").write_bytes(b"abc")
        settings = f"{{weights: file, weights_file: own.npy, weights_sha256: {'a' * 64}}}"
        override = f"extract.{stage}={{use: {plugin}, with: {settings}}}"
        loaded = project(3, override)
        with pytest.raises(WrongWeightsError, match=r"a{64}(.|\n)*ba7816bf8f01cfea414140de5dae2223b0"):
            extract(loaded)
        assert cli("extract", tmp_path / "p.yaml", "--set", override).code == 3


def test_a_jpeg_with_a_lost_disk_block_is_named(project, tmp_path, cli):
    loaded = project(20, "extract.crop_format=jpeg", "extract.crop_size=256")
    extract(loaded)
    folder = faceset_artifact(WorkFolder(loaded.work), loaded.facesets["shown"]).folder
    with Faceset(folder) as index:
        row = list(index.all_rows())[7]
        path = folder / "faces" / row.name
        content = bytearray(path.read_bytes())
        middle = len(content) // 2
        content[middle : middle + 512] = np.random.default_rng(0).bytes(512)
        path.write_bytes(content)
        with pytest.raises(StoreError, match=f"the picture {path} is damaged\n  delete it to go on without this face"):
            index.picture(row)
    done = cli("faceset", "sort", folder, "--by", "blur")
    assert (done.code, f"damaged picture: {row.name}" in done.err) == (0, True)
    path.unlink()
    with Faceset(folder) as index:
        assert len(index.notes([fingerprint(tmp_path / "a.mkv")])) == 19
