"""Do steadied swaps come out the same however a clip is cut into chunks, and never over a cut or a gap?"""

from __future__ import annotations

import importlib
import shutil
from fractions import Fraction

import av
import numpy as np
import pytest

from understudy.merging import orders, recipe
from understudy.phases import run, status
from understudy.progress import Silent
from understudy.project import load_project
from understudy.provenance.marking import FaceMark

PROJECT = """
understudy: 1
consent: {basis: synthetic, statement: Drawn squares agree to everything}
device: cpu
facesets: {red: {clips: [red.mkv]}, blue: {clips: [blue.mkv]}}
extract:
  {detector: {use: square}, aligner: {use: square}, masker: {use: hull}, crop_size: 64, fill_gaps_s: 0, steadiness: 0}
swaps:
SWAPS
output: {path: out.mkv, video: {codec: ffv1, crf: null, preset: null}}
"""
SWAP = """  - source: red
    target: blue
    model: {use: pumping}
    merger: {use: overlay, with: {mask_erode_px: 2, mask_blur_px: 8, color_transfer: none}}
    seed: 0STEADINESS"""


@pytest.fixture
def merged(tmp_path, registry, drawn_clip, monkeypatch):
    """Give a function that merges a clip and returns its pictures."""
    drawn_clip(tmp_path / "red.mkv", frames=2, hue=1, codec="ffv1", options={})

    def merge(*steadiness, chunk=120, again=False):
        monkeypatch.setattr(recipe, "CHUNK_FRAMES", chunk)
        monkeypatch.setattr(orders, "payload_of", lambda job: 0)  # the mark in the faces differs from clip to clip
        swaps = "\n".join(SWAP.replace("STEADINESS", one and f"\n    steadiness: {one}") for one in steadiness)
        (tmp_path / "p.yaml").write_text(PROJECT.replace("SWAPS", swaps))
        if not again:
            shutil.rmtree(tmp_path / "p.work", ignore_errors=True)
        importlib.import_module("pumping_stage").ASKED.clear()
        (output,) = run(load_project(tmp_path / "p.yaml", registry), progress=Silent()).outputs
        with av.open(str(output)) as container:
            return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])

    return merge


@pytest.fixture
def clip(tmp_path, drawn_clip):
    """Give a function that draws the target's clip."""
    return lambda frames, **options: drawn_clip(
        tmp_path / "blue.mkv", frames, hue=2, codec="ffv1", options={}, **options
    )


def asked():
    return importlib.import_module("pumping_stage").ASKED


def trembling(pictures):
    """Return how much the faces' brightness changes from frame to frame."""
    return float(np.abs(np.diff(pictures.max(axis=-1).astype(np.float64).mean(axis=(1, 2)))).mean())


def test_chunk_borders_leave_no_trace_and_flicker_falls(merged, clip):
    clip(21)
    whole = merged("0.9")
    assert len(asked()) == 21  # each face once
    in_chunks = merged("0.9", chunk=8, again=True)
    assert np.array_equal(in_chunks, whole)
    plain = merged("")
    assert trembling(whole) < 0.6 * trembling(plain)


def test_several_swaps_of_which_some_are_steadied_leave_no_trace_either(merged, clip):
    clip(14)
    orders = ("0.9", "", "0.5")
    assert np.array_equal(merged(*orders, chunk=4), merged(*orders, again=True))


def test_steadiness_0_is_the_same_to_the_bit_and_made_by_the_same_recipe(merged, clip, tmp_path, registry):
    clip(10, without_face=(4,))
    without = merged("")
    assert len(asked()) == 9  # the frames' faces and no others
    output = (tmp_path / "out.mkv").read_bytes()
    with_zero = merged("0", again=True)
    assert asked() == []  # nothing to make anew
    assert np.array_equal(with_zero, without)
    assert np.array_equal(merged("0"), without)
    assert (tmp_path / "out.mkv").read_bytes() == output
    changed = load_project(tmp_path / "p.yaml", registry, ["swaps.0.steadiness=0.4"])
    (row,) = (row for row in status(changed) if row.phase == "merge")
    assert (row.state, row.why) == ("stale", "swaps.0.steadiness")


def test_a_gap_is_not_crossed(merged, clip):
    """Frames before a gap come out as if the clip ended there."""
    clip(14, without_face=(7,))
    with_gap = merged("0.9")
    clip(7)
    assert np.array_equal(with_gap[:7], merged("0.9"))


def test_a_cut_is_not_crossed(merged, tmp_path):
    """Frames before a cut come out as if the clip ended there, though the face stays where it was."""

    def draw(frames):
        random = np.random.default_rng(4)
        face = random.integers(120, 255, (2, 8, 8, 3), dtype=np.uint8).repeat(8, axis=1).repeat(8, axis=2)
        face[..., 0] = np.maximum(face[..., 0], 160)
        with av.open(str(tmp_path / "blue.mkv"), "w") as container:
            stream = container.add_stream("ffv1", rate=25)
            stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv444p"
            for number in range(frames):
                shot = int(number >= 10)
                picture = np.zeros((120, 160, 3), np.uint8)
                picture[:, :80, 1 + shot] = 250  # green or blue, on one side or the other
                picture[:, 80:, 2 - shot] = 250
                picture[25:89, 50 + number % 3 : 114 + number % 3] = face[shot]
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                frame.pts, frame.time_base = number, Fraction(1, 25)
                container.mux(stream.encode(frame))
            container.mux(stream.encode())

    draw(20)
    with_cut = merged("0.9")
    draw(10)
    assert np.array_equal(with_cut[:10], merged("0.9"))


def test_what_cannot_be_decoded_is_passed_over(merged, clip, tmp_path):
    path = clip(20)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    kept = merged("0.9", chunk=4)
    assert 8 <= len(kept) < 20
    assert np.array_equal(merged("0.9"), kept)


def test_the_mark_weighs_colours_as_the_clip_does(merged, clip, monkeypatch):
    """A small clip without tags is BT.601, whose luma is not BT.709's."""
    told = []
    monkeypatch.setattr(FaceMark, "laid", lambda self, layer, at, before, weights: told.append(weights) or layer)
    clip(3)
    merged("")
    assert told
    assert all(weights == pytest.approx((0.299, 0.587, 0.114)) for weights in told)
