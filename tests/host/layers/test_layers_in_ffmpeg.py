"""Does ffmpeg, laying a layer over the source by the graphs that its page shows, give the merged clip?"""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import planes_of, worst
from .graphs import OVERLAY, RGB_OVERLAY, composite, frames_of, masked_merge

PAGE = Path(__file__).parents[3] / "docs" / "tools" / "layers.md"


@pytest.mark.parametrize("drawer", ["blue", "calm"])
@pytest.mark.parametrize("form", ["420", "444"])
def test_the_overlay_of_a_movie_gives_a_clip_of_8_bits(project, request, tmp_path, form, drawer):
    clip = request.getfixturevalue(drawer)(f"yuv{form}p")
    result = project.run("{kind: prores4444, path: layer.mov}")
    found = composite(OVERLAY.replace("FORM", form), frames_of(clip), frames_of(tmp_path / "layer.mov"))
    wanted = [planes for _, planes in planes_of(result.outputs[0])]
    assert max(worst(one, other) for one, other in zip(found, wanted, strict=True)) <= 1
    if form == "420":  # rounding finds alpha and colours where they were meant, so that nearly all of it is the same
        assert sum((one[0] != other[0]).sum() for one, other in zip(found, wanted, strict=True)) < 25


@pytest.mark.parametrize("drawer", ["blue", "calm"])
@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p", "yuv420p10le", "yuv422p10le"])
def test_the_masked_merge_of_a_movie_gives_the_merged_clip(project, request, tmp_path, pixel_format, drawer):
    clip = request.getfixturevalue(drawer)(pixel_format)
    result = project.run("{kind: prores4444, path: layer.mov}")
    found = composite(masked_merge(pixel_format), frames_of(clip), frames_of(tmp_path / "layer.mov"))
    for planes, (_, wanted) in zip(found, planes_of(result.outputs[0]), strict=True):
        assert worst(planes, wanted) <= 1


def test_the_overlay_of_pictures_gives_an_rgb_clip(project, calm, tmp_path):
    clip = calm("bgr0")
    result = project.run("{kind: png16, path: layer}")
    found = composite(RGB_OVERLAY, frames_of(clip), frames_of(tmp_path / "layer"))
    for planes, (_, wanted) in zip(found, planes_of(result.outputs[0]), strict=True):
        assert worst(planes, wanted) <= 1


@pytest.mark.parametrize(
    "graph",
    [OVERLAY.replace("FORM", "420"), masked_merge("yuv422p10le"), RGB_OVERLAY],
)
def test_the_page_shows_the_graphs_that_are_tested(graph):
    shown = "".join(line.strip().removesuffix("\\") for line in PAGE.read_text(encoding="utf-8").splitlines())
    assert graph in shown
