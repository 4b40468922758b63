"""Is an interlaced frame shown as one of its fields, in its own colours and its place?"""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest
from av.video.plane import VideoPlane

from understudy.video import ClipReader, probe
from understudy.video.fields import field_of, full_height

UPPER, LOWER = (200, 60, 60), (40, 60, 220)


def write_fields(path, order: str, size=(96, 64), count=6):
    """Write a clip with a bright bar that moves on between the fields: red in the upper ones, blue in the lower."""
    with av.open(str(path), "w") as out:
        options = {"preset": "ultrafast", "qp": "0", "flags": "+ilme+ildct", "x264-params": f"{order}=1"}
        stream = out.add_stream("libx264", rate=25, options=options)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        for index in range(count):
            fields = []
            for late, color in enumerate((UPPER, LOWER) if order == "tff" else (LOWER, UPPER)):
                picture = np.full((size[1], size[0], 3), 20, np.uint8)
                left = 8 + 8 * (2 * index + late) % 64
                picture[:, left : left + 16] = color
                fields.append(picture)
            woven = fields[0].copy()
            woven[int(order == "tff") :: 2] = fields[1][int(order == "tff") :: 2]
            whole = av.VideoFrame.from_ndarray(woven, format="rgb24")
            out.mux(stream.encode(_woven_chroma(whole, fields, order)))
        out.mux(stream.encode())
    return path


def _woven_chroma(whole, fields, order: str):
    """Give each field's chroma its own rows, as cameras do; a conversion of the woven picture would mix them."""
    parts = [av.VideoFrame.from_ndarray(field, format="rgb24").reformat(format="yuv420p") for field in fields]
    woven = whole.reformat(format="yuv420p")
    for number in range(3):
        target = _rows(woven.planes[number])
        for late, part in enumerate(parts):
            first = late if order == "tff" else 1 - late
            target[first::2] = _rows(part.planes[number])[first::2]
    return woven


def _rows(plane: VideoPlane):
    return np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: plane.height]


@pytest.mark.parametrize(("order", "color"), [("tff", UPPER), ("bff", LOWER)])
@pytest.mark.parametrize("suffix", [".mp4", ".ts", ".mkv"])
def test_only_the_field_shown_first_is_seen(tmp_path, order, color, suffix):
    info = probe(write_fields(tmp_path / f"fields{suffix}", order))
    assert info.is_interlaced
    assert info.is_lower_field_first == (order == "bff")
    with ClipReader(info.path, info) as reader:
        for frame in reader.frames():
            rgb = frame.frame().rgb.astype(int)
            left = 8 + 16 * frame.index % 64
            assert np.abs(rgb[:, left + 4 : left + 12] - color).max() < 12, "one moment's bar, in its own colour"
            assert np.abs(np.delete(rgb, slice(left - 2, left + 18), axis=1) - 20).max() < 12, "nothing of the other's"
            assert np.abs(np.diff(rgb, axis=0)).max() < 12, "no combing"


def test_an_odd_number_of_rows(make_clip):
    """Fields of 33 and 32 rows."""
    options = {"flags": "+ilme+ildct", "qmin": "1", "qmax": "2"}
    path = make_clip("a.mkv", codec="mpeg2video", options=options, size=(96, 65), time_base=Fraction(1, 25), count=3)
    with ClipReader(path) as reader:
        assert reader.info.is_interlaced
        frames = [frame.frame().rgb for frame in reader.frames()]
    assert [frame.shape for frame in frames] == [(65, 96, 3)] * 3
    bars = [frame[4, 4:64:8, 1] > 128 for frame in frames]
    assert [sum(1 << 7 - bit for bit in range(8) if row[bit]) for row in bars] == [0, 1, 2]


@pytest.mark.parametrize("height", [2, 3, 8, 9, 62, 66])
@pytest.mark.parametrize("is_lower", [False, True])
@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p10le", "nv12", "rgb24", "yuv410p"])
def test_a_field_keeps_its_rows_and_the_others_lie_between(height, is_lower, pixel_format):
    ramp = np.repeat(np.arange(height, dtype=np.uint8)[:, None, None] * 3 + 30, 16, axis=1).repeat(3, axis=2)
    whole = av.VideoFrame.from_ndarray(ramp, format="rgb24").reformat(format=pixel_format)
    field = field_of(whole, is_lower=is_lower)
    first = int(is_lower)
    assert (field.width, field.height, field.format.name) == (16, len(ramp[first::2]), pixel_format)
    for plane, part in zip(whole.planes, field.planes, strict=True):
        kept = _rows(plane)[first::2]
        width = min(plane.line_size, part.line_size, 16)
        assert np.array_equal(_rows(part)[: len(kept), :width], kept[: part.height, :width])
    back = full_height(ramp[first::2], height, is_lower=is_lower)
    assert np.array_equal(back[first::2], ramp[first::2])
    inner = slice(1, -1) if height > 3 else slice(0, 0)
    assert np.array_equal(back[inner], ramp[inner]), "a slope goes on as it was"
