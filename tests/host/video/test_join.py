"""Does the joined file hold all that the source held, at the source's times, with the new pictures?"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from understudy.errors import MediaError
from understudy.video import ChunkWriter, ClipReader, Encoding, check_destination, join_chunks, probe
from understudy_sdk import Layer

X264 = Encoding("libx264", {"preset": "fast", "crf": "20"})
# without the lookahead, in which x264 now and then weighs memory that nobody wrote, equal frames give equal bytes
REPEATABLE = Encoding("libx264", {"preset": "fast", "crf": "20", "x264-params": "rc-lookahead=0:mbtree=0"})
VARIABLE = [i * 512 + 37 * (i % 5) for i in range(24)]


def silent(_line):
    pass


def encode(source, folder, encoding, step=7, change=None):
    chunks = []
    with ClipReader(source) as reader:
        for start in range(0, len(reader.info.pts), step):
            chunks.append(folder / f"chunk-{start:06d}")
            with ChunkWriter(chunks[-1], reader.info, encoding) as writer:
                for frame in reader.frames(start, start + step):
                    if change:
                        change(frame)
                    writer.add(frame.to_av())
    return chunks


def remake(source, destination, encoding=X264, step=7, metadata=None, say=silent, change=None):
    chunks = encode(source, destination.parent, encoding, step, change)
    join_chunks(chunks, source, destination, metadata or {}, say)
    return destination


def packets_by_track(path):
    """Give for each track that is not the main video its packets' times in seconds and digests."""
    found = defaultdict(list)
    with av.open(str(path)) as container:
        main = container.streams.video[0]
        order = [
            stream.index for stream in container.streams if stream is not main and stream.type in {"audio", "subtitle"}
        ]
        for packet in container.demux():
            if packet.stream.index in order and packet.size:
                time = packet.pts * packet.time_base
                found[order.index(packet.stream.index)].append((time, hashlib.md5(bytes(packet)).hexdigest()))
    return dict(found)


def shown_texts(path):
    """Give the start, length and bytes of each subtitle that says something."""
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(subtitles=0) if packet.size > 2]
        return [(p.pts * p.time_base, p.duration * p.time_base, bytes(p)) for p in packets]


def seconds(info):
    return [time * info.time_base for time in info.pts]


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
@pytest.mark.parametrize(
    "times", [None, VARIABLE, [1000 + time for time in VARIABLE]], ids=["even", "variable", "late"]
)
def test_times_numbers_and_other_tracks_are_the_sources(make_clip, index_of, tmp_path, suffix, times):
    source = make_clip(audio=2, pts=times, options={"preset": "fast", "bf": "2"})
    result = remake(source, tmp_path / f"out{suffix}")
    before, after = probe(source), probe(result)
    allowed = Fraction(1, 1900) if suffix == ".mkv" else 0
    assert len(after.pts) == 24
    assert max(abs(a - b) for a, b in zip(seconds(before), seconds(after), strict=True)) <= allowed
    with ClipReader(result) as reader:
        assert [index_of(frame.to_av()) for frame in reader.frames()] == list(range(24))
    old, new = packets_by_track(source), packets_by_track(result)
    assert sorted(old) == sorted(new) == [0, 1]
    for track, packets in old.items():
        assert [digest for _, digest in packets] == [digest for _, digest in new[track]]
        assert max(abs(a - b) for (a, _), (b, _) in zip(packets, new[track], strict=True)) <= Fraction(1, 1000)
    german = "ger" if suffix == ".mov" else "deu"
    assert after.other_streams[:2] == ("audio aac (eng)", f"audio aac ({german})")


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        (Encoding("libx265", {"preset": "ultrafast"}), "a.mp4"),
        (Encoding("libsvtav1", {"preset": "12"}), "a.mp4"),
        (Encoding("ffv1"), "a.mkv"),
        (Encoding("prores_ks", {"profile": "4444"}, "yuv444p10le"), "a.mov"),
        (Encoding("dnxhd", {"profile": "dnxhr_hq"}, "yuv422p"), "a.mov"),
        (Encoding("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8"}), "a.webm"),
        (Encoding("qtrle", {}, "rgb24"), "a.mov"),
    ],
    ids=lambda value: getattr(value, "codec", None),
)
def test_every_codec_joins_at_exact_times(make_clip, index_of, tmp_path, encoding, name):
    source = make_clip(size=(256, 128), pts=VARIABLE[:9])
    result = remake(source, tmp_path / "out" / name, encoding, step=4)
    allowed = 0 if name.endswith(("mp4", "mov")) else Fraction(1, 1900)
    before, after = probe(source), probe(result)
    assert max(abs(a - b) for a, b in zip(seconds(before), seconds(after), strict=True)) <= allowed
    with ClipReader(result) as reader:
        assert [index_of(frame.to_av()) for frame in reader.frames()] == list(range(9))


def test_only_the_mask_changes_end_to_end(make_clip, codes, tmp_path):
    """Merge a disc into the middle with a lossless codec: every sample outside of it is the source's, to the bit."""
    source = make_clip("source.mkv", codec="ffv1", options={}, pixel_format="yuv420p10le", count=6)
    rows, columns = np.mgrid[-1 : 1 : 32 * 1j, -1 : 1 : 48 * 1j]
    mask = np.clip((0.8 - np.hypot(rows, columns)) * 3, 0, 1).astype(np.float32)

    def change(frame):
        region = frame.region(24, 16, 72, 48)
        frame.lay(region, Layer((1 - region.rgb).astype(np.float32), mask))

    result = remake(source, tmp_path / "out.mkv", Encoding("ffv1"), step=4, change=change)
    under = np.zeros((64, 96), bool)
    under[16:48, 24:72] = mask > 0
    coarse = under.reshape(32, 2, 48, 2).any(axis=(1, 3))
    with ClipReader(source) as old, ClipReader(result) as new:
        for before, after in zip(old.frames(), new.frames(), strict=True):
            planes = zip(codes(before.to_av()), codes(after.to_av()), (under, coarse, coarse), strict=True)
            for left, right, inside in planes:
                assert np.array_equal(left[~inside], right[~inside])
                assert (left[inside] != right[inside]).mean() > 0.5


def test_colour_tags_shape_of_pixels_and_rotation_are_the_sources(make_clip, tmp_path):
    for suffix in (".mp4", ".mov", ".mkv"):
        source = make_clip(tags=(9, 9, 16, 1), pixel_format="yuv420p10le", rotation=90, count=6, aspect=Fraction(4, 3))
        info = probe(remake(source, tmp_path / f"out{suffix}"))
        assert info.sample_aspect_ratio == Fraction(4, 3)
        assert (info.tags, info.rotation) == (probe(source).tags, 90)
        assert (info.width, info.height) == (64, 96)


def test_unstated_tags_stay_unstated(make_clip, tmp_path):
    source = make_clip(tags=(2, 2, 2, 0), count=6)
    assert probe(remake(source, tmp_path / "out.mp4")).tags == probe(source).tags


def test_chapters_tags_and_own_tags_are_kept(make_clip, tmp_path):
    source = make_clip(chapters=True, metadata={"title": "A walk", "artist": "Somebody"})
    for suffix in (".mp4", ".mov", ".mkv"):
        lines = []
        own = {"comment": "made with care", "understudy_statement": "released"}
        result = remake(source, tmp_path / f"out{suffix}", metadata=own, say=lines.append)
        with av.open(str(result)) as container:
            tags = {key.lower(): value for key, value in container.metadata.items()}
            chapters = container.chapters()
        assert tags["title"] == "A walk"
        assert tags["artist"] == "Somebody"
        assert tags["comment"] == "made with care"
        assert tags["understudy_statement"] == "released"
        assert [chapter["metadata"]["title"] for chapter in chapters] == ["First part", "Second part"]
        assert [chapter["start"] * chapter["time_base"] for chapter in chapters] == [0, Fraction(2, 5)]
        assert lines == [], "what is rebuilt is not missing"


def test_timecode_is_made_anew(make_clip, tmp_path):
    source = make_clip("tape.mov", timecode="01:02:03:04")
    lines = []
    result = remake(source, tmp_path / "out.mov", say=lines.append)
    with av.open(str(result)) as container:
        assert container.streams.video[0].metadata["timecode"] == "01:02:03:04"
        assert [stream.type for stream in container.streams] == ["video", "data"]
    assert lines == []


def test_subtitles_and_attachments_go_over_where_the_container_holds_them(make_clip, tmp_path):
    words = [(100, 200, b"Hello"), (500, 300, b"and good-bye")]
    source = make_clip("source.mkv", audio=1, subtitles=words, subtitle_codec="subrip", has_attachment=True)
    kept = remake(source, tmp_path / "kept.mkv")
    assert packets_by_track(kept) == packets_by_track(source)
    with av.open(str(kept)) as container:
        attachment = next(stream for stream in container.streams if stream.type == "attachment")
        assert (attachment.name, bytes(attachment.data)) == ("font.ttf", b"not really a font")
    lines = []
    dropped = remake(source, tmp_path / "dropped.mp4", say=lines.append)
    assert list(packets_by_track(dropped)) == [0]
    assert len(lines) == 2
    assert "subtitle" in lines[0]
    assert "mp4" in lines[0]
    assert "attachment" in lines[1]


def test_text_of_quicktime_goes_over_to_quicktime_and_not_to_matroska(make_clip, tmp_path):
    source = make_clip(subtitles=[(100, 200, b"\x00\x05Hello")], audio=1)
    for suffix in (".mov", ".mp4"):
        result = remake(source, tmp_path / f"out{suffix}")
        assert shown_texts(result) == shown_texts(source) == [(Fraction(1, 10), Fraction(1, 5), b"\x00\x05Hello")]
    lines = []
    remake(source, tmp_path / "out.mkv", say=lines.append)
    assert [line for line in lines if "mov_text" in line]


def test_cover_art_is_attached_in_matroska_and_named_elsewhere(make_clip, tmp_path):
    source = make_clip(has_cover=True, container_options={"movflags": "faststart"})
    result = remake(source, tmp_path / "out.mkv")
    assert "video mjpeg" in probe(result).other_streams
    lines = []
    remake(source, tmp_path / "out.mp4", say=lines.append)
    assert len(lines) == 1
    assert "mjpeg" in lines[0]


def test_a_container_that_holds_no_such_sound_is_named_and_the_rest_written(make_clip, tmp_path):
    source = make_clip(audio=1, size=(64, 64), count=4)
    lines = []
    encoding = Encoding("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8"})
    result = remake(source, tmp_path / "out.webm", encoding, say=lines.append)
    assert len(probe(result).pts) == 4
    assert lines == ["left out: track 1 (audio aac eng), which webm files do not hold"]


def test_work_done_in_two_runs_joins_like_work_done_in_one(make_clip, tmp_path):
    source = make_clip(audio=1)
    whole = remake(source, tmp_path / "one" / "out.mp4", REPEATABLE).read_bytes()
    chunks = encode(source, tmp_path / "two", REPEATABLE)
    again = tmp_path / "again"
    later = encode(source, again, REPEATABLE)
    join_chunks([*chunks[:2], *later[2:]], source, tmp_path / "two" / "out.mp4", {}, silent)
    assert (tmp_path / "two" / "out.mp4").read_bytes() == whole


def test_sound_and_picture_are_interleaved(make_clip, tmp_path):
    """No reader has to look far ahead: along the file, no track is more than a second before another."""
    source = make_clip(audio=1, count=100)
    for suffix in (".mp4", ".mkv"):
        result = remake(source, tmp_path / f"out{suffix}", step=30)
        with av.open(str(result)) as container:
            packets = [(p.pos, p.stream_index, float(p.pts * p.time_base)) for p in container.demux() if p.size]
        last = {}
        for _, track, time in sorted(packets):
            last[track] = time
            if len(last) == 2:
                assert abs(last[0] - last[1]) < 1.0


def test_frames_that_were_passed_over_leave_a_gap_and_no_shift(make_clip, tmp_path):
    source = make_clip(count=12)
    with ClipReader(source) as reader:
        chunk = tmp_path / "chunk"
        with ChunkWriter(chunk, reader.info, X264) as writer:
            for frame in reader.frames():
                if frame.index not in {4, 5}:
                    writer.add(frame.to_av())
    join_chunks([chunk], source, tmp_path / "out.mp4", {}, silent)
    wanted = [time for index, time in enumerate(probe(source).pts) if index not in {4, 5}]
    assert list(probe(tmp_path / "out.mp4").pts) == wanted


def test_times_of_decoding_ascend_and_never_follow_those_of_showing(make_clip, tmp_path):
    result = remake(make_clip(pts=VARIABLE), tmp_path / "out.mp4", Encoding("libx264", {"preset": "slow"}), step=5)
    with av.open(str(result)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    assert all(one.dts < two.dts for one, two in pairwise(packets))
    assert all(packet.dts <= packet.pts for packet in packets)


def test_the_destination_stays_as_it_was_when_joining_fails(make_clip, tmp_path):
    source = make_clip()
    chunks = encode(source, tmp_path / "chunks", X264)
    other = encode(source, tmp_path / "other", Encoding("libx264", {"preset": "ultrafast", "profile": "baseline"}))
    destination = tmp_path / "out" / "out.mp4"
    destination.parent.mkdir()
    destination.write_bytes(b"the old one")
    for wrong, words in [
        ([chunks[0], other[1]], "other settings"),
        ([chunks[1], chunks[0]], "overlaps"),
        ([tmp_path / "gone"], "no such file"),
        ([], "nothing to join"),
    ]:
        with pytest.raises(MediaError, match=words):
            join_chunks(wrong, source, destination, {}, silent)
        assert destination.read_bytes() == b"the old one"
        assert [path.name for path in destination.parent.iterdir()] == ["out.mp4"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full, a disk that is always full")
def test_a_full_disk_is_named(make_clip, tmp_path):
    source = make_clip(audio=1)
    chunks = encode(source, tmp_path / "chunks", X264)
    (tmp_path / "out.mkv.part").symlink_to("/dev/full")
    with pytest.raises(MediaError, match="disk is full"):
        join_chunks(chunks, source, tmp_path / "out.mkv", {}, silent)
    assert not list(tmp_path.glob("out*"))
    assert all(chunk.exists() for chunk in chunks), "finished work is kept"


def test_destinations_are_checked_before_the_work(tmp_path):
    check_destination(tmp_path / "a.mp4", "libx264")
    check_destination(tmp_path / "a.mkv", "ffv1")
    with pytest.raises(MediaError, match=r"\.mp4, \.m4v, \.mov, \.mkv, \.webm"):
        check_destination(tmp_path / "a.wmv", "libx264")
    with pytest.raises(MediaError, match="do not hold ffv1") as caught:
        check_destination(tmp_path / "a.mov", "ffv1")
    assert ".mkv" in str(caught.value)
    with pytest.raises(MediaError, match="do not hold libx264"):
        check_destination(tmp_path / "a.webm", "libx264")
