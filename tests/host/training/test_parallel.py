"""Do several processes that learn together learn what one would, and stop together?"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from understudy.errors import RequestError
from understudy.processes import Place, place_of

LAUNCHED = """
import contextlib, json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import torch
from tiny_model import TinyModel, face_arrays
from understudy.processes import place_of
from understudy.training import Change, DeckData, FaceArrays, LoopSettings, Training, train
from understudy.training.parallel import Crew, Order, follow, lead
from understudy_sdk import Side

torch.set_num_threads(1)
folder, options = Path(sys.argv[2]), json.loads(sys.argv[3])

class Sharing(TinyModel):
    parallel = None

    def train_step(self, data, step, batch_size):
        if step == options.get("long_at"):
            (folder / "reached").touch()
            import time
            time.sleep(1)
        mine = batch_size // self.parallel.count
        first = self.parallel.rank * mine
        self.steps_done.append(step)
        losses = {}
        for side in Side:
            batch = data.draw(side, step - 1, batch_size)
            rgb = batch.rgb.float() / 255
            noise = torch.randn(rgb.shape, generator=torch.Generator().manual_seed(batch.seed)) * 0.02
            here = slice(first, first + mine)
            drawn = self._draw((rgb + noise)[here], side)
            wanted = torch.cat([rgb, batch.mask.float() / 255], dim=1)[here]
            losses[str(side)] = torch.nn.functional.mse_loss(drawn, wanted) / self.parallel.count
        sum(losses.values()).backward()
        told = torch.stack([loss.detach() for loss in losses.values()])
        parameters = dict(self.nets.named_parameters())
        self.parallel.add_up([*(parameter.grad for parameter in parameters.values()), told])
        with torch.no_grad():
            for name, parameter in parameters.items():
                self.momenta[name].mul_(0.8).add_(parameter.grad)
                parameter.sub_(self.rate * self.momenta[name])
                parameter.grad = None
        return dict(zip(losses, told.tolist()))

def build(rate):
    model = Sharing(batch_size=options.get("batch_size", 4), rate=rate, seed=place.rank)  # these must not matter
    model.parallel = crew.parallel
    built.append(model)
    return model

place, built = place_of(), []
data = DeckData(FaceArrays(*face_arrays(6, 0)), FaceArrays(*face_arrays(5, 1)), seed=0, device="cpu")
builds = [lambda: build(0.4), lambda: build(0.1)]
with Crew(place, "cpu") as crew:
    if place.is_first:
        changes = (Change(0, builds[0], {}), Change(6, builds[1], {}))
        job = Training(
            model=None, data=data, folder=folder, steps=options["steps"], offer_name="tiny", changes=changes,
            blame=lambda doing: contextlib.nullcontext(), device="cpu", settings=LoopSettings(save_every_steps=5),
        )
        crew.tell(Order.TRAIN, 0)
        try:
            train(lead(job, crew))
        finally:
            crew.dismiss()
    else:
        while crew.hear()[0] is Order.TRAIN:
            follow(crew, builds, data)
    weights = {name: tensor.double().sum().item() for name, tensor in built[-1].weights().items()}
    done = [step for model in built for step in model.steps_done]
    (folder / f"rank{place.rank}.json").write_text(json.dumps({"weights": weights, "done": done}))
"""


def launch(script, folder, count, **options):
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={count}"]
    command += [str(script), str(Path(__file__).parent), str(folder), json.dumps(options)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def ended(process):
    output, errors = process.communicate(timeout=240)
    assert process.returncode == 0, output + errors


def told(folder, rank):
    return json.loads((folder / f"rank{rank}.json").read_text())


def losses(folder):
    return [json.loads(line) for line in (folder / "losses.jsonl").read_text().splitlines()]


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "launched.py"
    path.write_text(LAUNCHED)
    return path


@pytest.mark.slow
def test_two_processes_learn_what_one_learns_from_the_whole_batch(script, tmp_path, training, tiny):
    from understudy.training import Change, train

    changes = tuple(
        Change(after, lambda rate=rate: tiny.TinyModel(rate=rate), {}) for after, rate in ((0, 0.4), (6, 0.1))
    )
    alone = training(None, changes=changes)
    train(alone)
    folder = tmp_path / "together"
    ended(launch(script, folder, 2, steps=8))
    ended(launch(script, folder, 2, steps=12))  # goes on, both from the first one's checkpoint
    wanted, found = losses(alone.folder), losses(folder)
    assert [row["step"] for row in found] == list(range(1, 13))
    for one, other in zip(wanted, found, strict=True):
        assert one == pytest.approx(other, rel=1e-5)
    assert told(folder, 0) == told(folder, 1)
    assert told(folder, 1)["done"] == [9, 10, 11, 12]


@pytest.mark.slow
def test_a_stop_of_the_first_stops_all_at_the_same_step(script, tmp_path):
    folder = tmp_path / "together"
    process = launch(script, folder, 2, steps=100_000, long_at=20)
    deadline_s = time.monotonic() + 120
    while not (folder / "reached").exists():
        assert time.monotonic() < deadline_s
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)  # which torchrun passes on
    process.communicate(timeout=120)
    assert told(folder, 1)["done"][-1] >= 20
    (newest,) = sorted(folder.glob("step-*"))[-1:]
    assert int(newest.name[5:]) == told(folder, 1)["done"][-1]


def test_without_torchrun_a_process_is_alone():
    assert place_of({}) == Place()
    assert place_of({"WORLD_SIZE": "4", "RANK": "1"}) == Place()  # another program's variables


def test_torchruns_variables_tell_the_place():
    told_by = {"TORCHELASTIC_RUN_ID": "x", "WORLD_SIZE": "2", "RANK": "1", "LOCAL_RANK": "1"}
    place = place_of(told_by)
    assert (place, place.is_first) == (Place(1, 2, 1), False)
    assert [place.device(name) for name in ("cpu", "cuda")] == ["cpu", "cuda:1"]
    for name in ("cuda:1", "mps"):
        with pytest.raises(RequestError, match="2 processes cannot learn together"):
            place.device(name)
    for wrong in ({"RANK": "2"}, {"RANK": ""}, {"LOCAL_RANK": "x"}):
        with pytest.raises(RequestError, match="cannot tell its place"):
            place_of({**told_by, **wrong})
