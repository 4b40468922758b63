"""Does a merged clip say what it is, does ``verify`` tell it in words, and what is left after a copy?"""

import json
from types import SimpleNamespace

import av
import numpy as np
import pytest
from typer.testing import CliRunner

from understudy.cli import app
from understudy.phases import run, status
from understudy.plugins import discover
from understudy.progress import Silent
from understudy.project import load_project
from understudy.provenance.label import labelled
from understudy.provenance.signing import sidecar_of
from understudy.provenance.verdict import verify
from understudy.video import ClipReader

PROJECT = """
understudy: 1
consent: {basis: synthetic, statement: "Drawn, and agreed"}
device: cpu
facesets:
  red: {clips: [red.mkv]}
  blue: {clips: [blue.mkv]}
extract: {detector: {use: square}, aligner: {use: square}, masker: {use: hull}, crop_size: 128, fill_gaps_s: 0}
swaps:
  - {source: red, target: blue, face: largest, model: {use: mirror}, merger: {use: overlay}}
output: {path: out/blue.mp4}
"""


class Listener(Silent):
    """Keeps what the work says."""

    def __init__(self):
        self.lines = []

    def say(self, text):
        self.lines.append(text)


@pytest.fixture
def invoke():
    def run_command(*words):
        return CliRunner().invoke(app, ["verify", *map(str, words)])

    return run_command


@pytest.fixture
def project(tmp_path, drawn_clip, square_plugin, monkeypatch):
    monkeypatch.syspath_prepend(str(square_plugin))
    drawn_clip(tmp_path / "red.mkv", frames=4, hue=1, codec="ffv1", options={})
    drawn_clip(tmp_path / "blue.mkv", frames=8, hue=2, codec="ffv1", options={})
    path = tmp_path / "squares.yaml"
    path.write_text(PROJECT)
    registry = discover()
    return lambda *changes: load_project(path, registry, changes)


def test_a_merged_clip_states_what_was_done_with_what_and_by_whose_leave(project, invoke, tmp_path):
    merged = run(project(), progress=Silent()).outputs[0]
    verdict = verify(merged)
    assert verdict.manifest.state == "own key"
    assert verdict.consent() == {"basis": "synthetic", "statement": "Drawn, and agreed"}
    edit = verdict.edits()[0]
    assert (edit["source"], edit["target"], edit["model"], edit["merger"]) == ("red", "blue", "mirror", "overlay")
    assert (edit["from_frame"], edit["to_frame"], edit["model_distribution"]) == (0, 8, "square-stage 1.0")
    version, plugins = verdict.tools()
    assert version
    assert {(one["stage"], one["name"]) for one in plugins} >= {("detector", "square"), ("merger", "overlay")}
    assert [(one["role"], one["title"]) for one in verdict.ingredients()] == [
        ("target", "blue.mkv"),
        ("source", "red: red.mkv"),
    ]
    assert verdict.expected is not None
    assert verdict.tags["synthetic_media"] == "true"

    answer = invoke(merged)
    for words in ("signature  valid", "this machine's own key", "model mirror (square-stage 1.0), merger overlay"):
        assert words in answer.stdout
    assert "consent    synthetic: Drawn, and agreed" in answer.stdout
    assert f"sha256 {verdict.ingredients()[0]['sha256']}" in answer.stdout


def test_a_failed_signature_leaves_the_clip_says_so_and_is_made_up_for(project, monkeypatch, tmp_path):
    (tmp_path / "in-the-way").touch()
    listener, good = Listener(), project()
    with monkeypatch.context() as patch:
        patch.setenv("UNDERSTUDY_KEYS", str(tmp_path / "in-the-way"))
        merged = run(good, progress=listener).outputs[0]
    assert any("blue.mp4 is not signed" in line and "UNDERSTUDY_KEYS" in line for line in listener.lines)
    assert verify(merged).manifest.state == "none"
    assert verify(merged).tags["consent_statement"] == "Drawn, and agreed"
    assert {row.state for row in status(good) if row.phase == "merge"} == {"partial"}
    again = Listener()
    run(good, progress=again)
    assert not any("signed" in line for line in again.lines)
    assert verify(merged).manifest.state == "own key"
    assert {row.state for row in status(good)} == {"done"}


def test_another_certificate_signs_anew_and_another_container_gets_a_sidecar(project, certificate, tmp_path):
    run(project(), progress=Silent())
    chain, key = certificate()
    signed = project(f"output.certificate={{chain: '{chain}', key: '{key}'}}")
    assert verify(run(signed, progress=Silent()).outputs[0]).manifest.state == "unknown signer"
    merged = run(project("output.path=out/blue.mkv"), progress=Silent()).outputs[0]
    assert sidecar_of(merged).is_file()
    assert verify(merged).manifest.state == "own key"


def test_signature_and_mark_together_hold_until_a_copy_leaves_the_mark_alone(
    tmp_path, marked, encode, decode, invoke, sign_with_mark
):
    path = encode(tmp_path / "clip.mp4", marked, crf="14", preset="veryfast")
    sign_with_mark(path, 0xABC123)
    answer = invoke(path)
    assert answer.exit_code == 0
    assert "watermark  found, and it says abc123, as the manifest states" in answer.stdout

    copy = encode(tmp_path / "copy.mp4", decode(path), crf="23")
    answer = invoke(copy, "--json")
    assert answer.exit_code == 1
    told = json.loads(answer.stdout)
    assert (told["holds"], told["signature"]["state"]) == (False, "none")
    assert (told["watermark"]["state"], told["watermark"]["payload"]) == ("found", "abc123")

    sign_with_mark(path, 0x111111)
    answer = invoke(path)
    assert answer.exit_code == 1
    assert "found, but it says abc123, and the manifest states 111111" in answer.stdout


def test_a_clip_of_nobody_has_neither(tmp_path, plain, encode, invoke):
    answer = invoke(encode(tmp_path / "plain.mp4", plain[:12], preset="veryfast"))
    assert answer.exit_code == 1
    assert "signature  none" in answer.stdout
    assert "watermark  not found" in answer.stdout
    assert "tags       none" in answer.stdout


def test_a_manifest_cannot_steer_the_terminal(tmp_path, plain, encode, invoke, sign_with_mark):
    path = encode(tmp_path / "clip.mp4", plain[:4], preset="veryfast")
    sign_with_mark(path, 1, statement="\x1b[2Jall is well\nsignature  valid")
    out = invoke(path).stdout
    assert "\x1b" not in out
    assert "consent    synthetic:  [2Jall is well signature  valid" in out


def test_the_label_is_seen_on_every_frame_and_nowhere_else(tmp_path, drawn_clip):
    clip = drawn_clip(tmp_path / "in.mkv", frames=3, size=(320, 240), codec="ffv1", options={})
    with av.open(str(clip)) as container:
        before = [frame.to_ndarray() for frame in container.decode(video=0)]
    with ClipReader(clip) as reader:
        after = [frame.to_av().to_ndarray() for frame in labelled(reader.frames(), "Altered by AI", lambda *_: None)]
    for one, other in zip(before, after, strict=True):
        rows, columns = np.nonzero((one != other).any(axis=0))
        assert len(rows) > 500
        assert rows.min() > 200
        assert columns.max() < 200
        assert int(other[0][rows.min() : rows.max(), : columns.max()].max()) > 200


def test_without_words_frames_pass_untouched():
    frames = [SimpleNamespace(index=0)]
    assert list(labelled(frames, "", lambda *_: None)) == frames
