"""Does freed memory go back to the system?"""

import sys
import threading

import psutil
import pytest

from understudy.memory import give_back


@pytest.mark.skipif(sys.platform != "linux", reason="the C library cannot be told to")
def test_what_a_thread_has_freed_goes_back():
    kept = []

    def work():
        parts = [bytearray(100_000) for _ in range(2000)]
        kept.append(bytearray(100_000))  # behind the others, so that they are not at the heap's end
        del parts

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    before = psutil.Process().memory_info().rss
    give_back()
    assert before - psutil.Process().memory_info().rss > 100_000_000
