"""Do faces come in the order a metric promises, and is what was measured or ordered kept?"""

from types import SimpleNamespace

import numpy as np
import pytest

from understudy.errors import RequestError
from understudy.faceset import NO_TRACK, Faceset
from understudy.facesets.facts import read_facts
from understudy.facesets.groups import GROUPINGS, Grouping, grouped
from understudy.facesets.metrics import METRICS, metric_named
from understudy.facesets.orders import make_order, save_order, saved_order
from understudy.progress import Silent
from understudy_sdk import FaceType


@pytest.fixture
def frames_by():
    """Give a function that orders a faceset and says the frames' positions in that order."""

    def order(folder, name, **options):
        with Faceset(folder, writable=True) as index:
            facts = read_facts(index)
            found = make_order(index, facts, metric_named(name), Silent(), **options)
            frames = {face.name: face.frame for face in facts}
            assert sorted(found.names) == sorted(frames)
            return SimpleNamespace(frames=[frames[name] for name in found.names], order=found)

    return order


@pytest.mark.parametrize(
    ("metric", "least_first"),
    [
        ("yaw", False), ("pitch", False), ("roll", False), ("sharpness", False), ("score", False), ("size", False),
        ("luma", False), ("brightness", False), ("distance", True),
    ],
)  # fmt: skip
def test_a_figure_orders_faces(metric, least_first, make_faceset, drawn, frames_by):
    rising = [
        drawn(
            frame=at, yaw=at * 3 - 4, pitch=at * 2, roll=at - 5, sharpness=at + 1, score=0.1 + at / 10,
            size_px=50 + at, light=0.4 + at / 10, smile=at / 40,
        )
        for at in (2, 0, 3, 1)
    ]  # fmt: skip
    assert frames_by(make_faceset(rising), metric).frames == ([0, 1, 2, 3] if least_first else [3, 2, 1, 0])


@pytest.mark.parametrize("metric", ["blur", "motion_blur", "laplacian", "blur_fft"])
def test_sharp_pictures_come_before_blurred_copies(metric, make_faceset, drawn, frames_by):
    folder = make_faceset([drawn(frame=at, blur=blur) for at, blur in ((0, 1.5), (1, 0.0), (2, 0.7))])
    assert frames_by(folder, metric).frames == [1, 2, 0]


def test_colors_order_faces(make_faceset, drawn, frames_by):
    tints = [(1.0, 0.1, 0.1), (0.1, 1.0, 0.1), (0.1, 0.1, 1.0), (0.0, 0.3, 0.9)]
    folder = make_faceset([drawn(frame=at, tint=tint) for at, tint in enumerate(tints)])
    assert frames_by(folder, "hue").frames[-2:] == [1, 0]
    assert frames_by(folder, "orange").frames[0] == 0
    assert frames_by(folder, "green").frames[0] == 1
    black = frames_by(folder, "black")
    assert black.frames[-1] == 3
    assert black.order.values[black.order.names[-1]] == 128 * 128


def test_faces_alone_in_their_frame_come_first(make_faceset, drawn, frames_by):
    folder = make_faceset([drawn(frame=0), drawn(frame=0, box_x=90.0, seed=1), drawn(frame=1)])
    assert frames_by(folder, "faces_in_frame").frames == [1, 0, 0]


@pytest.mark.parametrize("metric", ["hist", "absdiff"])
def test_a_chain_goes_from_like_to_like(metric, make_faceset, drawn, frames_by):
    """Two kinds of face alternate in time; beside each other each kind comes once."""
    faces = [drawn(frame=at, light=0.3 + 0.7 * (at % 2), blur=0.1 * at + 0.1) for at in range(8)]
    frames = frames_by(make_faceset(faces), metric).frames
    assert [frame % 2 for frame in frames] == [0, 0, 0, 0, 1, 1, 1, 1]


def test_a_chain_to_the_farthest_alternates(make_faceset, drawn, frames_by):
    faces = [drawn(frame=at, light=0.3 + 0.7 * (at > 3)) for at in range(8)]
    found = frames_by(make_faceset(faces), "absdiff_dissim")
    assert [frame > 3 for frame in found.frames] == [False, True] * 4
    assert found.order.values[found.order.names[1]] > 50


@pytest.mark.parametrize("metric", ["hist_dissim", "landmarks_dissim"])
def test_what_is_like_no_other_comes_first(metric, make_faceset, drawn, frames_by):
    faces = [drawn(frame=at, light=1.0 - 0.6 * (at == 2), smile=0.2 * (at == 2)) for at in range(5)]
    assert frames_by(make_faceset(faces), metric).frames[0] == 2


def test_a_chain_over_landmarks_follows_the_mouth(make_faceset, drawn, frames_by):
    faces = [drawn(frame=at, smile=smile) for at, smile in enumerate((0.0, 0.2, 0.05, 0.15, 0.1))]
    assert frames_by(make_faceset(faces), "landmarks").frames == [0, 2, 4, 3, 1]


def test_blocks_go_on_from_the_last_face(make_faceset, drawn, frames_by, monkeypatch):
    monkeypatch.setattr("understudy.facesets.chains.BLOCK_FACES", 3)
    faces = [drawn(frame=at, light=light) for at, light in enumerate((0.2, 0.5, 0.4, 1.0, 0.6, 0.8))]
    assert frames_by(make_faceset(faces), "absdiff").frames == [0, 2, 1, 4, 5, 3]


def test_people_come_by_name_and_the_typical_track_first(make_faceset, drawn, frames_by):
    looks = {0: (1.0, 0.0), 1: (0.0, 1.0), 2: (0.8, 0.6), 3: (0.95, 0.3)}
    names = {0: "bob", 1: "anna", 2: "bob", 3: "bob"}
    people = {track: (names[track], np.array(looks[track], np.float32)) for track in looks}
    faces = [*(drawn(frame=track, track=track) for track in looks), drawn(frame=9, track=NO_TRACK)]
    found = frames_by(make_faceset(faces, people=people), "person")
    assert found.frames == [1, 3, 0, 2, 9]
    assert found.order.damaged == ()


def test_reversed_and_damaged(make_faceset, drawn, damage, frames_by):
    folder = make_faceset([drawn(frame=at, light=0.2 + at / 5) for at in range(4)])
    name = damage(folder, 3)
    found = frames_by(folder, "brightness")
    assert (found.frames, found.order.damaged) == ([2, 1, 0, 3], (name,))
    assert frames_by(folder, "brightness", is_reversed=True).frames == [0, 1, 2, 3]
    assert frames_by(folder, "hist").order.damaged == (name,)


def test_what_was_measured_is_kept_until_it_is_asked_for_again(make_faceset, drawn, frames_by):
    folder = make_faceset([drawn(frame=at, light=0.2 + at / 5) for at in range(2)])
    before = frames_by(folder, "brightness").order
    with Faceset(folder, writable=True) as index:
        index.set_measures("brightness", {before.names[-1]: 999.0})
    assert frames_by(folder, "brightness").order.values[before.names[-1]] == 999.0
    assert frames_by(folder, "brightness", again=True).order.values == before.values


def test_an_order_is_kept_while_it_knows_every_face(make_faceset, drawn, frames_by):
    folder = make_faceset([drawn(frame=at, light=0.2 + at / 5) for at in range(3)])
    order = frames_by(folder, "hist", is_reversed=True).order
    with Faceset(folder, writable=True) as index:
        facts = read_facts(index)
        assert saved_order(index, facts, METRICS["hist"]) is None
        save_order(index, order)
        kept = saved_order(index, facts, METRICS["hist"])
        assert kept is not None
        assert kept.names == order.names
        more = [drawn(frame=at).found() for at in (0, 7)]
        index.add_chunk(1, (0, 1000), more, (FaceType.WHOLE_FACE, 128, ".png"))
        assert saved_order(index, read_facts(index), METRICS["hist"]) is None


def test_an_unknown_metric_is_named_with_its_neighbour():
    with pytest.raises(RequestError, match=r"'blurr'. Did you mean 'blur'"):
        metric_named("blurr")


def test_every_metric_orders_every_face(make_faceset, drawn, frames_by):
    folder = make_faceset([drawn(frame=at, seed=at) for at in range(3)])
    for name in METRICS:
        assert len(frames_by(folder, name).frames) == 3


def test_groups_hold_their_faces_in_order(make_faceset, drawn):
    yaws = (-30, 40, -25, 10, 38)
    folder = make_faceset([drawn(frame=at, yaw=yaw, track=at % 2) for at, yaw in enumerate(yaws)])
    with Faceset(folder, writable=True) as index:
        facts = read_facts(index)
        names = [face.name for face in facts]
        by_yaw = grouped(index, facts, names, Grouping.parse("yaw:2"), Silent())
        by_track = grouped(index, facts, list(reversed(names)), Grouping("track"), Silent())
        nobody = grouped(index, facts, names, Grouping("person"), Silent())
        for grouping in GROUPINGS:
            found = grouped(index, facts, names, Grouping(grouping), Silent())
            assert sorted(name for group in found for name in group.names) == sorted(names)
    assert [(group.label, [names.index(name) for name in group.names]) for group in by_yaw] == [
        ("yaw -30 to 5", [0, 2]),
        ("yaw 5 to 40", [1, 3, 4]),
    ]
    assert [(group.label, [names.index(name) for name in group.names]) for group in by_track] == [
        ("track 0", [4, 2, 0]),
        ("track 1", [3, 1]),
    ]
    assert [group.label for group in nobody] == ["nobody named"]


@pytest.mark.parametrize(("text", "said"), [("yaaw", "Did you mean 'yaw'"), ("yaw:0", "yaw:7"), ("yaw:x", "yaw:7")])
def test_a_wrong_grouping_is_refused(text, said):
    with pytest.raises(RequestError, match=said):
        Grouping.parse(text)
