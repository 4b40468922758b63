"""Is a layer whole, made once, resumed, signed, and told of?"""

from __future__ import annotations

import json
from fractions import Fraction

import av
import numpy as np
import pytest

from understudy.errors import MediaError
from understudy.layers import taker as layer_taker
from understudy.merging import recipe
from understudy.phases import clean_plan, status
from understudy.progress import Silent
from understudy.provenance.verdict import verify

from .conftest import planes_of

MOVIE = "{kind: prores4444, path: layer.mov}"


class Listener(Silent):
    """Keeps how much there was to do."""

    def __init__(self):
        self.phases = []

    def start(self, phase, total, unit, *, done=0, device=""):
        self.phases.append((phase, total, done))


@pytest.fixture
def chunks_of_3(monkeypatch):
    monkeypatch.setattr(recipe, "CHUNK_FRAMES", 3)


def rows(project, layer):
    return {row.name: (row.state, row.done, row.total) for row in status(project.load(layer)) if row.phase == "merge"}


def test_a_layer_is_added_to_a_merged_clip_without_encoding_that_again(project, blue, tmp_path):
    blue()
    (output,) = project.run("none").outputs
    kept = [*(tmp_path / "p.work" / "merge").glob("blue-*/chunk-*.video"), output]
    stamps = [path.stat().st_mtime_ns for path in kept]
    assert rows(project, MOVIE) == {"blue": ("done", 4, 4), "blue-layer-1": ("missing", 0, 4)}
    listener = Listener()
    result = project.run(MOVIE, progress=listener)
    assert listener.phases == [("merge blue.mkv", 4, 0)]
    assert [path.name for path in result.layers] == ["layer.mov", "layer.mask.mov", "layer.json"]
    assert [path.stat().st_mtime_ns for path in kept] == stamps
    assert rows(project, MOVIE) == {"blue": ("done", 4, 4), "blue-layer-1": ("done", 4, 4)}
    assert project.run(MOVIE, progress=listener).layers == result.layers
    assert len(listener.phases) == 1  # nothing to do
    assert any("layer" in garbage.path.name for garbage in clean_plan(project.load("none")))
    assert not any("layer" in garbage.path.name for garbage in clean_plan(project.load(MOVIE)))


@pytest.mark.parametrize("kind", ["prores4444", "png16"])
def test_a_run_that_ends_midway_goes_on_from_its_last_chunk(project, blue, tmp_path, monkeypatch, chunks_of_3, kind):
    blue(frames=8)
    layer = f"{{kind: {kind}, path: layer{'.mov' if kind == 'prores4444' else ''}}}"
    with monkeypatch.context() as patch:
        whole = layer_taker.patch_of
        calls = []

        def failing(*arguments):
            calls.append(arguments)
            if len(calls) == 5:
                raise MediaError(tmp_path, "the disk is full", "free some space")
            return whole(*arguments)

        patch.setattr(layer_taker, "patch_of", failing)
        with pytest.raises(MediaError, match="disk is full"):
            project.run(layer)
    assert rows(project, layer) == {"blue": ("partial", 3, 8), "blue-layer-1": ("partial", 3, 8)}
    if kind == "png16":
        assert len(list((tmp_path / "layer").iterdir())) == 3  # nothing of the chunk that failed
    listener = Listener()
    project.run(layer, progress=listener)
    assert ("merge blue.mkv", 8, 3) in listener.phases


def test_pictures_that_are_gone_or_changed_are_made_anew_with_their_chunk(project, blue, tmp_path, chunks_of_3):
    blue(frames=6)
    layer = "{kind: png16, path: layer, mask: false, matrices: false}"
    project.run(layer)
    kept = (tmp_path / "layer" / "layer.0000001.png").read_bytes()
    (tmp_path / "layer" / "layer.0000004.png").unlink()
    (tmp_path / "layer" / "layer.0000099.png").write_bytes(kept)
    listener = Listener()
    result = project.run(layer, progress=listener)
    assert listener.phases == [("merge blue.mkv", 6, 3)]
    assert [path.name for path in result.layers] == ["layer"]
    assert sorted(path.name for path in (tmp_path / "layer").glob("*.png")) == [f"layer.{n:07d}.png" for n in range(6)]


def test_every_frame_has_an_entry_at_its_own_time(project, blue, tmp_path, chunks_of_3):
    """Of a clip with a varying rate whose end cannot be decoded."""
    path = blue("yuvj420p", frames=12, codec="mjpeg")
    pts = [0, 40, 70, 140, 150, 200, 290, 300, 330, 400, 410, 480]
    with (
        av.open(str(path)) as clip,
        av.open(str(tmp_path / "varying.mov"), "w", container_options={"video_track_timescale": "1000"}) as out,
    ):
        stream = out.add_stream_from_template(clip.streams.video[0])
        stream.time_base = Fraction(1, 1000)
        for time, packet in zip(pts, (one for one in clip.demux(video=0) if one.size), strict=True):
            packet.stream, packet.time_base = stream, Fraction(1, 1000)
            packet.pts = packet.dts = time
            out.mux(packet)
    content = bytearray((tmp_path / "varying.mov").read_bytes())
    with av.open(str(tmp_path / "varying.mov")) as clip:
        places = [(packet.pos, packet.size) for packet in clip.demux(video=0) if packet.size]
    for place, size in places[7:]:
        content[place : place + size] = bytes(size)
    path.write_bytes(content)
    project.run(MOVIE)
    layer = planes_of(tmp_path / "layer.mov")
    assert [round(time * 1000) for time, _ in layer] == pts
    told = json.loads((tmp_path / "layer.json").read_text())
    lost = [row["frame"] for row in told["frames"] if not row["decoded"]]
    assert lost == [7, 8, 9, 10, 11]
    assert all(layer[number][1][3].max() == 0 for number in lost)
    assert [row["pts"] for row in told["frames"]] == pts


def test_matrices_say_where_each_face_was_cut(project, blue, tmp_path):
    blue()
    project.run("{kind: png16, path: '{clip}.{swap}'}")
    told = json.loads((tmp_path / "blue.1.json").read_text())
    assert (told["understudy_layer"], told["clip"], told["swap"], told["source"]) == (1, "blue.mkv", 1, "red")
    assert told["layer"] == {
        "kind": "png16", "alpha": "straight", "linear": False, "file": "blue.1", "mask": "blue.1.mask"
    }  # fmt: skip
    assert [row["timecode"] for row in told["frames"]] == [f"00:00:00:{number:02d}" for number in range(4)]
    assert told["frames"][2]["faces"] == []
    (face,) = told["frames"][1]["faces"]
    x0, y0, x1, y1 = face["box"]
    centre = np.array(face["frame_to_crop"]) @ [(x0 + x1) / 2, (y0 + y1) / 2, 1]
    assert face["crop_size"] == 64
    assert np.all(np.abs(centre - 32) < 12)


@pytest.mark.parametrize("kind", ["prores4444", "png16", "exr"])
def test_layers_and_masks_are_signed(project, blue, tmp_path, kind):
    blue(frames=2, without_face=())
    suffix = ".mov" if kind == "prores4444" else ""
    project.run(f"{{kind: {kind}, path: layer{suffix}}}")
    for name in (f"layer{suffix}", f"layer.mask{suffix}"):
        assert verify(tmp_path / name).manifest.state in {"valid", "own key"}, name


def test_words_on_every_frame_lie_in_the_last_layer_alone(project, blue, tmp_path):
    blue()
    project.run("{kind: prores4444, path: '{swap}.mov'}", "output.label=ALTERED", swaps=2)
    first, second = planes_of(tmp_path / "1.mov"), planes_of(tmp_path / "2.mov")
    assert first[2][1][3].max() == 0
    assert second[2][1][3].max() > 0
