"""Is a clip coded without loss, like its source, or refused before the work, as a project asks?"""

from __future__ import annotations

from dataclasses import replace

import av
import numpy as np
import pytest

from understudy.errors import RequestError
from understudy.project.encoders import video_settings
from understudy.project.form import VideoForm
from understudy.video import ChunkWriter, ClipReader, check_encoding, encoding_for, probe

PRORES = {"codec": "prores_ks", "pixel_format": "yuv422p10le", "options": {}}
DNXHR = {"codec": "dnxhd", "pixel_format": "yuv422p", "size": (256, 128)}


def settings(**stated):
    return video_settings(VideoForm(**stated))


def rewritten(path, chunk, **stated):
    """Write a clip's frames as a project would, and give those that come out."""
    with ClipReader(path) as reader:
        encoding = encoding_for(settings(**stated), reader.info)
        with ChunkWriter(chunk, reader.info, encoding) as writer:
            for frame in reader.frames():
                writer.add(frame.to_av())
    with av.open(str(chunk)) as container:
        return list(container.decode(video=0))


@pytest.mark.parametrize(
    ("codec", "pixel_format"),
    [
        ("libx264", "yuv420p"),
        ("libx264", "yuv422p10le"),
        ("libx264", "yuv444p10le"),
        ("libx265", "yuv420p12le"),
        ("libx265", "gbrp10le"),
        ("libsvtav1", "yuv420p10le"),
        ("libvpx-vp9", "yuv444p"),
        ("ffv1", "yuva444p10le"),
        ("jpeg2000", "yuv422p12le"),
    ],
)
def test_lossless_keeps_every_sample(make_clip, codes, tmp_path, codec, pixel_format):
    path = make_clip("a.mkv", codec="ffv1", options={}, pixel_format=pixel_format, count=4)
    after = rewritten(path, tmp_path / "chunk", codec=codec, lossless=True)
    with ClipReader(path) as reader:
        before = [[plane.copy() for plane in codes(frame.to_av())] for frame in reader.frames()]
    assert len(after) == 4
    for old, new in zip(before, after, strict=True):
        assert all(np.array_equal(one, other) for one, other in zip(old, codes(new), strict=True))


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ({"options": {"preset": "ultrafast", "crf": "20", "g": "8"}}, {"codec": "libx264", "g": "8"}),
        ({"codec": "libx265", "options": {"x265-params": "log-level=error"}}, {"codec": "libx265"}),
        ({**PRORES, "options": {"profile": "lt"}}, {"codec": "prores_ks", "profile": "lt"}),
        ({**DNXHR, "options": {"profile": "dnxhr_sq"}}, {"codec": "dnxhd", "profile": "dnxhr_sq"}),
        ({"codec": "png", "pixel_format": "rgb24", "options": {}}, {"codec": "png"}),
        (
            {**PRORES, "pixel_format": "yuva444p10le", "options": {}},
            {"profile": "4444", "pixel_format": "yuva444p10le"},
        ),
    ],
)
def test_copied_from_the_source_means_its_codec_profile_and_groups(make_clip, tmp_path, source, wanted):
    info = probe(make_clip("a.mov", **source))
    encoding = encoding_for(settings(codec="copy-from-source"), info)
    check_encoding(info, encoding)
    found = {"codec": encoding.codec, "pixel_format": encoding.pixel_format, **encoding.options}
    assert {name: found[name] for name in wanted} == wanted


def test_copied_from_the_source_means_about_its_bits(make_clip, tmp_path):
    grain = {"options": {"preset": "ultrafast", "b": "300000", "maxrate": "300000", "bufsize": "300000"}}
    path = make_clip("a.mkv", count=50, size=(320, 240), **grain)
    before, chunk = path.stat().st_size, tmp_path / "chunk"
    rewritten(path, chunk, codec="copy-from-source")
    assert 0.4 < chunk.stat().st_size / before < 1.6


def test_a_codec_that_nothing_here_encodes_is_named(make_clip, monkeypatch):
    from understudy.video import likeness

    info = probe(make_clip())
    monkeypatch.setattr(likeness, "neighbours", lambda family: ())
    with pytest.raises(RequestError, match=r"clip\.mp4 is coded as h264, for which .* no encoder\n  name a codec"):
        encoding_for(settings(codec="copy-from-source"), info)


@pytest.mark.parametrize(
    ("clip", "stated", "words"),
    [
        ({}, {"codec": "prores_ks"}, r"for clip\.mp4, prores_ks does not store yuv420p\n  set .*: yuv422p10le"),
        ({"pixel_format": "yuv444p", "size": (95, 63)}, {"pixel_format": "yuv420p"}, "libx264 refuses 95 x 63"),
        ({"pixel_format": "yuv422p"}, {"codec": "dnxhd", "options": {"profile": "dnxhd"}}, "dnxhd refuses 96 x 64"),
    ],
)
def test_what_an_encoder_refuses_of_a_clip_is_said_before_the_work(make_clip, clip, stated, words):
    info = probe(make_clip(**clip))
    with pytest.raises(RequestError, match=words):
        check_encoding(info, encoding_for(settings(**stated), info))


def test_rgb_becomes_luma_and_chroma_of_a_stated_matrix(make_clip, tmp_path):
    path = make_clip("a.mkv", codec="ffv1", options={}, pixel_format="bgr0", tags=(0, 1, 13, 2), count=2)
    (picture, _) = rewritten(path, tmp_path / "chunk", pixel_format="yuv444p", lossless=True)
    assert (picture.colorspace, picture.color_primaries, picture.color_trc, picture.color_range) == (1, 1, 13, 1)
    with ClipReader(path) as reader, ClipReader(tmp_path / "chunk", replace_tags(path, picture)) as result:
        for old, new in zip(reader.frames(), result.frames(), strict=True):
            assert np.abs(old.frame().rgb.astype(int) - new.frame().rgb).max() <= 2


def replace_tags(path, picture):
    """Describe a chunk, whose container keeps no tags, as what its pictures say."""
    info = probe(path.with_name("chunk"))
    color = replace(info.color, matrix=int(picture.colorspace), is_full_range=False)
    return replace(info, color=color)
