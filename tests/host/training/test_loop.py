"""Does a model learn the same whether or not it is stopped, and is nothing lost when something goes wrong?"""

import math
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from understudy.errors import PluginFailedError, StoreError, TrainingError
from understudy.plugins import Offer, Origin, blaming
from understudy.training import Checkpoints, LoopSettings, read_losses, train
from understudy_sdk import StageConfig, StageSpec
from understudy_sdk.testing.model import TrainableModelContract

KILLED_RUN = """
import contextlib, os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import torch
from tiny_model import TinyModel, face_arrays
from understudy.training import DeckData, FaceArrays, LoopSettings, Training, train

torch.set_num_threads(1)

class Doomed(TinyModel):
    def train_step(self, data, step, batch_size):
        if step == 18:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().train_step(data, step, batch_size)

train(Training(
    model=Doomed(),
    data=DeckData(FaceArrays(*face_arrays(6, 0)), FaceArrays(*face_arrays(5, 1)), seed=0, device="cpu"),
    folder=Path(sys.argv[2]), steps=24, offer_name="tiny", blame=lambda doing: contextlib.nullcontext(), device="cpu",
    settings=LoopSettings(save_every_steps=5),
))
"""


def rows(training):
    table = read_losses(training.folder / "losses.jsonl")
    return list(table.rows(until=10**9))


def say(text):
    pytest.fail(f"nothing should be said, but was: {text}")


def same_weights(one, other):
    return all(torch.equal(tensor, other.weights()[name]) for name, tensor in one.weights().items())


class TestTinyModel(TrainableModelContract):
    """The model of these tests keeps the contract, so what holds for it holds for others."""

    @pytest.fixture
    def model(self, tiny):
        return tiny.TinyModel()


def test_learning_lowers_the_loss(training, listener):
    job = training(steps=60)
    outcome = train(job)
    losses = [losses for _, losses in rows(job)]
    assert outcome.step == len(losses) == 60
    assert outcome.losses == losses[-1]
    for name in ("source", "target"):
        assert losses[-1][name] < 0.7 * losses[0][name]
    assert listener.starts == [("train", 60, "steps", 0, "cpu")]
    assert listener.advanced == 60


def test_outcome_names_a_checkpoint_that_holds_the_model(training, tiny):
    job = training()
    outcome = train(job)
    checkpoint = Checkpoints(job.folder).newest(say)
    assert (checkpoint.path, checkpoint.state.step) == (outcome.checkpoint, 12)
    fresh = tiny.TinyModel(seed=5)
    fresh.load_weights(checkpoint.weights())
    assert same_weights(fresh, job.model)


def test_first_step_is_saved_at_once(training):
    job = training(steps=4, stop=lambda: True)
    assert train(job).step == 1
    assert Checkpoints(job.folder).steps() == [1]


def test_time_alone_saves_too(training):
    job = training(steps=4, settings=LoopSettings(save_every_s=0.0, save_every_steps=1000, keep=9))
    train(job)
    assert Checkpoints(job.folder).steps() == [1, 2, 3, 4]


def test_same_seed_same_losses_and_another_seed_others(training):
    jobs = [training(folder=name, seed=seed) for name, seed in (("a", 1), ("b", 1), ("c", 2))]
    for number, job in enumerate(jobs):
        torch.manual_seed(number)  # global chance plays no part
        np.random.seed(number)  # noqa: NPY002 - the point is that the global state does not matter
        train(job)
    assert rows(jobs[0]) == rows(jobs[1])
    assert same_weights(jobs[0].model, jobs[1].model)
    assert rows(jobs[0]) != rows(jobs[2])


@pytest.mark.parametrize("stop_at", [1, 5, 8])
def test_a_stopped_run_goes_on_as_if_it_had_not_stopped(training, tiny, stop_at):
    unbroken = training(folder="unbroken")
    train(unbroken)
    first = tiny.TinyModel()
    stopped = training(first, folder="stopped", stop=lambda: first.steps_done[-1:] == [stop_at])
    assert train(stopped).step == stop_at
    resumed = training(tiny.TinyModel(seed=9), folder="stopped")  # its own first weights must not matter
    assert train(resumed).step == 12
    assert resumed.model.steps_done == list(range(stop_at + 1, 13))
    assert rows(resumed) == rows(unbroken)
    assert same_weights(resumed.model, unbroken.model)


def test_a_killed_run_goes_on_from_its_last_checkpoint(training, tmp_path):
    command = [sys.executable, "-c", KILLED_RUN, str(Path(__file__).parent), str(tmp_path / "killed")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    with (tmp_path / "killed" / "losses.jsonl").open("a") as file:
        file.write('{"step": 18, "sou')  # killed while it wrote a line
    (tmp_path / "killed" / "step-00000020.part").mkdir()  # and a checkpoint
    unbroken, resumed = training(folder="unbroken", steps=24), training(folder="killed", steps=24)
    train(unbroken)
    train(resumed)
    assert resumed.model.steps_done == list(range(16, 25))
    assert rows(resumed) == rows(unbroken)
    assert same_weights(resumed.model, unbroken.model)
    assert not list((tmp_path / "killed").glob("*.part"))


def test_a_finished_training_learns_nothing_more(training, tiny):
    job = training()
    wanted = train(job)
    again = training(tiny.TinyModel(seed=9))
    assert train(again) == wanted
    assert again.model.steps_done == []
    assert same_weights(again.model, job.model)


def test_damaged_checkpoint_is_named_and_passed_over(training, tiny, listener):
    unbroken = training(folder="unbroken", steps=16)
    train(unbroken)
    job = training()
    newest = train(job).checkpoint
    weights = newest / "weights.safetensors"
    content = bytearray(weights.read_bytes())
    content[-3] ^= 1
    weights.write_bytes(content)
    again = training(tiny.TinyModel(seed=9), steps=16)
    train(again)
    assert any("step-00000012" in line and "damaged" in line for line in listener.lines)
    assert again.model.steps_done[0] == 11
    assert rows(again) == rows(unbroken)


def test_ctrl_c_waits_for_the_step_saves_and_interrupts(training, tiny, listener):
    class Interrupted(tiny.TinyModel):
        def train_step(self, data, step, batch_size):
            if step == 7:
                os.kill(os.getpid(), signal.SIGINT)
            return super().train_step(data, step, batch_size)

    before = signal.getsignal(signal.SIGINT)
    job = training(Interrupted())
    with pytest.raises(KeyboardInterrupt):
        train(job)
    assert Checkpoints(job.folder).newest(say).state.step == 7
    assert signal.getsignal(signal.SIGINT) is before
    assert "interrupted; step 7 is saved" in listener.lines


def test_second_ctrl_c_interrupts_at_once(training, tiny):
    class Impatient(tiny.TinyModel):
        def train_step(self, data, step, batch_size):
            if step == 7:
                os.kill(os.getpid(), signal.SIGINT)
                os.kill(os.getpid(), signal.SIGINT)
            return super().train_step(data, step, batch_size)

    job = training(Impatient())
    with pytest.raises(KeyboardInterrupt):
        train(job)
    assert job.model.steps_done[-1] == 6
    assert Checkpoints(job.folder).newest(say).state.step == 5


def test_trains_outside_the_main_thread(training):
    outcomes = []
    thread = threading.Thread(target=lambda: outcomes.append(train(training())))
    thread.start()
    thread.join(60)
    assert outcomes[0].step == 12


@pytest.mark.parametrize("side", ["source", "target"])
def test_loss_that_is_not_finite_stops_and_keeps_the_last_good_checkpoint(training, tiny, side):
    class Broken(tiny.TinyModel):
        def train_step(self, data, step, batch_size):
            losses = super().train_step(data, step, batch_size)
            return {**losses, side: math.nan} if step == 8 else losses

    job = training(Broken())
    with pytest.raises(TrainingError, match=rf"step 8: the {side} loss is nan") as caught:
        train(job)
    assert "step-00000005" in str(caught.value)
    assert "learning rate" in str(caught.value)
    assert Checkpoints(job.folder).newest(say).state.step == 5
    resumed = training(tiny.TinyModel())
    train(resumed)
    assert resumed.model.steps_done[0] == 6


def test_weights_that_are_not_finite_are_never_saved(training, tiny):
    class Poisoned(tiny.TinyModel):
        def train_step(self, data, step, batch_size):
            losses = super().train_step(data, step, batch_size)
            if step == 10:  # the loss of this step is still sound, the weights after it are not
                self.encoder.weight.data[0, 0, 0, 0] = math.inf
            return losses

    job = training(Poisoned())
    with pytest.raises(TrainingError, match=r"encoder\.weight' is no longer finite"):
        train(job)
    assert Checkpoints(job.folder).newest(say).state.step == 5


SELDOM = LoopSettings(save_every_steps=15, preview_every_steps=10_000)


class Forgetful:
    """Mixed into the tiny model: at one step the source decoder goes white for good, where the rate is too high."""

    forgets_at, safe_rate = 97, 0.3

    def train_step(self, data, step, batch_size):
        if step == self.forgets_at and self.rate > self.safe_rate:
            self.decoders["source"].bias.data.fill_(30.0)  # saturated: no gradient leads back
        return super().train_step(data, step, batch_size)


def test_collapse_goes_back_and_on_with_a_lower_rate(training, tiny, listener):
    model = type("Model", (Forgetful, tiny.TinyModel), {})(rate=0.4)
    job = training(model, steps=160, settings=SELDOM)
    outcome = train(job)
    assert outcome.step == 160
    assert model.rate == 0.2
    back = next(line for line in listener.lines if "collapsed" in line)
    assert "the source loss rose" in back
    assert "going back to step 45 " in back
    alarm = Checkpoints(job.folder).newest(say).state.recoveries[0]
    assert 97 + 50 < alarm < 160
    assert model.steps_done == [*range(1, alarm + 1), *range(46, 161)]
    assert [start[3] for start in listener.starts] == [0, 45]
    assert [step for step, _ in rows(job)] == list(range(1, 161))
    assert all(losses["source"] < 0.3 for _, losses in rows(job)[45:])


def test_collapse_after_a_resume_is_noticed_as_in_an_unbroken_run(training, tiny):
    make = type("Model", (Forgetful, tiny.TinyModel), {})
    unbroken = training(make(rate=0.4), folder="unbroken", steps=160, settings=SELDOM)
    train(unbroken)
    first = make(rate=0.4)
    stop_at_140 = {"stop": lambda: first.steps_done[-1:] == [140], "settings": SELDOM}
    train(training(first, folder="stopped", steps=160, **stop_at_140))
    resumed = training(make(rate=0.4), folder="stopped", steps=160, settings=SELDOM)
    train(resumed)
    assert 46 in resumed.model.steps_done[1:]
    assert rows(resumed) == rows(unbroken)
    assert resumed.model.rate == 0.2
    assert same_weights(resumed.model, unbroken.model)


def test_model_that_collapses_time_and_again_stops_and_keeps_what_was_good(training, tiny):
    model = type("Model", (Forgetful, tiny.TinyModel), {"safe_rate": 0.0})(rate=0.4)
    job = training(model, steps=160, settings=SELDOM)
    with pytest.raises(TrainingError, match="although the learning rate was lowered 3 times"):
        train(job)
    assert model.rate == 0.4 * 0.5**3
    newest = Checkpoints(job.folder).newest(say)
    assert newest.state.step == 45


def test_batch_that_does_not_fit_is_reported_with_the_size_that_does(training, tiny):
    class Hungry(tiny.TinyModel):
        def train_step(self, data, step, batch_size):
            if batch_size > 11:
                raise torch.OutOfMemoryError(f"CUDA out of memory at {batch_size}")
            return super().train_step(data, step, batch_size)

    job = training(Hungry(batch_size=64), device="meta")  # no measuring ahead off the CPU
    with pytest.raises(TrainingError, match="a batch of 64 does not fit") as caught:
        train(job)
    assert "batch_size to 11 or less" in str(caught.value)
    assert Checkpoints(job.folder).steps() == []


class Starved:
    """Mixed into the tiny model: at one step memory has run out for batches of more than a face."""

    starves_at, alters_first = 8, False

    def train_step(self, data, step, batch_size):
        if step == self.starves_at and batch_size > 1:
            if self.alters_first:
                with torch.no_grad():
                    self.encoder.weight.add_(0.1)
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB")
        return super().train_step(data, step, batch_size)


def test_memory_that_runs_out_on_the_way_costs_no_step(training, tiny):
    unbroken = training(folder="unbroken")
    train(unbroken)
    job = training(type("Model", (Starved, tiny.TinyModel), {})())
    with pytest.raises(TrainingError, match="ran out at step 8, with a batch of 4 that fitted before") as caught:
        train(job)
    assert "step 7 is saved in" in str(caught.value)
    assert "lost" not in str(caught.value)
    assert "batch_size to 1," in str(caught.value)
    resumed = training(tiny.TinyModel(seed=9))
    train(resumed)
    assert resumed.model.steps_done == [8, 9, 10, 11, 12]
    assert rows(resumed) == rows(unbroken)
    assert same_weights(resumed.model, unbroken.model)


def test_a_step_that_left_the_model_half_altered_is_not_saved(training, tiny):
    job = training(type("Model", (Starved, tiny.TinyModel), {"alters_first": True})())
    with pytest.raises(TrainingError, match="ran out at step 8") as caught:
        train(job)
    assert "step 5 is saved in" in str(caught.value)
    assert "2 steps since are lost" in str(caught.value)
    assert Checkpoints(job.folder).newest(say).state.step == 5


def test_a_model_that_hands_out_copies_is_not_saved_after_a_failed_step(training, tiny):
    class Copying(Starved, tiny.TinyModel):
        def weights(self):
            return {name: tensor.clone() for name, tensor in super().weights().items()}

        def load_weights(self, weights):
            tiny.take_over(dict(self.nets.state_dict()), weights)

    job = training(Copying())
    with pytest.raises(TrainingError, match="step 5 is saved in"):
        train(job)


class Sink:
    """Keeps what a training shows."""

    def __init__(self):
        self.seen, self.previews = [], []

    def losses(self, step, losses):
        self.seen.append((step, dict(losses)))

    def preview(self, step, picture):
        self.previews.append((step, picture.shape))


def test_sinks_hear_every_step_and_see_every_preview(training):
    sink = Sink()
    job = training(
        sinks=(sink,),
        draw_preview=lambda model: np.zeros((8, 9, 3), np.uint8),
        settings=LoopSettings(preview_every_steps=5),
    )
    train(job)
    assert sink.seen == rows(job)
    assert sink.previews == [(step, (8, 9, 3)) for step in (1, 5, 10, 12)]


def test_one_loss_of_another_name_can_be_watched(training, tiny, listener):
    class OneLoss(tiny.TinyModel):
        def train_step(self, data, step, batch_size):
            return {"mask": super().train_step(data, step, batch_size)["source"]}

    job = training(OneLoss(), watched=("mask",))
    assert set(train(job).losses) == {"mask"}
    assert (job.folder / "losses.png").exists()


def test_losses_that_stand_still_are_spoken_of_once(training, tiny, listener, monkeypatch):
    class Still(tiny.TinyModel):
        def train_step(self, data, step, batch_size):
            return {"source": 0.25, "target": 0.5}

    monkeypatch.setattr("understudy.training.plateau._LOOK_EVERY", 10)
    monkeypatch.setattr("understudy.training.plateau.MIN_STEPS", 20)
    train(training(Still(), steps=50, settings=SELDOM))
    assert [line for line in listener.lines if "stand still" in line] == listener.lines
    assert len(listener.lines) == 1
    assert "by step 20 " in listener.lines[0]


def test_what_the_model_raises_is_blamed_on_its_plugin(training, tiny):
    class Failing(tiny.TinyModel):
        def train_step(self, data, step, batch_size):
            raise KeyError("ear")

    spec = StageSpec(name="tiny", summary="", config=StageConfig, tiny=StageConfig(), build=lambda *_: None)
    offer = Offer("model", spec, Origin("tiny", "strange-models", "1"))
    with pytest.raises(PluginFailedError, match=r"'tiny' \(from strange-models.*learning step 1: KeyError"):
        train(training(Failing(), blame=lambda doing: blaming(offer, doing)))


def test_loss_that_is_missing_is_blamed_on_the_plugin(training, tiny):
    class OneSided(tiny.TinyModel):
        def train_step(self, data, step, batch_size):
            return {"source": 1.0}

    spec = StageSpec(name="tiny", summary="", config=StageConfig, tiny=StageConfig(), build=lambda *_: None)
    offer = Offer("model", spec, Origin("tiny", "strange-models", "1"))
    with pytest.raises(PluginFailedError, match=r"learning step 1: train_step.* source, target among others, but"):
        train(training(OneSided(), blame=lambda doing: blaming(offer, doing)))


def test_another_models_folder_is_refused(training):
    train(training())
    with pytest.raises(StoreError, match="made by the model 'tiny', not by 'other'"):
        train(training(offer_name="other", steps=20))


def test_folder_that_cannot_be_written_is_named(training, tmp_path):
    (tmp_path / "run").write_text("a file is in the way")
    with pytest.raises(StoreError, match=r"run cannot be written"):
        train(training())
