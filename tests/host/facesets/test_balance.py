"""Does the choice of the best faces show every side, and the best of each?"""

import pytest

from understudy.faceset import Faceset
from understudy.facesets.balance import choose_best, fair_shares
from understudy.facesets.facts import read_facts
from understudy.progress import Silent


@pytest.mark.parametrize(
    ("sizes", "count", "shares"),
    [
        ([10, 10], 6, [3, 3]),
        ([2, 10, 10], 12, [2, 5, 5]),
        ([1, 2, 9], 6, [1, 2, 3]),
        ([5, 5, 5], 4, [1, 2, 1]),
        ([1, 1, 1, 1, 1, 1], 2, [0, 1, 0, 0, 1, 0]),
        ([3, 1], 100, [3, 1]),
        ([], 5, []),
    ],
)
def test_shares_level_out(sizes, count, shares):
    assert fair_shares(sizes, count) == shares


def chosen(folder, count):
    with Faceset(folder) as index:
        facts = read_facts(index)
        figure = {face.name: face.sharpness for face in facts}
        names = choose_best(index, facts, figure, count, Silent())
        return sorted(face.frame for face in facts if face.name in names)


def test_a_rare_pose_is_worth_as_much_as_a_frequent_one(make_faceset, drawn):
    front = [drawn(frame=at, seed=at, sharpness=100) for at in range(20)]
    aside = [drawn(frame=50 + at, seed=at, yaw=40, sharpness=5) for at in range(2)]
    up = [drawn(frame=70, pitch=30, sharpness=5)]
    frames = chosen(make_faceset([*front, *aside, *up]), 6)
    assert [frame for frame in frames if frame >= 50] == [50, 51, 70]
    assert len(frames) == 6


def test_of_one_pose_the_best_are_taken(make_faceset, drawn):
    faces = [drawn(frame=at, seed=at, sharpness=at) for at in range(30)]
    assert chosen(make_faceset(faces), 1) == [29]
    assert min(chosen(make_faceset(faces, name="two"), 2)) >= 10  # of the 20 sharpest


def test_of_good_faces_those_unlike_each_other_are_taken(make_faceset, drawn):
    twins = [drawn(frame=at, sharpness=100 - at) for at in range(5)]
    other = drawn(frame=9, seed=3, sharpness=50)
    assert chosen(make_faceset([*twins, other]), 2) == [0, 9]


def test_faces_without_a_figure_are_left_out(make_faceset, drawn):
    with Faceset(make_faceset([drawn(frame=0), drawn(frame=1)])) as index:
        facts = read_facts(index)
        assert choose_best(index, facts, {facts[1].name: 1.0}, 5, Silent()) == [facts[1].name]
