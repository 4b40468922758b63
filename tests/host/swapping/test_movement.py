"""Is a face's movement that from the frame before to the frame after, of the same track?"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from understudy.faceset import NO_TRACK
from understudy.swapping.movement import movement_of


def row(frame, x, y, track=1):
    return SimpleNamespace(frame=frame, track=track, landmarks=np.full((68, 2), (x, y), np.float32))


def frames(*rows):
    return {frame: [one for one in rows if one.frame == frame] for frame in {one.frame for one in rows}}


def test_it_spans_both_neighbours():
    rows = row(4, 10, 20), row(5, 13, 19), row(6, 18, 17)
    assert movement_of(rows[1], frames(*rows)) == pytest.approx((8, -3))


def test_where_a_track_begins_or_ends_the_known_step_counts_twice():
    rows = row(4, 10, 20), row(5, 13, 19)
    assert movement_of(rows[0], frames(*rows)) == pytest.approx((6, -2))
    assert movement_of(rows[1], frames(*rows)) == pytest.approx((6, -2))


def test_other_tracks_and_faces_without_one_tell_nothing():
    here = row(5, 13, 19)
    assert movement_of(here, frames(row(4, 0, 0, track=2), here, row(6, 50, 0, track=2))) is None
    alone = row(5, 13, 19, NO_TRACK)
    assert movement_of(alone, frames(row(4, 0, 0, NO_TRACK), alone)) is None
