"""Does a filter set aside exactly the faces that do not meet what is asked?"""

import numpy as np
import pytest

from understudy.errors import RequestError
from understudy.faceset import Faceset, Origin
from understudy.facesets.facts import read_facts
from understudy.facesets.filters import Criteria, Span, judge, origins_named
from understudy.progress import Silent


@pytest.fixture
def failing(make_faceset):
    """Give a function that says which frames' faces fail."""

    def frames(faces, named=None, **asked):
        with Faceset(make_faceset(faces, people=named)) as index:
            facts = read_facts(index)
            verdict = judge(index, facts, Criteria(**asked), Silent())
            of_name = {face.name: face.frame for face in facts}
            return [of_name[name] for name in verdict.failing]

    return frames


def faces(drawn):
    return [
        drawn(frame=0, sharpness=10, size_px=40, score=0.4, yaw=-50, pitch=-20, track=0),
        drawn(frame=1, sharpness=30, size_px=80, score=0.6, yaw=0, pitch=0, track=1, origin=Origin.FILLED),
        drawn(frame=2, sharpness=50, size_px=120, score=0.8, yaw=50, pitch=20, track=1),
        drawn(frame=2, sharpness=50, size_px=120, score=0.8, yaw=50, pitch=20, track=2, box_x=90.0),
    ]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"min_sharpness": 30}, [0]),
        ({"min_size_px": 81}, [0, 1]),
        ({"min_score": 0.6}, [0]),
        ({"yaw_deg": Span(-10, 60)}, [0]),
        ({"pitch_deg": Span.parse(":0")}, [2, 2]),
        ({"tracks": (0, 2)}, [1, 2]),
        ({"origins": (Origin.FOUND,)}, [1]),
        ({"origins": (Origin.FILLED,), "is_inverted": True}, [1]),
        ({"is_alone": True}, [2, 2]),
        ({"min_sharpness": 30, "tracks": (0, 1)}, [0, 2]),
        ({"min_sharpness": 30, "tracks": (0, 1), "is_inverted": True}, [1, 2]),
    ],
)
def test_each_criterion(asked, expected, failing, drawn):
    assert failing(faces(drawn), **asked) == expected


def test_people(failing, drawn):
    people = {0: ("anna", np.ones(2, np.float32)), 1: ("bob", np.ones(2, np.float32))}
    assert failing(faces(drawn), people, people=("anna",)) == [1, 2, 2]


def test_duplicates_are_found_along_a_track(failing, drawn):
    same = [drawn(frame=at, light=light) for at, light in ((0, 1.0), (1, 0.995), (2, 0.7), (3, 0.7), (4, 1.0))]
    other_track = drawn(frame=5, light=1.0, track=1)
    assert failing([*same, other_track], duplicates=5.0) == [1, 3]


def test_slow_change_is_no_duplicate_for_ever(failing, drawn):
    """Each differs little from the one before it, but all are compared with the last one that stays."""
    fading = [drawn(frame=at, light=1.0 - at * 0.02) for at in range(10)]
    assert 3 <= 10 - len(failing(fading, duplicates=5.0)) <= 6


def test_a_damaged_picture_is_set_aside_as_such(make_faceset, drawn, damage):
    folder = make_faceset([drawn(frame=at, seed=at) for at in range(3)])
    name = damage(folder, 1)
    with Faceset(folder) as index:
        verdict = judge(index, read_facts(index), Criteria(duplicates=1.0), Silent())
    assert (verdict.failing, verdict.counts) == ((name,), {"damaged picture": 1, "duplicate": 0})


def test_what_is_set_aside_is_not_judged_again(make_faceset, drawn):
    with Faceset(make_faceset(faces(drawn)), writable=True) as index:
        first = judge(index, read_facts(index), Criteria(min_sharpness=30), Silent())
        index.mark(first.failing, Criteria(min_sharpness=30).words())
        facts = read_facts(index)
        assert [face.mark for face in facts if face.mark] == ["not: sharpness >= 30"]
        second = judge(index, facts, Criteria(min_sharpness=40), Silent())
        assert (second.judged, second.counts) == (3, {"sharpness >= 40": 1})


@pytest.mark.parametrize(
    ("asked", "said"),
    [({}, "nothing to filter by"), ({"people": ("eve",)}, "nobody .* 'eve'"), ({"tracks": (7,)}, "no track 7")],
)
def test_what_cannot_be_asked(asked, said, failing, drawn):
    with pytest.raises(RequestError, match=said):
        failing(faces(drawn), **asked)


@pytest.mark.parametrize(
    ("text", "span"), [("-30:30", (-30, 30)), (":5", (-float("inf"), 5)), ("1:", (1, float("inf")))]
)
def test_a_span_is_read(text, span):
    assert (Span.parse(text).low, Span.parse(text).high) == span
    assert str(Span.parse(text)) == text


@pytest.mark.parametrize("text", ["5", "a:b", "30:-30", ""])
def test_no_span(text):
    with pytest.raises(RequestError, match="LOW:HIGH"):
        Span.parse(text)


def test_an_unknown_origin():
    assert origins_named(["filled"]) == (Origin.FILLED,)
    with pytest.raises(RequestError, match="'guessed'"):
        origins_named(["guessed"])
