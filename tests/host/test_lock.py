"""Is a folder worked on by one run at a time, and free again however that run ended?"""

import json
import os
import signal
import socket
import subprocess
import sys

import pytest

from understudy.errors import StoreError
from understudy.lock import LOCK_NAME, locked

HOLDER = """
import sys, time
from pathlib import Path
from understudy.lock import locked
with locked(Path(sys.argv[1]), "training"):
    print("held", flush=True)
    time.sleep(120)
"""


@pytest.fixture
def holder(tmp_path):
    """Give a process that holds the folder ``held``."""
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path / "held")], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


def test_second_run_is_refused_and_told_who_the_first_is(holder, tmp_path):
    with pytest.raises(StoreError, match="held is in use") as caught, locked(tmp_path / "held", "merging"):
        pass
    assert f"process {holder.pid} on {socket.gethostname()} is training" in str(caught.value)


def test_lock_of_a_killed_run_is_taken_over(holder, tmp_path):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert json.loads((tmp_path / "held" / LOCK_NAME).read_text())["pid"] == holder.pid
    with locked(tmp_path / "held", "merging"):
        assert json.loads((tmp_path / "held" / LOCK_NAME).read_text())["pid"] == os.getpid()


def test_folder_is_made_and_free_afterwards(tmp_path):
    for _ in range(2):
        with locked(tmp_path / "a" / "b", "training"):
            assert (tmp_path / "a" / "b").is_dir()


def test_folder_is_free_after_an_error(tmp_path):
    with pytest.raises(ZeroDivisionError), locked(tmp_path, "training"):
        raise ZeroDivisionError
    with locked(tmp_path, "training"):
        pass


def test_same_process_is_refused_too(tmp_path):
    with locked(tmp_path, "training"):
        with pytest.raises(StoreError, match=f"process {os.getpid()}"), locked(tmp_path, "training"):
            pass
        with pytest.raises(StoreError, match="is in use"), locked(tmp_path, "training"):
            pass


def test_folders_do_not_lock_each_other(tmp_path):
    with locked(tmp_path / "a", "training"), locked(tmp_path / "b", "training"), locked(tmp_path, "running"):
        pass


def test_unsigned_lock_is_respected(tmp_path):
    with locked(tmp_path, "training"):
        (tmp_path / LOCK_NAME).write_text("")
        with pytest.raises(StoreError, match="another process holds it"), locked(tmp_path, "training"):
            pass
