"""Is a training that stands still told from one that learns, and from one whose losses merely scatter?"""

import numpy as np
import pytest

from understudy.training.plateau import MIN_STEPS, advice_for, trend_of, trend_of_all


def curve(steps, shape, noise, seed=0):
    """Return losses that follow a shape from 0 to 1, with noise as a share of them."""
    along = np.linspace(0, 1, steps)
    return shape(along) * (1 + noise * np.random.default_rng(seed).normal(size=steps))


@pytest.mark.parametrize("seed", range(5))
def test_a_falling_loss_is_learning_however_it_scatters(seed):
    assert trend_of(curve(20_000, lambda along: 1.0 - 0.6 * along, 0.2, seed)) == "learning"


@pytest.mark.parametrize("seed", range(5))
def test_a_flat_loss_is_never_taken_for_a_rising_one(seed):
    assert trend_of(curve(40_000, lambda along: 0.5 + 0 * along, 0.2, seed)) in {"plateau", "unknown", "learning"}
    assert trend_of(curve(40_000, lambda along: 0.5 + 0 * along, 1e-4, seed)) == "plateau"


def test_a_flat_loss_that_scatters_is_noticed_in_time():
    found = {trend_of(curve(steps, lambda along: 0.5 + 0 * along, 0.1, steps)) for steps in range(20_000, 60_000, 5000)}
    assert "plateau" in found


def test_a_loss_that_fell_first_and_then_stands_still_is_a_plateau():
    falls_first = curve(40_000, lambda along: np.where(along < 0.5, 1.0 - along, 0.5), 1e-3)
    assert trend_of(falls_first) == "plateau"


def test_a_slowly_rising_loss_is_a_divergence():
    assert trend_of(curve(20_000, lambda along: 0.3 + 0.3 * along, 0.1)) == "divergence"


def test_too_few_steps_and_losses_that_are_not_there_are_not_judged():
    assert trend_of(np.full(MIN_STEPS - 1, 0.5)) == "unknown"
    assert trend_of(np.full(2 * MIN_STEPS, np.nan)) == "unknown"
    assert trend_of(np.zeros(2 * MIN_STEPS)) == "unknown"


def test_several_losses_stand_still_only_together():
    flat, falling = np.full(MIN_STEPS, 0.5), np.linspace(1.0, 0.2, MIN_STEPS)
    assert trend_of_all({"source": flat, "target": flat}) == "plateau"
    assert trend_of_all({"source": flat, "target": falling}) == "learning"
    assert trend_of_all({"source": falling[::-1], "target": falling}) == "divergence"
    assert trend_of_all({}) == "unknown"


def test_advice_is_given_where_there_is_something_to_do():
    assert "understudy plugins show" in advice_for("plateau", 7000)
    assert "rollback" in advice_for("divergence", 7000)
    assert advice_for("learning", 7000) == advice_for("unknown", 7000) == ""
