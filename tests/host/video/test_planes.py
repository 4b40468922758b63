"""Are the samples of each pixel format found where FFmpeg puts them?"""

from __future__ import annotations

import av
import numpy as np
import pytest
from av.video.format import VideoFormat

from understudy.video.planes import exact_equivalents, layout_of, samples

SAME_SAMPLES = [
    ("yuv420p", "nv12"),
    ("yuv420p", "nv21"),
    ("yuv422p", "nv16"),
    ("yuv422p", "yuyv422"),
    ("yuv422p", "uyvy422"),
    ("yuv422p", "yvyu422"),
    ("yuv444p", "nv24"),
    ("yuv420p10le", "p010le"),
    ("yuv422p10le", "p210le"),
    ("yuv422p10le", "y210le"),
    ("yuv420p10le", "yuv420p10be"),
    ("gbrp", "rgb24"),
    ("gbrp", "bgr24"),
    ("gbrp", "rgb0"),
    ("gbrp", "0bgr"),
    ("gbrap", "rgba"),
    ("gbrap", "bgra"),
    ("gbrap", "argb"),
    ("gbrap", "abgr"),
    ("gbrp16le", "rgb48le"),
    ("gbrp16le", "bgr48be"),
    ("gbrap16le", "rgba64le"),
    ("gray16le", "gray16be"),
]


@pytest.mark.parametrize(("left", "right"), SAME_SAMPLES)
@pytest.mark.parametrize("size", [(32, 16), (34, 18)])
def test_formats_of_the_same_samples_agree_by_ffmpegs_own_conversion(left, right, size):
    picture = av.VideoFrame(*size, left)
    random = np.random.default_rng(5)
    layout = layout_of(left)
    assert layout is not None
    for channel in range(len(layout.channels)):
        view = samples(picture, layout, channel)
        view[...] = random.integers(0, layout.top + 1, view.shape)
    other = picture.reformat(format=right, threads=1)  # at its slices' borders, several write over each other's rows
    turned = layout_of(right)
    assert turned is not None
    for channel in range(len(layout.channels)):
        found = samples(other, turned, channel) >> turned.shift
        assert np.array_equal(found, samples(picture, layout, channel)), channel


@pytest.mark.parametrize(
    "name", ["yuv420p", "yuv411p", "yuv410p", "yuv440p", "yuva422p10le", "yuv420p12le", "yuv444p16le"]
)
def test_views_are_as_large_as_the_format_says_also_at_odd_sizes(name):
    picture = av.VideoFrame(35, 21, name)
    layout = layout_of(name)
    assert layout is not None
    assert layout.depth == VideoFormat(name).components[0].bits
    shapes = [samples(picture, layout, channel).shape for channel in range(3)]
    parts = VideoFormat(name, 35, 21).components
    assert shapes == [(part.height, part.width) for part in parts[:3]]


@pytest.mark.parametrize("name", ["bayer_rggb8", "pal8", "gbrpf16le", "rgb565le", "monob", "x2rgb10le", "xyz12le"])
def test_formats_out_of_reach_are_none(name):
    VideoFormat(name)  # which exists
    assert layout_of(name) is None


def test_equivalents_hold_the_same_samples_and_not_the_format_itself():
    assert "yuv420p" in exact_equivalents("nv12")
    assert "nv12" not in exact_equivalents("nv12")
    assert exact_equivalents("yuv440p") == ()
