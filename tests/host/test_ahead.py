"""Do the threads keep order, hand on errors, and end?"""

import signal
import threading
import time
from contextlib import contextmanager, nullcontext

import pytest

from understudy.ahead import Behind, Seen, ahead, see_out

on_posix = pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="no thread can be sent a signal here")


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


@on_posix
def test_ctrl_c_is_raised_once_the_thread_has_ended_and_not_before():
    """A real signal, for it is within ``Thread.join`` that Python 3.11 takes a thread for ended that is not."""
    ended = []

    def work():
        for _ in range(3):
            time.sleep(0.1)
            press_ctrl_c()
        time.sleep(0.2)
        ended.append(True)

    thread = Seen(work, "slow")
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        see_out(thread, lambda: None)
    assert ended == [True]


@on_posix
def test_ctrl_c_while_the_end_is_told_drops_what_waits_and_leaves_no_thread():
    may_go_on, used = threading.Event(), []

    def use(value):
        used.append(value)
        may_go_on.wait(10)

    consumer = Behind(nullcontext(use), depth=1)

    def interrupt():
        time.sleep(0.2)
        press_ctrl_c()
        time.sleep(0.2)
        may_go_on.set()

    with pytest.raises(KeyboardInterrupt), consumer:  # noqa: PT012 - it is leaving the block that is interrupted
        consumer.put(0)
        while not used:
            time.sleep(0.01)
        consumer.put(1)  # the queue is full, so the end cannot be told
        threading.Thread(target=interrupt, daemon=True).start()
    assert used == [0]
    assert not [thread for thread in threading.enumerate() if thread.name == "behind"]


def press_ctrl_c():
    """Send what Ctrl-C sends; it reaches the main thread in the middle of a wait."""
    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)


def feed(use, count, fail_with=None):
    with use if isinstance(use, Behind) else Behind(nullcontext(use), depth=1) as consumer:
        for number in range(count):
            consumer.put(number)
        if fail_with is not None:
            raise fail_with
    consumer.result()
