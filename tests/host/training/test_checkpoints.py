"""Does a checkpoint come back whole or not at all, and are the right ones kept?"""

import json
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
import torch

from understudy import aside
from understudy.errors import StoreError
from understudy.training import Checkpoints, CheckpointState, checkpoints


def fail(text):
    pytest.fail(f"nothing should be said, but was: {text}")


@pytest.fixture
def folder(tmp_path):
    return Checkpoints(tmp_path / "run")


def save(folder, step, value=1.0):
    state = CheckpointState(step=step, losses={"source": 0.5, "target": 0.25}, model="tiny", recoveries=(3,))
    return folder.save(state, {"w": torch.full((4, 3), value)}, {"m": torch.arange(5), "rate": torch.tensor(0.1)})


def test_what_is_saved_comes_back(folder):
    path = save(folder, 500)
    assert path.name == "step-00000500"
    found = folder.newest(fail)
    assert torch.equal(found.weights()["w"], torch.ones(4, 3))
    assert torch.equal(found.optimizer_state()["m"], torch.arange(5))
    assert (found.state.step, found.state.model, found.state.recoveries) == (500, "tiny", (3,))
    assert found.state.losses == {"source": 0.5, "target": 0.25}
    assert found.state.made_with["torch"] == metadata.version("torch")
    assert sorted(file.name for file in path.iterdir()) == [
        "optimizer.safetensors",
        "state.json",
        "weights.safetensors",
    ]


def test_views_and_shared_tensors_can_be_saved(folder):
    whole = torch.arange(12.0).reshape(3, 4)
    live = torch.nn.Parameter(whole.clone())
    tensors = {"a": whole[1], "b": whole[1], "turned": whole.T, "live": live, "half": whole.to(torch.bfloat16)}
    folder.save(CheckpointState(step=1, losses={}, model="tiny"), tensors, {})
    found = folder.newest(fail).weights()
    for name, tensor in tensors.items():
        assert torch.equal(found[name], tensor)
        assert found[name].dtype == tensor.dtype


def test_no_folder_means_no_checkpoint(folder):
    assert folder.newest(fail) is None
    assert folder.peek() is None
    assert folder.steps() == []


def flip(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 0x10
    path.write_bytes(content)


def truncate(path):
    path.write_bytes(path.read_bytes()[:-7])


def garble(path):
    path.write_text("{")


@pytest.mark.parametrize(
    ("name", "harm", "said"),
    [
        ("weights.safetensors", flip, "weights.safetensors has changed"),
        ("optimizer.safetensors", flip, "optimizer.safetensors has changed"),
        ("weights.safetensors", truncate, "bytes instead of"),
        ("optimizer.safetensors", lambda path: path.unlink(), "optimizer.safetensors is missing"),
        ("state.json", lambda path: path.unlink(), "state.json is missing"),
        ("state.json", garble, "state.json cannot be read"),
    ],
)
def test_damaged_newest_is_named_and_the_one_before_taken(folder, name, harm, said):
    save(folder, 1)
    harm(save(folder, 2) / name)
    lines = []
    assert folder.newest(lines.append).state.step == 1
    assert len(lines) == 1
    assert "step-00000002" in lines[0]
    assert said in lines[0]


@pytest.mark.parametrize(("name", "harm"), [("weights.safetensors", truncate), ("optimizer.safetensors", Path.unlink)])
def test_what_is_cut_short_is_not_peeked_at(folder, name, harm):
    save(folder, 1)
    harm(save(folder, 2) / name)
    assert folder.peek().step == 1


def test_all_damaged_is_like_none(folder):
    flip(save(folder, 1) / "weights.safetensors")
    lines = []
    assert folder.newest(lines.append) is None
    assert len(lines) == 1


def test_newer_format_is_refused_not_passed_over(folder):
    save(folder, 1)
    path = save(folder, 2) / "state.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 99, "step": "changed"}))
    for look in (lambda: folder.newest(fail), folder.peek):
        with pytest.raises(StoreError, match=r"newer Understudy \(format 99"):
            look()


def test_same_step_is_replaced(folder):
    save(folder, 4, 1.0)
    save(folder, 4, 2.0)
    assert float(folder.newest(fail).weights()["w"][0, 0]) == 2.0
    assert [path.name for path in folder.folder.iterdir()] == ["step-00000004"]


def test_disk_that_is_full_leaves_the_older_checkpoint(folder, monkeypatch):
    save(folder, 4, 1.0)

    def full(path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(aside, "sync", full)
    for step in (4, 5):
        with pytest.raises(StoreError, match="No space left on device"):
            save(folder, step, 2.0)
    assert float(folder.newest(fail).weights()["w"][0, 0]) == 1.0
    assert [path.name for path in folder.folder.iterdir()] == ["step-00000004"]


@pytest.mark.parametrize(
    ("newest", "keep", "good_until", "kept"),
    [
        (50, 3, 50, [30, 40, 50]),
        (50, 1, 50, [50]),
        (50, 1, 25, [20, 30, 40, 50]),  # what is not yet surely good, and the newest that is
        (50, 2, 0, [10, 20, 30, 40, 50]),
        (30, 2, 30, [20, 30]),  # later ones belong to a past that was given up
    ],
)
def test_pruning_keeps_the_newest_and_the_way_back(folder, newest, keep, good_until, kept):
    for step in (10, 20, 30, 40, 50):
        save(folder, step)
    folder.prune(newest, keep, good_until)
    assert folder.steps() == kept
    assert len(list(folder.folder.iterdir())) == len(kept)


def test_at_most_passes_over_later_ones(folder):
    for step in (10, 20, 30):
        save(folder, step)
    assert folder.newest(fail, at_most=25).state.step == 20
    assert folder.newest(fail, at_most=5) is None
    folder.remove_after(10)
    assert folder.steps() == [10]


def test_state_is_read_without_torch(folder):
    save(folder, 7)
    script = (
        "import sys; from pathlib import Path; from understudy.training import Checkpoints, read_losses;"
        "print(Checkpoints(Path(sys.argv[1])).peek().step, 'torch' in sys.modules)"
    )
    command = [sys.executable, "-c", script, str(folder.folder)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() == ["7", "False"]


def test_format_is_written(folder):
    state = json.loads((save(folder, 7) / "state.json").read_text())
    assert state["format"] == checkpoints.FORMAT
    assert set(state["files"]["weights.safetensors"]) == {"bytes", "sha256"}
