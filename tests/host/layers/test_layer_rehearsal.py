"""Do the numbers given to ProRes come back near enough to those that were meant?"""

from __future__ import annotations

import av
import numpy as np

from understudy.layers.prores import EMPTY, ENCODING, FACE_FORMAT
from understudy.layers.rehearsal import rehearsed
from understudy.video.planes import plane_rows

SIZE = (120, 88)  # neither is a multiple of 16
BOX = (37, 21, 120, 88)


def read_back(folder, planes):
    """Encode a frame whose box holds some planes into a movie, and return what its decoder gives of them."""
    path = folder / "one.mov"
    frame = av.VideoFrame(*SIZE, FACE_FORMAT)
    inside = slice(BOX[1], BOX[3]), slice(BOX[0], BOX[2])
    for number, plane in enumerate(frame.planes):
        rows = plane_rows(plane, "<u2")
        rows[...] = EMPTY[number]
        if number < len(planes):
            rows[inside] = planes[number]
    with av.open(str(path), "w") as movie:
        stream = movie.add_stream("prores_ks", rate=25, options=dict(ENCODING))
        stream.width, stream.height, stream.pix_fmt = *SIZE, FACE_FORMAT
        movie.mux(stream.encode(frame))
        movie.mux(stream.encode())
    with av.open(str(path)) as movie:
        (decoded,) = movie.decode(video=0)
    return [plane_rows(plane, "<u2")[inside] / 4 for plane in decoded.planes[:3]]


def test_numbers_come_back_within_their_room_also_at_the_frames_edge(tmp_path):
    random = np.random.default_rng(3)
    shape = BOX[3] - BOX[1], BOX[2] - BOX[0]
    meant = [(zero + random.normal(0, 60, shape)).clip(4, 1019).astype(np.float32) for zero in (400, 512, 512)]
    room = [np.full(shape, 1.3, np.float32), *[np.full(shape, 1.6, np.float32)] * 2]
    plain = read_back(tmp_path, [np.rint(plane) for plane in meant])
    assert max(float(np.abs(one - other).max()) for one, other in zip(plain, meant, strict=True)) > 1.6
    found = read_back(tmp_path, rehearsed(meant, room, BOX, SIZE))
    for read, plane, allowed in zip(found, meant, room, strict=True):
        assert np.all(np.abs(read - plane) <= allowed)


def test_what_nothing_asks_of_is_left_as_it_was_meant():
    shape = BOX[3] - BOX[1], BOX[2] - BOX[0]
    meant = [np.full(shape, 300.0, np.float32)] * 3
    found = rehearsed(meant, [np.full(shape, np.inf, np.float32)] * 3, BOX, SIZE)
    assert all(np.array_equal(numbers, plane) for numbers, plane in zip(found, meant, strict=True))
