"""Is a folder of pictures signed as a whole, does each picture stand for itself, and does every change show?"""

import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from understudy.cli import app
from understudy.merging import jobs_of
from understudy.plugins import discover
from understudy.project import load_project
from understudy.provenance.attesting import attest_file
from understudy.provenance.keys import KEYS_VARIABLE
from understudy.provenance.reading import read_manifest
from understudy.provenance.sequences import LIST_NAME, listed_sums
from understudy.provenance.verdict import verify

PROJECT = """
understudy: 1
consent: {basis: synthetic, statement: Drawn}
device: cpu
facesets: {red: {clips: [red.mkv]}, blue: {clips: [blue.mkv]}}
extract: {detector: {use: square}, aligner: {use: square}, masker: {use: hull}, crop_size: 128, fill_gaps_s: 0}
swaps: [{source: red, target: blue, model: {use: mirror}, merger: {use: overlay}}]
output: {path: out/blue.mkv}
"""


@pytest.fixture
def attest(tmp_path, drawn_clip, square_plugin, monkeypatch):
    """Give a function that signs what lies at a path as an output of a small project; it returns what was said."""
    monkeypatch.setenv(KEYS_VARIABLE, str(tmp_path / "keys"))
    monkeypatch.syspath_prepend(str(square_plugin))
    for name in ("red", "blue"):
        drawn_clip(tmp_path / f"{name}.mkv", frames=2, codec="ffv1", options={})
    (tmp_path / "squares.yaml").write_text(PROJECT)
    project = load_project(tmp_path / "squares.yaml", discover())

    def attest(path, *, kind="layer", payload=0xABC123):
        said = []
        marked = attest_file(path, project, jobs_of(project)[0], payload, said.append, kind=kind)
        assert bool(marked) != bool(said)
        return said

    return attest


@pytest.fixture
def sequence(tmp_path):
    """Give a maker of a folder of three pictures of 16 bits, and a list of matrices."""

    def make(suffix, bits=np.uint16):
        folder = tmp_path / "layer"
        folder.mkdir()
        for number in range(3):
            picture = np.random.default_rng(number).integers(0, np.iinfo(bits).max, (48, 64, 3)).astype(bits)
            cv2.imwrite(str(folder / f"{number:04d}.png"), picture)
            (folder / f"{number:04d}.png").rename(folder / f"{number:04d}{suffix}")
        (folder / "matrices.json").write_text("{}")
        return folder

    return make


def invoke(*words):
    return CliRunner().invoke(app, ["verify", *map(str, words)])


def test_a_sequence_is_signed_and_every_kind_of_change_shows(attest, sequence):
    folder = sequence(".png")
    before = cv2.imread(str(folder / "0001.png"), cv2.IMREAD_UNCHANGED)
    assert attest(folder, payload=None) == []
    assert sorted(listed_sums(folder / LIST_NAME)) == ["0000.png", "0001.png", "0002.png", "matrices.json"]
    assert listed_sums(folder / LIST_NAME)["0001.png"] == hashlib.sha256((folder / "0001.png").read_bytes()).hexdigest()
    np.testing.assert_array_equal(cv2.imread(str(folder / "0001.png"), cv2.IMREAD_UNCHANGED), before)
    verdict = verify(folder)
    assert (verdict.manifest.state, verdict.holds, verdict.kind()) == ("own key", True, "layer")
    assert verdict.mark_state == "none stated"
    assert verdict.edits()[0]["source"] == "red"
    answer = invoke(folder)
    assert answer.exit_code == 0
    assert "layer: the faces that were put on" in answer.stdout
    assert "watermark  none, and the manifest states none" in answer.stdout

    kept = (folder / "0001.png").read_bytes()
    (folder / "0001.png").write_bytes((folder / "0002.png").read_bytes())
    (folder / "0000.png").rename(folder / "0007.png")
    changed = read_manifest(folder)
    assert (changed.state, changed.faults) == (
        "invalid",
        ("missing: 0000.png", "changed: 0001.png", "not listed: 0007.png"),
    )
    (folder / "0001.png").write_bytes(kept)
    (folder / "0007.png").rename(folder / "0000.png")
    assert read_manifest(folder).state == "own key"
    with (folder / LIST_NAME).open("a") as file:
        file.write("# one more line\n")
    assert read_manifest(folder).state == "invalid"


def test_a_picture_of_a_sequence_that_holds_a_manifest_travels_alone(attest, sequence, tmp_path):
    folder = sequence(".png")
    attest(folder)
    alone = tmp_path / "alone.png"
    (folder / "0002.png").rename(alone)
    verdict = verify(alone)
    assert (verdict.manifest.state, verdict.manifest.stated["title"], verdict.kind()) == (
        "own key",
        "0002.png",
        "layer",
    )
    assert (verdict.expected, verdict.mark_state, verdict.holds) == (0xABC123, "too little", True)
    assert "too little is seen here to tell" in invoke(alone).stdout
    alone.write_bytes(alone.read_bytes()[:-30] + b"?" * 30)
    assert read_manifest(alone).state == "invalid"


def test_a_picture_that_holds_none_is_vouched_for_by_its_folder(attest, sequence):
    folder = sequence(".exr")  # of a kind that holds no manifest; what is in it does not matter here
    attest(folder)
    assert sorted(path.name for path in folder.glob("*.c2pa")) == [f"{LIST_NAME}.c2pa"]
    assert verify(folder).holds
    assert read_manifest(folder / "0001.exr").state == "own key"
    (folder / "0001.exr").write_bytes(b"another")
    changed = read_manifest(folder / "0001.exr")
    assert (changed.state, changed.faults) == ("invalid", ("changed: 0001.exr",))
    assert read_manifest(folder / "0002.exr").state == "own key"
    assert json.loads(invoke(folder, "--json").stdout)["signature"]["faults"] == ["changed: 0001.exr"]


@pytest.mark.parametrize("name", ["sheet.png", "still.jpg", "face.mov", "plate.tif"])
def test_single_outputs_of_every_kind_are_signed(attest, tmp_path, plain, encode, name):
    path, picture = tmp_path / name, plain[0][:96, :128].copy()
    if path.suffix == ".mov":
        encode(path, [picture] * 2, codec="prores_ks", pix_fmt="yuva444p10le")
    else:
        cv2.imwrite(str(path), picture)
    assert attest(path, kind="still", payload=None) == []
    assert (verify(path).manifest.state, verify(path).holds) == ("own key", True)


def test_what_cannot_be_signed_stays_and_is_named(attest, sequence, monkeypatch, tmp_path):
    folder = sequence(".png")
    before = (folder / "0000.png").read_bytes()
    (tmp_path / "in-the-way").touch()
    monkeypatch.setenv(KEYS_VARIABLE, str(tmp_path / "in-the-way"))
    said = attest(folder)
    assert said[0].startswith("layer is not signed: ")
    assert "the layer is whole, with its watermark" in said[0]
    assert (folder / "0000.png").read_bytes() == before
    assert attest(Path(tmp_path / "gone.png"), kind="still")[0].startswith("gone.png is not signed")


def test_a_folder_nobody_signed_has_no_manifest(sequence):
    folder = sequence(".png")
    assert read_manifest(folder).state == "none"
    assert invoke(folder).exit_code == 1
    (folder / LIST_NAME).write_text("0" * 64 + "  0000.png\n")  # a list alone proves nothing
    assert read_manifest(folder).state == "none"
