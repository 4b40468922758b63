"""Does the film show every preview in turn, with its step?"""

import av
import numpy as np
import pytest

from understudy.errors import RequestError, StoreError
from understudy.training.preview import write_preview
from understudy.training.timelapse import previews_of, write_timelapse


def sheet(level, height=61, width=95):
    return np.full((height, width, 3), (level, 60, 20), np.uint8)


def frames_of(path):
    with av.open(str(path)) as container:
        assert container.streams.video[0].codec_context.name == "h264"
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def test_previews_follow_each_other_four_frames_each_and_the_last_stays(tmp_path):
    for step, level in ((250, 40), (2000, 120), (10_000, 220)):
        write_preview(tmp_path, step, sheet(level))
    path = write_timelapse(tmp_path)
    assert path == tmp_path / "timelapse.mp4"
    shown = frames_of(path)
    assert len(shown) == 4 + 4 + 48
    assert shown[0].shape == (60 + 28, 94, 3)  # even sides, and the bar below
    levels = [frame[20:40, 20:60, 0].mean() for frame in shown]
    np.testing.assert_allclose(levels, [40] * 4 + [120] * 4 + [220] * 48, atol=6)
    bars = [frame[60:] for frame in (shown[0], shown[4], shown[-1])]
    assert all(bar.max() > 150 for bar in bars)
    assert np.abs(bars[0].astype(int) - bars[2]).max() > 100  # other numbers


def test_a_film_is_written_where_it_is_wanted_and_replaces_the_last(tmp_path):
    write_preview(tmp_path, 1, sheet(10))
    wanted = tmp_path / "films" / "a.mkv"
    assert write_timelapse(tmp_path, wanted) == wanted
    write_preview(tmp_path, 2, sheet(200))
    write_timelapse(tmp_path, wanted)
    assert len(frames_of(wanted)) == 4 + 48
    assert [found.name for found in wanted.parent.iterdir()] == ["a.mkv"]


def test_large_sheets_are_made_smaller_and_odd_ones_fitted(tmp_path):
    write_preview(tmp_path, 1, sheet(90, 40, 60))
    write_preview(tmp_path, 2, sheet(90, 100, 2500))
    assert frames_of(write_timelapse(tmp_path))[0].shape == (76 + 28, 1920, 3)


def test_previews_are_found_in_the_order_of_their_steps(tmp_path):
    for step in (1000, 20, 123_456_789):
        write_preview(tmp_path, step, sheet(1))
    assert list(previews_of(tmp_path)) == [20, 1000, 123_456_789]


def test_without_previews_there_is_no_film(tmp_path):
    with pytest.raises(RequestError, match="understudy train"):
        write_timelapse(tmp_path)


def test_a_damaged_preview_is_named(tmp_path):
    write_preview(tmp_path, 1, sheet(1))
    (tmp_path / "preview-00000002.png").write_bytes(b"\x89PNG")
    with pytest.raises(StoreError, match="preview-00000002"):
        write_timelapse(tmp_path)
    assert not (tmp_path / "timelapse.mp4").exists()
