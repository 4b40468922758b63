"""Do real clips go through reading, changing and joining whole: a portrait, and one of odd height?"""

from __future__ import annotations

import av
import numpy as np
import pytest

from understudy.video import ChunkWriter, ClipReader, Encoding, join_chunks, probe
from understudy_sdk import Layer


@pytest.mark.parametrize(
    ("name", "size", "count"), [("phone-portrait.mp4", (720, 1280), 352), ("scene-distant.mp4", (720, 1364), 160)]
)
def test_a_short_piece_comes_out_as_it_went_in(footage, tmp_path, name, size, count):
    source = footage(name)
    info = probe(source)
    assert (info.width, info.height) == size
    assert len(info.pts) == count
    chunks = [tmp_path / "a", tmp_path / "b"]
    boxes = []
    with ClipReader(source, info) as reader:
        for chunk, start in zip(chunks, (30, 34), strict=True):
            with ChunkWriter(chunk, info, Encoding("ffv1")) as writer:
                for frame in reader.frames(start, start + 4):
                    region = frame.region(201, 301, 401, 501)
                    mask = np.zeros(region.rgb.shape[:2], np.float32)
                    mask[50:150, 50:150] = 1
                    frame.lay(region, Layer(1 - region.rgb, mask))
                    boxes.append((region.x0, region.y0))
                    writer.add(frame.to_av())
    destination = tmp_path / "out.mkv"
    join_chunks(chunks, source, destination, {}, pytest.fail, info=info)
    with ClipReader(source, info) as old, ClipReader(destination) as new:
        assert len(new.info.pts) == 8
        for before, after in zip(old.frames(30, 38), new.frames(), strict=True):
            left, right = before.to_av().to_ndarray(), after.to_av().to_ndarray()
            changed = np.argwhere(left[: info.height] != right[: info.height])
            assert changed.min(axis=0).tolist() >= [350, 250]
            assert changed.max(axis=0).tolist() <= [449, 349]
            assert len(changed) > 5000
    assert set(boxes) == {(200, 300)}
    assert new.info.has_audio == old.info.has_audio
    with av.open(str(source)) as one, av.open(str(destination)) as two:
        if info.has_audio:
            sizes = [[p.size for p in container.demux(audio=0) if p.size] for container in (one, two)]
            assert sizes[0] == sizes[1]
