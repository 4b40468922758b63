"""Is a collapse noticed soon, and nothing else taken for one?"""

import numpy as np
import pytest

from understudy.training.collapse import LATENESS, PATIENCE, CollapseWatch


def first_alarm(source, target=None):
    """Return the step of the first alarm and its words, or None; losses count from step 1."""
    watch = CollapseWatch()
    target = source if target is None else target
    for step, losses in enumerate(zip(source, target, strict=True), 1):
        words = watch.add(step, dict(zip(("source", "target"), losses, strict=True)))
        if words:
            return step, words
    return None


def curve(*parts, noise=0.15, seed=0):
    """Return losses through (steps, from, to) parts, with the noise of small batches."""
    clean = np.concatenate([np.geomspace(begin, end, steps) for steps, begin, end in parts])
    return clean * np.exp(np.random.default_rng(seed).normal(0, noise, len(clean)))


# The reference's own curve: it falls to 1.5 in 250 steps, and one side then goes back to a flat picture's loss.
REFERENCE = ((50, 3.5, 2.1), (50, 2.0, 1.7), (180, 1.7, 1.5))


@pytest.mark.parametrize("side", ["source", "target"])
@pytest.mark.parametrize("seed", range(5))
def test_the_references_collapse_is_noticed(side, seed):
    good = curve(*REFERENCE, (220, 1.5, 1.3), seed=seed)
    bad = curve(*REFERENCE, (20, 1.5, 3.6), (200, 3.6, 4.0), seed=seed + 100)
    step, words = first_alarm(*((bad, good) if side == "source" else (good, bad)))
    assert 280 + PATIENCE < step < 280 + PATIENCE + 60
    assert words.startswith(f"the {side} loss rose from 1.")


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    "parts",
    [
        ((*REFERENCE, (700, 1.5, 0.9))),
        ((1000, 3.0, 3.0)),  # a model that learns nothing
        ((300, 3.0, 1.0), (500, 1.3, 1.2)),  # harder pictures
        ((400, 0.1, 1e-5), (400, 1e-4, 1e-4)),  # near zero, a multiple is still nothing
        ((30, 1.0, 4.0), (300, 4.0, 1.0)),  # worse before better
    ],
)
def test_ordinary_training_raises_no_alarm(parts, seed):
    parts = parts if isinstance(parts[0], tuple) else (parts,)
    assert first_alarm(curve(*parts, noise=0.3, seed=seed)) is None


@pytest.mark.parametrize(("length", "height"), [(1, 1e6), (5, 20.0), (15, 5.0)])
def test_bad_batches_raise_no_alarm(length, height):
    losses = curve(*REFERENCE, (300, 1.5, 1.2))
    losses[300 : 300 + length] *= height
    assert first_alarm(losses) is None


def test_a_resumed_watch_judges_as_an_unbroken_one():
    bad = curve(*REFERENCE, (20, 1.5, 3.6), (200, 3.6, 4.0))
    rows = [(step, {"source": loss, "target": 1.0}) for step, loss in enumerate(bad, 1)]
    alarm, _ = first_alarm(bad, np.ones(len(bad)))
    for cut in (10, 200, 300):
        watch = CollapseWatch(rows[:cut])
        assert next(step for step, losses in rows[cut:] if watch.add(step, losses)) == alarm


@pytest.mark.parametrize("seed", range(5))
def test_what_is_surely_good_lies_before_the_collapse(seed):
    bad = curve(*REFERENCE, (20, 1.5, 3.6), (200, 3.6, 4.0), seed=seed)
    watch, alarmed = CollapseWatch(), False
    for step, loss in enumerate(bad, 1):
        alarmed = alarmed or bool(watch.add(step, {"source": loss, "target": 1.0}))
        if step <= 280:
            assert watch.good_until == step - LATENESS
        if alarmed:
            break
    assert alarmed
    assert 240 < watch.good_until <= 280


def test_losses_that_are_unknown_count_for_nothing():
    watch = CollapseWatch()
    assert not any(watch.add(step, {"source": float("nan")}) for step in range(1, 200))
