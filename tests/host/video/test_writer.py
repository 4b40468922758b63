"""Does a chunk appear whole or not at all, say what is wrong, and hold the frames as they were?"""

from __future__ import annotations

import errno
import os
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from understudy.errors import MediaError
from understudy.project.encoders import encoder_problems
from understudy.project.form import VideoForm
from understudy.video import ChunkWriter, ClipReader, Encoding, probe

LOSSLESS = Encoding("ffv1")
X264 = Encoding("libx264", {"preset": "ultrafast", "crf": "20"})


def write(path, reader, encoding, start=0, stop=None):
    with ChunkWriter(path, reader.info, encoding) as writer:
        for frame in reader.frames(start, stop):
            writer.add(frame.to_av())
    return path


def decoded(path):
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def test_odd_sizes_are_kept_by_a_codec_with_coarser_chroma(make_clip, index_of, tmp_path):
    path = make_clip("a.mkv", codec="ffv1", options={}, size=(95, 63), count=4)
    with ClipReader(path) as reader:
        pictures = decoded(write(tmp_path / "chunk", reader, Encoding("libsvtav1", {"preset": "12"})))
    assert [(picture.width, picture.height) for picture in pictures] == [(95, 63)] * 4
    assert [index_of(picture) for picture in pictures] == [0, 1, 2, 3]
    with ClipReader(path) as reader, pytest.raises(MediaError, match="libx264 refuses 95 x 63 px") as caught:
        write(tmp_path / "other", reader, X264)
    assert "odd size" in str(caught.value)


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p10le", "yuv444p12le", "yuva420p", "gray10le", "gbrp10le"])
@pytest.mark.parametrize("size", [(96, 64), (95, 63)])
def test_a_lossless_codec_gives_back_every_sample(make_clip, codes, tmp_path, pixel_format, size):
    path = make_clip("a.mkv", codec="ffv1", options={}, pixel_format=pixel_format, size=size, count=4)
    with ClipReader(path) as reader:
        before = [[plane.copy() for plane in codes(frame.to_av())] for frame in reader.frames()]
        after = [codes(picture) for picture in decoded(write(tmp_path / "chunk", reader, LOSSLESS))]
    assert len(after) == 4
    for old, new in zip(before, after, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(old, new, strict=True))


@pytest.mark.parametrize(
    "encoding",
    [
        X264,
        Encoding("libx265", {"preset": "ultrafast"}),
        Encoding("libsvtav1", {"preset": "12"}),
        Encoding("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8"}),
        Encoding("ffv1"),
        Encoding("prores_ks", {"profile": "hq"}, "yuv422p10le"),
        Encoding("dnxhd", {"profile": "dnxhr_hq"}, "yuv422p"),
        Encoding("png", {}, "rgb24"),
        Encoding("mjpeg", {"qmax": "4"}, "yuvj420p"),
        Encoding("qtrle", {}, "rgb24"),
    ],
    ids=lambda encoding: encoding.codec,
)
def test_every_codec_keeps_number_order_and_a_key_frame_in_front(make_clip, index_of, tmp_path, encoding):
    size = (256, 128)  # the smallest that all of them take
    times = [0, 512, 1100, 1200, 3000, 3100, 5000, 9000, 9100, 9200]
    path = make_clip(size=size, pts=times, options={"preset": "ultrafast", "qp": "10"})
    with ClipReader(path) as reader:
        chunk = write(tmp_path / "chunk", reader, encoding, 2, 9)
    with av.open(str(chunk)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        base = container.streams.video[0].time_base
    assert packets[0].is_keyframe
    shown = sorted(packet.pts * base for packet in packets)
    wanted = [Fraction(time, 12800) for time in times[2:9]]
    assert [time - shown[0] for time in shown] == [time - wanted[0] for time in wanted]
    assert [index_of(picture) for picture in decoded(chunk)] == list(range(2, 9))


def test_the_same_frames_give_the_same_bytes(make_clip, tmp_path):
    path = make_clip(audio=1)
    for encoding in (X264, Encoding("prores_ks", {}, "yuv422p10le")):
        with ClipReader(path) as reader:
            one = write(tmp_path / "one", reader, encoding).read_bytes()
            two = write(tmp_path / "two", reader, encoding).read_bytes()
        assert one == two


def test_tags_go_into_the_stream(make_clip, tmp_path):
    path = make_clip(tags=(9, 9, 16, 1), pixel_format="yuv420p10le")
    with ClipReader(path) as reader:
        (picture, *_) = decoded(write(tmp_path / "chunk", reader, X264))
    assert (picture.colorspace, picture.color_primaries, picture.color_trc, picture.color_range) == (9, 9, 16, 1)


@pytest.mark.parametrize(
    ("given", "stored", "codec"),
    [("nv12", "yuv420p", "ffv1"), ("yuyv422", "yuv422p", "ffv1"), ("rgb24", "gbrp", "utvideo")],
)
def test_a_format_the_codec_lacks_is_stored_in_another_order(make_clip, codes, tmp_path, given, stored, codec):
    time_base = Fraction(1, 25)
    path = make_clip("a.nut", codec="rawvideo", options={}, pixel_format=given, count=2, time_base=time_base)
    with ClipReader(path) as reader:
        before = [[plane.copy() for plane in codes(frame.to_av())] for frame in reader.frames()]
        after = decoded(write(tmp_path / "chunk", reader, Encoding(codec)))
    assert after[0].format.name == stored
    for old, new in zip(before, after, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(old, codes(new), strict=True))


def test_full_range_by_name_becomes_full_range_by_tag(make_clip, codes, tmp_path):
    path = make_clip("a.mov", codec="mjpeg", options={"q": "2"}, pixel_format="yuvj420p", count=2, tags=(5, 2, 2, 2))
    with ClipReader(path) as reader:
        before = [[plane.copy() for plane in codes(frame.to_av())] for frame in reader.frames()]
        after = decoded(
            write(tmp_path / "chunk", reader, Encoding("libx265", {"preset": "ultrafast", "x265-params": "lossless=1"}))
        )
    assert after[0].color_range == 2
    for old, new in zip(before, after, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(old, codes(new), strict=True))


def test_more_bits_keep_the_picture(make_clip, codes, tmp_path):
    with ClipReader(make_clip(count=1)) as reader:
        (frame,) = reader.frames()
        before = [plane.copy() for plane in codes(frame.to_av())]
        (picture,) = decoded(write(tmp_path / "chunk", reader, Encoding("ffv1", {}, "yuv420p10le")))
    assert all(np.array_equal(old.astype(int) << 2, new) for old, new in zip(before, codes(picture), strict=True))


@pytest.mark.parametrize(
    ("encoding", "words"),
    [
        (Encoding("libx999"), "no encoder called 'libx999'"),
        (Encoding("libsvtav1", {}, "yuv444p"), "does not store yuv444p"),
        (Encoding("libx264", {"crff": "3"}), "no option crff"),
        (Encoding("libx264", {"preset": "quickest"}), "refuses 95 x 63"),
    ],
)
def test_words_for_what_an_encoder_does_not_do(make_clip, tmp_path, encoding, words):
    info = probe(make_clip(size=(95, 63), pixel_format="yuv444p"))
    chunk = tmp_path / "chunks" / "chunk"
    with pytest.raises(MediaError, match=words) as caught, ChunkWriter(chunk, info, encoding):
        pass
    assert "\n  " in str(caught.value)
    assert not chunk.parent.exists() or not list(chunk.parent.iterdir())


def test_the_formats_a_codec_does_store_are_named(make_clip, tmp_path):
    info = probe(make_clip(pixel_format="yuv444p"))
    with pytest.raises(MediaError, match="yuv420p, yuv420p10le"):
        ChunkWriter(tmp_path / "chunk", info, Encoding("libsvtav1"))


def test_a_chunk_broken_off_leaves_nothing(make_clip, tmp_path):
    chunk = tmp_path / "chunks" / "chunk"

    def break_off(reader):
        with ChunkWriter(chunk, reader.info, X264) as writer:
            for frame in reader.frames(0, 5):
                writer.add(frame.to_av())
            assert [path.name for path in chunk.parent.iterdir()] == ["chunk.part"]
            raise RuntimeError("my own")

    with ClipReader(make_clip()) as reader, pytest.raises(RuntimeError, match="my own"):
        break_off(reader)
    assert list(chunk.parent.iterdir()) == []


def test_a_chunk_without_frames_is_an_error(make_clip, tmp_path):
    with pytest.raises(MediaError, match="no frames"), ChunkWriter(tmp_path / "chunk", probe(make_clip()), X264):
        pass
    assert not (tmp_path / "chunk").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full, a disk that is always full")
def test_a_full_disk_is_named(make_clip, tmp_path):
    chunk = tmp_path / "chunk"
    chunk.with_name("chunk.part").symlink_to("/dev/full")
    with ClipReader(make_clip(size=(320, 240))) as reader, pytest.raises(MediaError, match="disk is full") as caught:
        write(chunk, reader, LOSSLESS)
    assert "run again" in str(caught.value)
    assert not chunk.exists()


def test_a_disk_that_fills_while_syncing_is_named(make_clip, tmp_path, monkeypatch):
    def full(_handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with ClipReader(make_clip()) as reader, pytest.raises(MediaError, match="disk is full"):
        write(tmp_path / "chunk", reader, X264)
    assert not list(tmp_path.glob("chunk*"))


def test_a_folder_that_cannot_be_made_is_named(make_clip, tmp_path):
    (tmp_path / "file").touch()
    with ClipReader(make_clip()) as reader, pytest.raises(MediaError, match="a file stands where a folder should"):
        write(tmp_path / "file" / "chunk", reader, X264)


def test_encoders_do_not_talk_to_the_terminal(make_clip, tmp_path, capfd):
    with ClipReader(make_clip(size=(256, 128), options={"preset": "ultrafast"})) as reader:
        for codec in ("libx264", "libx265", "libsvtav1"):
            write(tmp_path / codec, reader, Encoding(codec, {"preset": "10" if "av1" in codec else "ultrafast"}), 0, 6)
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="threads are not scheduled this way here")
def test_encoders_leave_the_thread_as_urgent_as_it_was(make_clip, tmp_path):
    before = os.sched_getscheduler(0)
    with ClipReader(make_clip(size=(256, 128), options={"preset": "ultrafast"})) as reader:
        write(tmp_path / "chunk", reader, Encoding("libsvtav1", {"preset": "12"}), 0, 6)
    assert encoder_problems(VideoForm(codec="libsvtav1", preset="12")) == []
    assert os.sched_getscheduler(0) == before
