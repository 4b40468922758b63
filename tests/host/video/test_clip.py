"""Does probing tell a clip's facts, and say what is wrong with what is no clip?"""

from __future__ import annotations

import os
from fractions import Fraction

import av
import numpy as np
import pytest

from understudy.errors import MediaError
from understudy.video import check_mergeable, fingerprint, probe


def test_tells_size_rate_times_and_colour(make_clip):
    info = probe(make_clip(size=(96, 64), count=12, audio=1))
    assert (info.width, info.height, info.rotation, info.pixel_format) == (96, 64, 0, "yuv420p")
    assert info.pts == tuple(range(0, 12 * 512, 512))
    assert (info.time_base, info.average_rate, info.last_duration) == (Fraction(1, 12800), 25, 512)
    assert (info.color.matrix, info.color.is_full_range, info.color.bit_depth) == (1, False, 8)
    assert not info.color_is_assumed
    assert info.has_audio
    assert info.other_streams == ("audio aac (eng)",)


def test_lists_variable_times_exactly(make_clip):
    times = [0, 512, 1100, 1200, 3000, 3100, 5000, 9000]
    assert probe(make_clip(pts=times)).pts == tuple(times)


def test_measures_the_average_rate_of_variable_times(make_clip):
    info = probe(make_clip(pts=[0, 12800, 12801, 51200]))
    assert info.average_rate == Fraction(3, 4)


@pytest.mark.parametrize(
    ("size", "tag", "matrix", "is_assumed"),
    [((96, 64), 2, 6, True), ((1280, 64), 2, 1, True), ((96, 720), 2, 1, True), ((96, 64), 9, 9, False)],
)
def test_assumes_a_matrix_by_size_only_where_none_is_stated(make_clip, size, tag, matrix, is_assumed):
    info = probe(make_clip(size=size, tags=(tag, 2, 2, 0), count=2))
    assert (info.color.matrix, info.color_is_assumed) == (matrix, is_assumed)
    assert (info.tags.matrix, info.color.is_full_range) == (tag, False)


def test_knows_full_range_by_tag_and_by_format(make_clip):
    assert probe(make_clip("a.mp4", tags=(1, 1, 1, 2))).color.is_full_range
    assert probe(make_clip("b.mov", codec="mjpeg", options={}, pixel_format="yuvj420p", count=2)).color.is_full_range


def test_knows_ten_bits_and_hdr_tags(make_clip):
    info = probe(make_clip(pixel_format="yuv422p10le", tags=(9, 9, 16, 1)))
    assert (info.color.bit_depth, info.color.matrix, info.color.primaries, info.color.transfer) == (10, 9, 9, 16)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_tells_the_upright_size(make_clip, rotation):
    info = probe(make_clip(size=(96, 64), rotation=rotation, count=3))
    assert info.rotation == rotation
    assert (info.width, info.height) == ((64, 96) if rotation in {90, 270} else (96, 64))
    assert info.stored_size == (96, 64)


def test_frames_cut_off_by_an_edit_list_do_not_count(make_clip, tmp_path):
    """An edit list that begins at the 11th frame, made by patching the one the muxer writes."""
    whole = make_clip("whole.mp4", options={"preset": "ultrafast", "qp": "0", "bf": "0", "g": "6"}, count=24)
    data = bytearray(whole.read_bytes())
    at = data.index(b"elst")
    version, count = data[at + 4], int.from_bytes(data[at + 8 : at + 12], "big")
    assert (version, count) == (0, 1)
    data[at + 16 : at + 20] = (10 * 512).to_bytes(4, "big")  # media time of the only edit
    trimmed = tmp_path / "trimmed.mp4"
    trimmed.write_bytes(data)
    info = probe(trimmed)
    with av.open(str(trimmed)) as container:
        shown = [frame.pts for frame in container.decode(video=0)]
        assert container.streams.video[0].frames == 24
    assert list(info.pts) == shown
    assert len(shown) == 14


def test_counts_frames_of_files_without_times(make_clip):
    info = probe(make_clip("raw.h264", options={"preset": "fast"}, time_base=Fraction(1, 25), count=20))
    assert len(info.pts) == 20
    assert not info.is_timed
    assert {after - before for before, after in zip(info.pts, info.pts[1:], strict=False)} == {48000}  # 1/25 s


def test_cover_art_is_not_the_video(make_clip):
    info = probe(make_clip("covered.mp4", has_cover=True, container_options={"movflags": "faststart"}))
    assert (info.width, info.height) == (96, 64)
    assert len(info.pts) == 24
    assert "video mjpeg" in info.other_streams


def test_a_palette_becomes_the_colours_it_names(tmp_path, drawn):
    path = tmp_path / "pal.mov"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("png", rate=25)
        stream.width, stream.height, stream.pix_fmt = 16, 8, "pal8"
        picture = av.VideoFrame(16, 8, "pal8")
        np.frombuffer(picture.planes[0], np.uint8)[:] = 3
        np.frombuffer(picture.planes[1], np.uint8)[12:16] = (10, 20, 200, 255)
        picture.pts = 0
        out.mux(stream.encode(picture))
        out.mux(stream.encode())
    assert probe(path).pixel_format == "bgra"


def test_words_for_files_that_are_no_clips(tmp_path, make_clip):
    text = tmp_path / "notes.mp4"
    text.write_text("not a video\n" * 50)
    readable = tmp_path / "readme.txt"
    readable.write_text("only words\n" * 50)
    empty = tmp_path / "empty.mov"
    empty.touch()
    folder = tmp_path / "pictures"
    folder.mkdir()
    for path, words in [
        (text, "not a video"),
        (readable, "not a video"),
        (empty, "not a video"),
        (folder, "holds no pictures"),
        (tmp_path / "gone.mp4", "no such file"),
    ]:
        with pytest.raises(MediaError, match=words) as caught:
            probe(path)
        assert caught.value.path == path
        assert "\n  " in str(caught.value), "an error ends with what to do next"


def test_words_for_sound_alone(tmp_path):
    path = tmp_path / "sound.m4a"
    with av.open(str(path), "w", format="mp4") as out:
        stream = out.add_stream("aac", rate=48000)
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = 48000, 0
        out.mux(stream.encode(frame))
        out.mux(stream.encode())
    with pytest.raises(MediaError, match="only sound"):
        probe(path)


def test_words_for_a_clip_without_frames(make_clip, tmp_path):
    """A video track whose samples are all beyond the end of the file."""
    whole = make_clip("front.mp4", container_options={"movflags": "faststart"}).read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole[: whole.index(b"mdat") + 4])
    with pytest.raises(MediaError, match="holds no frames"):
        probe(cut)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may read everything")
def test_words_for_a_file_that_may_not_be_read(make_clip):
    path = make_clip()
    path.chmod(0)
    with pytest.raises(MediaError, match="may not be read"):
        probe(path)


def test_refuses_a_matrix_it_cannot_undo(make_clip):
    with pytest.raises(MediaError, match="ICtCp"):
        probe(make_clip(tags=(14, 9, 16, 1)))


def test_is_not_fooled_by_its_memory(make_clip):
    path = make_clip(count=5)
    assert len(probe(path).pts) == 5
    make_clip(count=9)
    assert len(probe(path).pts) == 9


def test_only_reading_is_allowed_for_interlaced_clips(make_clip):
    options = {"preset": "ultrafast", "flags": "+ilme+ildct", "x264-params": "tff=1"}
    info = probe(make_clip("fields.mp4", options=options, size=(96, 64)))
    assert info.is_interlaced
    with pytest.raises(MediaError, match="interlaced"):
        check_mergeable(info)


def test_progressive_clips_may_be_merged(make_clip):
    check_mergeable(probe(make_clip(count=2)))


class TestFingerprint:
    def test_is_equal_for_equal_files_and_hex(self, tmp_path):
        for name in ("a", "b"):
            (tmp_path / name).write_bytes(b"same" * 1000)
        assert fingerprint(tmp_path / "a") == fingerprint(tmp_path / "b")
        assert len(bytes.fromhex(fingerprint(tmp_path / "a"))) == 32

    @pytest.mark.parametrize("at", [0, 5_000_000, 9_999_999])
    def test_changes_with_a_large_file_at_either_end_and_in_its_sampled_blocks(self, tmp_path, at):
        data = bytearray(10_000_000)
        path = tmp_path / "big"
        path.write_bytes(data)
        before = fingerprint(path)
        block = (10_000_000 - 65536) * 32 // 63 if at == 5_000_000 else at
        data[block] = 1
        path.write_bytes(data)
        assert fingerprint(path) != before

    def test_changes_with_any_byte_of_a_small_file(self, tmp_path):
        path = tmp_path / "small"
        path.write_bytes(bytes(100_000))
        before = fingerprint(path)
        path.write_bytes(bytes(50_001) + b"\1" + bytes(49_998))
        assert fingerprint(path) != before

    def test_names_a_file_that_is_not_there(self, tmp_path):
        with pytest.raises(MediaError, match="gone"):
            fingerprint(tmp_path / "gone")
