"""Are all losses kept, also when a line is torn or a run goes back?"""

import math

import numpy as np
import pytest

from understudy.errors import StoreError
from understudy.training import read_losses
from understudy.training.history import LossHistory, LossTable


def both(value):
    return {"source": value, "target": value / 3}


def test_losses_come_back_to_the_bit(tmp_path):
    path = tmp_path / "losses.jsonl"
    values = np.random.default_rng(0).random(50)
    with LossHistory(path) as history:
        for step, value in enumerate(values, 1):
            history.add(step, both(value))
    table = read_losses(path)
    assert table.names == ("source", "target")
    np.testing.assert_array_equal(table.steps, np.arange(1, 51))
    np.testing.assert_array_equal(table.losses("target"), values / 3)
    assert len(table) == 50


def test_a_line_is_there_as_soon_as_it_is_added(tmp_path):
    with LossHistory(tmp_path / "losses.jsonl") as history:
        history.add(1, both(0.5))
        assert len(read_losses(history.path)) == 1


def test_torn_line_is_closed_and_eats_no_other(tmp_path):
    path = tmp_path / "losses.jsonl"
    path.write_text('{"step": 1, "source": 0.5}\n{"step": 2, "sour')
    with LossHistory(path) as history:
        assert list(history.table.rows(until=9)) == [(1, {"source": 0.5})]
        history.add(2, {"source": 0.25})
    assert list(read_losses(path).rows(until=9)) == [(1, {"source": 0.5}), (2, {"source": 0.25})]


def test_whole_last_line_is_left_as_it_is(tmp_path):
    path = tmp_path / "losses.jsonl"
    for step in (1, 2):
        with LossHistory(path) as history:
            history.add(step, both(1.0))
    assert len(path.read_text().splitlines()) == 2


def test_later_record_counts_and_what_was_beyond_it_does_not(tmp_path):
    path = tmp_path / "losses.jsonl"
    with LossHistory(path) as history:
        for step in range(1, 7):
            history.add(step, both(1.0))
        for step in (4, 5):
            history.add(step, both(2.0))
        assert history.table.steps.tolist() == [1, 2, 3, 4, 5]
    assert read_losses(path).losses("source").tolist() == [1.0, 1.0, 1.0, 2.0, 2.0]


def test_loss_that_is_not_finite_is_written_as_null(tmp_path):
    with LossHistory(tmp_path / "losses.jsonl") as history:
        history.add(1, {"source": math.inf, "target": 1.0})
    assert history.path.read_text() == '{"step": 1, "source": null, "target": 1.0}\n'
    assert math.isnan(read_losses(history.path).losses("source")[0])


def test_losses_that_come_up_later_are_unknown_before():
    table = LossTable()
    table.add(1, {"source": 1.0})
    table.add(2, {"source": 2.0, "gan": 3.0})
    table.add(3, {"gan": 4.0})
    np.testing.assert_array_equal(table.losses("gan"), [math.nan, 3.0, 4.0])
    np.testing.assert_array_equal(table.losses("source"), [1.0, 2.0, math.nan])


@pytest.mark.parametrize("line", ["[]", "null", '{"source": 1}', '{"step": "2"}', "\ufffd\ufffd"])
def test_lines_of_another_kind_are_passed_over(tmp_path, line):
    path = tmp_path / "losses.jsonl"
    path.write_text(f'{line}\n{{"step": 1, "source": 0.5}}\n')
    assert read_losses(path).steps.tolist() == [1]


def test_no_file_means_no_losses(tmp_path):
    assert len(read_losses(tmp_path / "losses.jsonl")) == 0


def test_file_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(StoreError, match=r"cannot be kept in .*losses\.jsonl"):
        LossHistory(tmp_path / "nowhere" / "losses.jsonl")
