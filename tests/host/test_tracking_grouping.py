"""Are tracks of one person grouped, and of two kept apart?"""

import numpy as np
import pytest

from understudy.tracking.grouping import group_tracks


def directions(*angles_deg):
    turns = np.radians(angles_deg)
    return np.stack([np.cos(turns), np.sin(turns)], axis=1).astype(np.float32)


def near(angle_deg):
    return float(np.cos(np.radians(angle_deg)))


def test_alike_tracks_are_one_person():
    assert group_tracks(directions(0, 90, 3, 94, 181), [], near(20)) == [0, 1, 0, 1, 2]


def test_two_faces_of_one_frame_are_never_one_person():
    """The twin at 1 degree is seen beside the one at 0, so both tracks at 2 and 3 go to one of them."""
    groups = group_tracks(directions(0, 1, 40), [(0, 1)], near(60))
    assert groups[0] != groups[1]
    assert group_tracks(directions(0, 0), [(0, 1)], -1.0) == [0, 1]


def test_what_is_kept_apart_stays_so_through_others():
    """0 and 20 are apart; 10 joins one of them and may not bring the other along."""
    groups = group_tracks(directions(0, 20, 9), [(0, 1)], near(30))
    assert groups == [0, 1, 0]


def test_groups_are_alike_by_their_mean_not_by_a_chain():
    """Each is 18 degrees from the next: single linkage would make one group of all."""
    groups = group_tracks(directions(*range(0, 180, 18)), [], near(20))
    assert len(set(groups)) >= 4


def test_nothing_and_one():
    assert group_tracks(np.empty((0, 2), np.float32), [], 0.5) == []
    assert group_tracks(directions(10), [], 0.5) == [0]


@pytest.mark.parametrize("seed", range(5))
def test_it_merges_what_a_plain_search_over_all_pairs_merges(seed):
    """The remembered nearest groups must be those that looking at every pair in every round finds."""
    random = np.random.default_rng(seed)
    vectors = random.normal(size=(30, 4))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    apart = {(int(one), int(other)) for one, other in random.integers(0, 30, (12, 2)) if one != other}
    assert group_tracks(vectors, apart, 0.3) == plain_search(vectors, apart, 0.3)


def plain_search(vectors, apart, same_person):
    groups = [[row] for row in range(len(vectors))]

    def alike(one, other):
        if any((a, b) in apart or (b, a) in apart for a in one for b in other):
            return -np.inf
        return np.mean([vectors[a] @ vectors[b] for a in one for b in other])

    while True:
        pairs = [(alike(one, other), i, j) for i, one in enumerate(groups) for j, other in enumerate(groups) if i < j]
        best, i, j = max(pairs, default=(-np.inf, 0, 0))
        if best < same_person:
            break
        groups[i] += groups.pop(j)
    groups.sort(key=min)
    number = {row: place for place, group in enumerate(groups) for row in group}
    return [number[row] for row in range(len(vectors))]
