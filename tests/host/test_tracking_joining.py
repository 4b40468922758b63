"""Is one face over time one track, and are two faces two?"""

import numpy as np
import pytest

from understudy.faceset import NO_TRACK
from understudy.tracking import Spotted, join_tracks, weak_tracks


def spot(frame, x, y=200.0, side=100.0, *, number=0, fps=25.0, score=0.9):
    """Return a square face with its centre at x, y."""
    half = side / 2
    return Spotted(frame, number, (x - half, y - half, x + half, y + half), frame / fps, score)


def walk(frames, start=200.0, speed=3.0, **rest):
    return [spot(frame, start + speed * frame, **rest) for frame in frames]


def test_a_moving_face_is_one_track():
    assert join_tracks(walk(range(100))).tracks == (0,) * 100


def test_nothing_gives_nothing():
    joined = join_tracks([])
    assert (joined.tracks, joined.duplicates) == ((), ())


def test_two_faces_are_two_tracks_numbered_as_they_appear():
    early, late = walk(range(20), 200), walk(range(5, 20), 600, number=1)
    assert join_tracks([*early, *late]).tracks == (0,) * 20 + (1,) * 15


def test_the_order_of_the_faces_does_not_matter():
    faces = [*walk(range(40), 200), *walk(range(40), 480, -3.0, number=1), *walk(range(10, 40), 900, number=2)]
    tracks = join_tracks(faces).tracks
    shuffled = np.random.default_rng(0).permutation(len(faces))
    again = join_tracks([faces[place] for place in shuffled]).tracks
    assert [again[place] for place in np.argsort(shuffled)] == list(tracks)


def test_people_who_pass_each_other_keep_their_tracks():
    right = [spot(frame, 100 + 12 * frame, 200, 100, number=0) for frame in range(60)]
    left = [spot(frame, 800 - 12 * frame, 225, 110, number=1) for frame in range(60)]
    joined = join_tracks([*right, *left])
    assert joined.tracks == (0,) * 60 + (1,) * 60
    assert joined.duplicates == ()


def test_a_face_hidden_while_another_passes_is_found_again():
    """The one behind is not seen for five frames; the one in front does not become it."""
    right = [spot(frame, 100 + 12 * frame, 200) for frame in range(60)]
    left = [spot(frame, 800 - 12 * frame, 225, number=1) for frame in range(60) if not 27 <= frame < 32]
    assert join_tracks([*right, *left]).tracks == (0,) * 60 + (1,) * 55


@pytest.mark.parametrize(("gap", "tracks"), [(12, {0}), (13, {0, 1})])
def test_a_gap_up_to_the_limit_is_bridged(gap, tracks):
    """25 frames/s and half a second: 12 frames pass between the two sights, then 13."""
    faces = [*walk(range(10)), *walk(range(9 + gap, 30))]
    assert set(join_tracks(faces, max_gap_s=0.5).tracks) == tracks


@pytest.mark.parametrize("fps", [8.0, 24.0, 60.0, 240.0])
def test_the_frame_rate_does_not_matter(fps):
    """Half a face's width per second and a nod, whatever the rate."""
    frames = range(int(3 * fps))
    faces = [spot(frame, 200 + 50 * frame / fps, 200 + 40 * np.sin(6 * frame / fps), fps=fps) for frame in frames]
    assert set(join_tracks(faces).tracks) == {0}


def test_a_variable_frame_rate_does_not_matter():
    random = np.random.default_rng(3)
    time_s, faces = 0.0, []
    for frame in range(200):
        time_s += random.choice([1 / 60, 1 / 30, 1 / 10])
        x, y = 200 + 120 * time_s, 200 + 30 * np.sin(4 * time_s)
        faces.append(Spotted(frame, 0, (x - 50, y - 50, x + 50, y + 50), time_s, 0.9))
    assert set(join_tracks(faces).tracks) == {0}


def test_a_track_ends_at_a_cut():
    assert join_tracks(walk(range(20)), cuts=[8, 14]).tracks == (0,) * 8 + (1,) * 6 + (2,) * 6


def test_cuts_between_faces_count_too():
    """The cut lies at a frame without a face."""
    faces = [*walk(range(5)), *walk(range(8, 12))]
    assert join_tracks(faces, cuts=[6]).tracks == (0,) * 5 + (1,) * 4
    assert join_tracks(faces, cuts=[5, 6, 7, 12]).tracks == (0,) * 5 + (1,) * 4


def test_a_face_far_away_or_of_another_size_is_another():
    assert join_tracks([spot(0, 200), spot(1, 320)]).tracks == (0, 1)
    assert join_tracks([spot(0, 200), spot(1, 200, side=190)]).tracks == (0, 1)


def test_a_second_box_on_a_face_is_a_duplicate():
    true = walk(range(10), score=0.7)
    double = [spot(frame, 206 + 3 * frame, 204, 90, number=1, score=0.95) for frame in (4, 5)]
    joined = join_tracks([*true, *double])
    assert joined.tracks == (0,) * 10 + (NO_TRACK,) * 2  # though its score is higher: the other carries the track on
    assert joined.duplicates == (10, 11)


def test_of_two_boxes_that_begin_together_the_surer_is_the_face():
    joined = join_tracks([spot(0, 200, score=0.6), spot(0, 205, number=1, score=0.8)])
    assert joined.tracks == (NO_TRACK, 0)


def test_a_box_within_another_is_a_duplicate():
    assert join_tracks([spot(0, 200), spot(0, 210, side=40, number=1)]).duplicates == (1,)


def test_no_track_holds_two_faces_of_a_frame():
    random = np.random.default_rng(1)
    faces = [
        spot(frame, *random.uniform(100, 500, 2), random.uniform(60, 140), number=number)
        for frame in range(60)
        for number in range(6)
    ]
    tracks = join_tracks(faces).tracks
    seen = [(face.frame, track) for face, track in zip(faces, tracks, strict=True) if track != NO_TRACK]
    assert len(seen) == len(set(seen))


def weak_of(faces, frames=100, cuts=(), **rest):
    return weak_tracks(faces, join_tracks(faces, cuts).tracks, [frame / 25 for frame in range(frames)], cuts, **rest)


def test_what_is_seen_shortly_and_unsurely_is_weak():
    face, furniture = walk(range(100), score=0.62), walk((30, 31, 33), 700, 0.0, number=1, score=0.55)
    assert weak_of([*face, *furniture]) == {1}


def test_a_sure_face_is_kept_however_short():
    assert weak_of([*walk(range(100)), *walk((30, 31), 700, 0.0, number=1, score=0.9)]) == set()


def test_a_longer_track_is_kept_however_unsure():
    assert weak_of([*walk(range(10, 20), score=0.5)]) == set()
    assert weak_of([*walk(range(10, 20), score=0.5)], min_track_s=0.5) == {0}


def test_pictures_and_short_shots_lose_no_face():
    assert weak_of([spot(0, 200, score=0.5)], frames=1) == set()
    assert weak_of([spot(frame, 200, score=0.5) for frame in (0, 1, 2)], frames=3, cuts=(1, 2)) == set()
    assert weak_of([spot(frame, 200, score=0.5) for frame in (50, 51, 52)], cuts=(50, 54)) == set()


def test_duplicates_are_no_track():
    faces = [*walk(range(100)), spot(40, 330, number=1, score=0.5)]
    assert join_tracks(faces).duplicates == (100,)
    assert weak_of(faces) == set()
