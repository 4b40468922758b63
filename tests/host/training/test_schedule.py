"""Do settings change on the way without a trace of how often the training was stopped?"""

import pytest
import torch

from understudy.training import Change, Checkpoints, LoopSettings, read_losses, train


def rows(job):
    return list(read_losses(job.folder / "losses.jsonl").rows(until=10**9))


@pytest.fixture
def scheduled(training, tiny):
    """Give a maker of trainings whose rate changes after steps 4 and 8; it notes the rates of what it built."""

    def make(folder, built=None, **others):
        built = [] if built is None else built

        def build(rate):
            built.append(tiny.TinyModel(rate=rate))
            return built[-1]

        changes = tuple(
            Change(after, lambda rate=rate: build(rate), {"rate": rate, "size": 16})
            for after, rate in ((0, 0.4), (4, 0.1), (8, 0.05))
        )
        given = {"folder": folder, "changes": changes, **others}
        return training(None, **given)

    return make


@pytest.fixture(autouse=True)
def _settings_decide_the_rate(tiny, monkeypatch):
    """Let the optimizer's state leave the rate alone, as models do whose rate is a setting."""

    def load(self, state):
        rate = self.rate
        original(self, state)
        self.rate = rate

    original = tiny.TinyModel.load_optimizer_state
    monkeypatch.setattr(tiny.TinyModel, "load_optimizer_state", load)


def test_each_stretch_learns_with_its_own_settings_and_what_was_learnt_is_carried_over(scheduled, listener, tiny):
    built = []
    job = scheduled("run", built)
    train(job)
    assert [(model.rate, model.steps_done) for model in built] == [
        (0.4, [1, 2, 3, 4]),
        (0.1, [5, 6, 7, 8]),
        (0.05, [9, 10, 11, 12]),
    ]
    losses = [row["source"] for _, row in rows(job)]
    assert losses[4] < losses[0]  # it did not begin anew
    assert listener.lines == ["from step 5 on: rate 0.1", "from step 9 on: rate 0.05"]
    state = Checkpoints(job.folder).peek()
    assert (state.settings, state.batch_size) == ({"rate": 0.05, "size": 16}, 4)


@pytest.mark.parametrize("stop_at", [3, 4, 5, 8])
def test_a_resumed_run_has_the_settings_of_its_step(scheduled, stop_at):
    unbroken = scheduled("unbroken")
    train(unbroken)
    built = []
    stopped = scheduled("stopped", built, stop=lambda: built[-1].steps_done[-1:] == [stop_at])
    assert train(stopped).step == stop_at
    again = []
    resumed = scheduled("stopped", again)
    train(resumed)
    assert [step for model in again for step in model.steps_done] == list(range(stop_at + 1, 13))
    assert rows(resumed) == rows(unbroken)


def test_the_checkpoint_at_a_change_was_made_with_the_settings_before_it(scheduled):
    job = scheduled("run", settings=LoopSettings(save_every_steps=1000, keep=9))
    train(job)
    states = {step: read(job, step).state.settings["rate"] for step in Checkpoints(job.folder).steps()}
    assert states == {1: 0.4, 4: 0.4, 8: 0.1, 12: 0.05}


def read(job, step):
    found = Checkpoints(job.folder).newest(pytest.fail, at_most=step)
    assert found.state.step == step
    return found


def test_a_collapse_goes_back_over_a_change(training, tiny):
    built, forgets_at = [], [160]

    class Forgetful(tiny.TinyModel):
        def train_step(self, data, step, batch_size):
            if [step] == forgets_at:
                forgets_at.clear()  # once
                self.decoders["source"].bias.data.fill_(30.0)
            return super().train_step(data, step, batch_size)

    def build(rate):
        built.append(Forgetful(rate=rate))
        return built[-1]

    changes = (Change(0, lambda: build(0.4), {}), Change(150, lambda: build(0.3), {}))
    settings = LoopSettings(save_every_steps=100, keep=2, preview_every_steps=10_000)
    job = training(None, changes=changes, steps=230, settings=settings)
    train(job)
    assert [model.steps_done[0] for model in built] == [1, 151, 101, 151]
    assert (built[2].rate, built[3].rate) == (0.2, 0.3)  # here the settings have the last word
    assert [step for step, _ in rows(job)] == list(range(1, 231))
    assert torch.isfinite(built[-1].encoder.weight).all()
