"""Are frames read each once, by their own time, wherever reading begins and whatever is broken?"""

from __future__ import annotations

import threading
from contextlib import closing
from fractions import Fraction

import av
import numpy as np
import pytest
from av.video.reformatter import VideoReformatter

from understudy.ahead import ahead
from understudy.errors import MediaError
from understudy.video import ClipReader, probe, reader

CLOSED = {"preset": "fast", "qp": "10", "g": "8", "bf": "3"}
OPEN = {"preset": "fast", "qp": "10", "g": "8", "x264-params": "open-gop=1:bframes=3:b-adapt=0"}
KINDS = {
    "mp4": {"name": "a.mp4", "options": CLOSED},
    "open": {"name": "a.mp4", "options": OPEN},
    "mov-vfr": {"name": "a.mov", "options": CLOSED, "pts": [i * 512 + 37 * (i % 5) for i in range(40)]},
    "mkv": {"name": "a.mkv", "options": CLOSED},
    "mkv-open": {"name": "a.mkv", "options": OPEN},
    "ts": {"name": "a.ts", "options": CLOSED, "time_base": Fraction(1, 90000)},
    "ts-open": {"name": "a.ts", "options": OPEN, "time_base": Fraction(1, 90000)},
    "avi": {"name": "a.avi", "options": CLOSED, "time_base": Fraction(1, 25)},
    "raw": {"name": "a.h264", "options": CLOSED, "time_base": Fraction(1, 25)},
    "hevc": {
        "name": "a.mp4",
        "codec": "libx265",
        "options": {"preset": "ultrafast", "x265-params": "keyint=8:log-level=0"},
    },
    "mpeg2": {
        "name": "a.ts",
        "codec": "mpeg2video",
        "options": {"g": "8", "bf": "2", "b": "4M"},
        "time_base": Fraction(1, 25),
    },
    "ffv1": {"name": "a.mkv", "codec": "ffv1", "options": {}},
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_range_gives_exactly_its_frames(make_clip, index_of, kind):
    path = make_clip(**{"count": 40, **KINDS[kind]})
    info = probe(path)
    assert len(info.pts) == 40
    with ClipReader(path, info) as reader:
        for start, stop in [(0, None), (0, 5), (7, 9), (8, 20), (15, 16), (17, 33), (39, 40), (3, 3)]:
            frames = list(reader.frames(start, stop))
            wanted = list(range(start, 40 if stop is None else stop))
            assert [frame.index for frame in frames] == wanted
            assert [index_of(frame.to_av()) for frame in frames] == wanted
            assert [frame.pts for frame in frames] == [info.pts[index] for index in wanted]
        assert reader.undecodable == []


def test_pixels_do_not_depend_on_where_reading_began(make_clip, codes):
    """With open groups of pictures, a decoder put down in the middle gives broken pictures first."""
    path = make_clip(count=40, options=OPEN)
    with ClipReader(path) as reader:
        whole = [codes(frame.to_av()) for frame in reader.frames()]
        for start in range(40):
            (frame,) = reader.frames(start, start + 1)
            assert all(np.array_equal(a, b) for a, b in zip(codes(frame.to_av()), whole[start], strict=True)), start


def test_frames_behind_an_edit_list_are_read_by_their_own_times(make_clip, index_of, tmp_path):
    data = bytearray(
        make_clip("whole.mp4", options={"preset": "ultrafast", "qp": "0", "bf": "0", "g": "6"}).read_bytes()
    )
    at = data.index(b"elst")
    data[at + 16 : at + 20] = (10 * 512).to_bytes(4, "big")
    path = tmp_path / "trimmed.mp4"
    path.write_bytes(data)
    with ClipReader(path) as reader:
        assert [index_of(frame.to_av()) for frame in reader.frames()] == list(range(10, 24))
        assert [index_of(frame.to_av()) for frame in reader.frames(1, 4)] == [11, 12, 13]


def test_damaged_frames_are_passed_over_and_noted(make_clip, index_of, tmp_path):
    """Frames 10 and 11 of 24 are overwritten in a codec whose frames stand alone."""
    whole = make_clip("whole.mov", codec="png", options={}, pixel_format="rgb24")
    with av.open(str(whole)) as container:
        places = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    data = bytearray(whole.read_bytes())
    for position, size in places[10:12]:
        data[position : position + size] = bytes(size)
    path = tmp_path / "damaged.mov"
    path.write_bytes(data)
    with ClipReader(path) as reader:
        indices = [frame.index for frame in reader.frames()]
        assert indices == [index for index in range(24) if index not in {10, 11}]
        assert reader.undecodable == [10, 11]
    with ClipReader(path) as reader:
        assert [frame.index for frame in reader.frames(9, 14)] == [9, 12, 13]
        assert reader.undecodable == [10, 11]


def test_reading_survives_damage_in_a_codec_with_references(make_clip, tmp_path):
    whole = make_clip("whole.mp4", options={"preset": "fast", "qp": "10", "g": "8"}, count=40)
    with av.open(str(whole)) as container:
        places = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    data = bytearray(whole.read_bytes())
    position, size = places[12]
    data[position + 4 : position + size] = b"\xff" * (size - 4)
    path = tmp_path / "damaged.mp4"
    path.write_bytes(data)
    with ClipReader(path) as reader:
        indices = [frame.index for frame in reader.frames()]
        assert indices == sorted(set(indices))
        assert set(indices) | set(reader.undecodable) == set(range(40))
        assert {*range(8), *range(24, 40)} <= set(indices), "whole groups of pictures are not lost"


def test_a_truncated_file_gives_what_decodes(make_clip, index_of, tmp_path):
    whole = make_clip("whole.mp4", container_options={"movflags": "faststart"}, count=24).read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(whole[: len(whole) * 2 // 3])
    info = probe(path)
    assert 0 < len(info.pts) < 24
    with ClipReader(path, info) as reader:
        indices = [index_of(frame.to_av()) for frame in reader.frames()]
        assert indices[:8] == list(range(8))
        assert len(indices) + len(reader.undecodable) == len(info.pts)


def test_rows_stored_from_the_bottom_are_read_from_the_top(make_clip, drawn):
    """AVI may store RGB upside down; its header says so here, so the rows, drawn upright, must come out turned."""
    flipped = {"flipped_raw_rgb": "1"}
    path = make_clip(
        "up.avi",
        codec="rawvideo",
        options={},
        pixel_format="bgr24",
        time_base=Fraction(1, 25),
        count=2,
        container_options=flipped,
    )
    with ClipReader(path) as reader:
        frame = next(iter(reader.frames()))
        stored = drawn(0, pixel_format="bgr24").to_ndarray()
        assert np.array_equal(frame.frame().rgb, stored[::-1, :, ::-1])
        assert np.allclose(frame.region(0, 0, 96, 64).rgb * 255, stored[::-1, :, ::-1], atol=1e-3)


def test_frames_are_not_converted_with_what_converts_those_decoded_meanwhile(make_clip, monkeypatch):
    made = []

    class Watched:
        def __init__(self):
            self.whole, self.threads = VideoReformatter(), set()
            made.append(self)

        def reformat(self, *arguments, **options):
            self.threads.add(threading.get_ident())
            return self.whole.reformat(*arguments, **options)

    monkeypatch.setattr(reader, "VideoReformatter", Watched)
    upside_down = {"container_options": {"flipped_raw_rgb": "1"}, "time_base": Fraction(1, 25)}  # so each is turned
    path = make_clip("up.avi", codec="rawvideo", options={}, pixel_format="bgr24", count=4, **upside_down)
    with ClipReader(path) as clip, closing(ahead(clip.frames(), depth=2)) as frames:
        for frame in frames:
            frame.frame()
    assert sorted(len(one.threads) for one in made) == [1, 1]


def test_a_format_that_changes_midway_is_seen_in_its_colours_and_not_merged(tmp_path, drawn):
    path = tmp_path / "two.mov"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("png", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "rgb24"
        out.start_encoding()
        for index, name in enumerate(("rgb24", "gray")):
            encoder = av.CodecContext.create("png", "w")
            encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = 96, 64, name, Fraction(1, 25)
            picture = drawn(index, pixel_format=name)
            picture.pts, picture.time_base = index, Fraction(1, 25)
            for packet in encoder.encode(picture) + encoder.encode():
                packet.stream = stream
                out.mux(packet)
    with ClipReader(path) as reader:
        first, second = reader.frames()
        assert (first.unlike, second.unlike) == ("", "gray")
        assert np.array_equal(first.frame().rgb, drawn(0, pixel_format="rgb24").to_ndarray())
        assert np.array_equal(second.frame().rgb[..., 1], drawn(1, pixel_format="gray").to_ndarray())
        first.to_av()
        with pytest.raises(MediaError, match="begins as 96 x 64, rgb24, and its frame 1 is gray"):
            second.to_av()
        with pytest.raises(MediaError, match="frame 1 is gray"):
            second.region(0, 0, 8, 8)


def joined_streams(path, drawn, kinds, count=8):
    """Write bare H.264, one kind (size, pixel format, further x264 settings) after another, as a recorder does."""
    content = bytearray()
    for number, (size, pixel_format, settings) in enumerate(kinds):
        encoder = av.CodecContext.create("libx264", "w")
        encoder.width, encoder.height = size
        encoder.pix_fmt, encoder.time_base = pixel_format, Fraction(1, 25)
        encoder.options = {"preset": "ultrafast", "qp": "4", **settings}
        for index in range(count):
            picture = drawn(number * count + index, size=size, pixel_format=pixel_format)
            picture.pts = index
            content += b"".join(bytes(packet) for packet in encoder.encode(picture))
        content += b"".join(bytes(packet) for packet in encoder.encode())
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (((144, 80), "yuv420p", {}), "144 x 80"),
        (((96, 64), "yuv444p", {}), "yuv444p"),
        (((96, 128), "yuv420p", {"flags": "+ilme+ildct", "x264-params": "tff=1"}), "96 x 128, interlaced"),
    ],
)
def test_frames_that_change_midway_are_seen_as_they_are_and_named(tmp_path, drawn, index_of, kind, words):
    path = joined_streams(tmp_path / "joined.h264", drawn, [((96, 64), "yuv420p", {}), kind, ((96, 64), "yuv420p", {})])
    info = probe(path)
    assert len(info.pts) == 24
    with ClipReader(path, info) as reader:
        frames = list(reader.frames())
        assert [frame.index for frame in frames] == list(range(24))
        assert [frame.unlike for frame in frames] == [""] * 8 + [words] * 8 + [""] * 8
        assert [frame.frame().rgb.shape[:2] for frame in frames[7:9]] == [(64, 96), kind[0][::-1]]
        bars = [frame.frame().rgb[4, 4:64:8, 1] > 128 for frame in frames]
        assert [sum(1 << 7 - bit for bit in range(8) if row[bit]) for row in bars] == list(range(24))
        assert [index_of(frames[place].to_av()) for place in (7, 16)] == [7, 16]
        with pytest.raises(MediaError, match="its frame 8 is " + words):
            frames[8].to_av()


def test_the_number_of_threads_does_not_change_the_frames(make_clip, codes):
    path = make_clip(count=16, options=CLOSED)
    with ClipReader(path, threads=1) as one, ClipReader(path, threads=3) as three:
        for left, right in zip(one.frames(), three.frames(), strict=True):
            assert all(np.array_equal(a, b) for a, b in zip(codes(left.to_av()), codes(right.to_av()), strict=True))
