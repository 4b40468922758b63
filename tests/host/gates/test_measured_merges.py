"""Are merged frames measured in the same pass, once, and told of?"""

from __future__ import annotations

import av
import numpy as np
import pytest

from understudy.errors import MediaError, StoreError
from understudy.gates import read_figures, taker
from understudy.phases import clean_plan, status
from understudy.video import DecodedFrame


def test_every_frame_is_measured_while_it_is_merged(project, monkeypatch):
    monkeypatch.setattr(taker, "EVERY", 4)
    project.run()
    frames = read_figures(project.records())
    assert [one.frame for one in frames] == list(range(7))
    assert [one.frame for one in frames if one.is_whole] == [0, 4]
    assert all(one.outside == 0 for one in frames)
    assert [len(one.faces) for one in frames] == [1, 1, 1, 1, 0, 1, 1]
    face = frames[1].faces[0]
    assert (face.swap, face.track, face.name[-4:]) == (0, 0, ".png")
    assert None not in {face.seam, face.seam_added, face.color, face.sharpness, face.flicker}
    assert frames[3].faces[0].flicker is None  # a chunk begins
    assert [row.name for row in status(project.load()) if row.phase == "merge"] == ["blue"]
    assert clean_plan(project.load()) == ()


def test_how_a_clip_is_encoded_does_not_count(project):
    project.run()
    stamps = {path: path.stat().st_mtime_ns for path in project.records()}
    assert project.run("output.video.codec=libx264", "output.path=out.mp4").phases[-1] == ("merge blue.mkv", 7, 0)
    assert {path: path.stat().st_mtime_ns for path in project.records()} == stamps


def test_a_clip_that_was_merged_before_is_measured_when_asked_for_and_stays_as_it_is(project):
    project.run()
    merged = {path: path.stat().st_mtime_ns for path in project.folder.glob("p.work/merge/blue-*/chunk-*.video")}
    lost = project.records()[1]
    content = lost.read_text()
    lost.unlink()
    assert project.run().phases == []
    assert not lost.exists()
    assert project.run(measure=True).phases == [("merge blue.mkv", 7, 4)]
    assert lost.read_text() == content
    assert {path: path.stat().st_mtime_ns for path in merged} == merged
    assert project.run(measure=True).phases == []


def test_a_chunk_that_fails_leaves_no_figures(project, monkeypatch):
    whole, calls = taker.GateTaker.take, []

    def failing(self, frame, laid, words):
        calls.append(frame.index)
        if frame.index == 4:
            raise MediaError(project.folder, "the disk is full", "free some space")
        whole(self, frame, laid, words)

    with monkeypatch.context() as patch:
        patch.setattr(taker.GateTaker, "take", failing)
        with pytest.raises(MediaError, match="disk is full"):
            project.run()
    assert len(project.records()) == 1
    project.run()
    assert [one.frame for one in read_figures(project.records())] == list(range(7))


def test_figures_of_faces_as_they_were_before_are_deleted(project):
    project.run()
    project.run("swaps.0.ranges=[{from: 5, to: 7, skip: true}]")
    assert len(project.records()) == 3
    assert [len(one.faces) for one in read_figures(project.records())] == [1, 1, 1, 1, 0, 0, 0]


def test_a_sample_that_changes_outside_is_told_of(project, monkeypatch):
    whole = DecodedFrame.lay

    def spilling(self, region, layer):
        laying = whole(self, region, layer)
        if self.index == 2:
            self.planes()[0][region.y0, region.x0] ^= 1
        return laying

    monkeypatch.setattr(DecodedFrame, "lay", spilling)
    said = project.run().said
    assert any("out.mkv: samples changed outside the mask in 1 frame" in text for text in said)
    assert any("see understudy report" in text for text in said)
    assert [one.outside for one in read_figures(project.records())] == [0, 0, 1, 0, 0, 0, 0]


def test_words_on_every_frame_are_not_outside(project):
    project.run("output.label=ALTERED")
    assert sum(one.outside for one in read_figures(project.records())) == 0


def test_a_clip_with_damaged_frames_is_measured_where_it_can_be(project, drawn_clip):
    path = drawn_clip(project.folder / "blue.mkv", frames=7, hue=2, codec="mjpeg", options={}, pix_fmt="yuvj420p")
    with av.open(str(path)) as clip:
        places = [(packet.pos, packet.size) for packet in clip.demux(video=0) if packet.size]
    content = bytearray(path.read_bytes())
    for place, size in places[5:]:
        content[place + 20 : place + size] = bytes(np.zeros(size - 20, np.uint8))
    path.write_bytes(content)
    project.run()
    known = [one.frame for one in read_figures(project.records())]
    assert known == list(range(len(known)))
    assert 5 <= len(known) <= 7


def test_a_damaged_record_is_named_with_what_to_do(project):
    project.run()
    project.records()[0].write_text('{"frame": 0')
    with pytest.raises(StoreError, match=r"chunk-00000000.*(?s:.*)merge --measure"):
        read_figures(project.records())
    said = project.run("swaps.0.ranges=[{from: 5, to: 7, skip: true}]").said  # the merge itself is none the worse
    assert any(text.startswith("out.mkv: ") and "cannot be read" in text for text in said)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-5],
        lambda text: text.replace('"outside"', '"inside"'),
        lambda text: "".join(reversed(text.splitlines(keepends=True))),
        lambda text: text.replace('"frame":4', '"frame":40'),
        lambda text: "[]\n" + text,
    ],
    ids=["cut off", "no figures", "out of order", "of another chunk", "other values"],
)
def test_a_damaged_record_is_named_and_its_chunk_alone_is_measured_again(project, damage):
    project.run()
    stamps = {path: path.stat().st_mtime_ns for path in project.records()}
    lost = project.records()[1]
    content = lost.read_text()
    lost.write_text(damage(content))
    again = project.run(measure=True)
    assert again.phases == [("merge blue.mkv", 7, 4)]
    assert f"{lost} is damaged; the frames of its chunk are measured again" in again.said
    assert lost.read_text() == content
    del stamps[lost]
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps
    assert project.run(measure=True).phases == []
