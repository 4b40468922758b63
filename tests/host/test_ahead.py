"""Do the threads keep order, hand on errors, and end?"""

import threading
import time
from contextlib import contextmanager, nullcontext

import pytest

from understudy.ahead import Behind, ahead, see_out


def test_values_come_in_order():
    assert list(ahead(range(100), depth=3)) == list(range(100))


def test_an_error_is_raised_after_the_values_before_it():
    def values():
        yield 1
        raise ValueError("broken")

    source = ahead(values(), depth=3)
    assert next(source) == 1
    with pytest.raises(ValueError, match="broken"):
        next(source)


def test_it_works_ahead_by_the_depth_and_no_more():
    made = []

    def values():
        for number in range(50):
            made.append(number)
            yield number

    source = ahead(values(), depth=2)
    next(source)
    source.close()
    assert len(made) <= 5
    assert not [thread for thread in threading.enumerate() if thread.name == "ahead"]


def test_behind_uses_all_values_in_order():
    used = []
    with Behind(nullcontext(used.append), depth=2) as consumer:
        for number in range(20):
            consumer.put(number)
    consumer.result()
    assert used == list(range(20))


def test_behind_raises_what_the_consumer_raised():
    def use(value):
        raise OSError(f"no room for {value}")

    with pytest.raises(OSError, match="no room for 0"):
        feed(use, 20)
    assert not [thread for thread in threading.enumerate() if thread.name == "behind"]


def test_behind_does_not_hide_the_callers_error():
    with pytest.raises(KeyError, match="mine"):
        feed(lambda value: None, 3, fail_with=KeyError("mine"))


def test_behind_drops_what_it_has_not_begun_when_the_caller_fails():
    used = []

    def use(value):
        used.append(value)
        while not consumer._is_dropped:
            time.sleep(0.01)

    consumer = Behind(nullcontext(use), depth=4)
    with pytest.raises(KeyError, match="mine"):
        feed(consumer, 3, fail_with=KeyError("mine"))
    assert used in ([0], [])


@contextmanager
def closed_slowly(said, may_close):
    """Give a consumer that takes its time to close, and says how it was left."""
    try:
        yield said.append
    except BaseException:
        said.append("dropped")
        raise
    may_close.wait(10)
    said.append("closed")


def test_leaving_behind_does_not_wait_for_the_consumer_to_close_and_its_result_does():
    said, may_close = [], threading.Event()
    with Behind(closed_slowly(said, may_close), depth=2) as consumer:
        consumer.put(1)
    assert "closed" not in said
    may_close.set()
    consumer.result()
    assert said == [1, "closed"]


def test_a_consumer_is_closed_by_an_error_when_the_caller_fails():
    said, may_close = [], threading.Event()
    may_close.set()
    with pytest.raises(KeyError, match="mine"):
        feed(Behind(closed_slowly(said, may_close), depth=2), 1, fail_with=KeyError("mine"))
    assert said[-1] == "dropped"


def test_what_the_consumer_raises_when_it_closes_is_its_result():
    @contextmanager
    def opened():
        yield lambda value: None
        raise OSError("no room at the end")

    with Behind(opened(), depth=1) as consumer:
        consumer.put(1)
    with pytest.raises(OSError, match="no room at the end"):
        consumer.result()
    consumer.wait()


def test_ctrl_c_does_not_leave_a_thread_behind_and_is_raised_once_it_has_ended():
    told, joins = [], []

    class Impatient(threading.Thread):
        def join(self, timeout=None):
            joins.append(timeout)
            if len(joins) < 3:
                raise KeyboardInterrupt
            super().join(timeout)

    def work():
        while len(told) < 3:
            time.sleep(0.01)

    thread = Impatient(target=work, daemon=True)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        see_out(thread, lambda: told.append(None))
    assert not thread.is_alive()
    assert len(joins) == 3


def feed(use, count, fail_with=None):
    with use if isinstance(use, Behind) else Behind(nullcontext(use), depth=1) as consumer:
        for number in range(count):
            consumer.put(number)
        if fail_with is not None:
            raise fail_with
    consumer.result()
