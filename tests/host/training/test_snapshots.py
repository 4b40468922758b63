"""Are the right states kept for good, and can a training go back to one of them?"""

import json

import pytest

from understudy.errors import RequestError, StoreError
from understudy.lock import locked
from understudy.training import Beginning, Checkpoints, LoopSettings, best_of, read_losses, snapshots_of, train
from understudy.training.records import ASIDE_NAME, find_record, records_of, roll_back

SCORES = {2: 0.9, 4: 0.5, 6: 0.7, 8: 0.3, 10: 0.6, 12: 0.4}


@pytest.fixture
def kept(training):
    """Give a maker of trainings of 12 steps with snapshots at each fourth and made-up scores at each second."""

    def make(measure=lambda model, step: {"score": SCORES[step], "ssim": 0.5}, **others):
        settings = LoopSettings(
            save_every_steps=5,
            preview_every_steps=10_000,
            measure_every_steps=2,
            snapshot_every_steps=4,
            keep=2,
            keep_snapshots=2,
        )
        return training(**{"settings": settings, "measure": measure, **others})

    return make


def rows(job):
    return list(read_losses(job.folder / "losses.jsonl").rows(until=10**9))


def test_periodic_snapshots_and_the_best_stay(kept):
    job = kept()
    train(job)
    assert snapshots_of(job.folder).steps() == [8, 12]
    assert (best_of(job.folder).step, best_of(job.folder).score) == (8, 0.3)
    snapshot = snapshots_of(job.folder).newest(pytest.fail, at_most=8)
    assert snapshot.state.score == 0.3
    assert snapshot.fault() == ""
    assert snapshot.optimizer_state().keys() == job.model.optimizer_state().keys()


def test_the_best_stays_though_it_is_no_periodic_one(kept):
    job = kept(lambda model, step: {"score": 0.1 if step == 6 else 1.0})
    train(job)
    assert snapshots_of(job.folder).steps() == [6, 8, 12]
    assert best_of(job.folder).step == 6


def test_a_score_that_is_not_finite_or_not_there_makes_no_best(kept):
    job = kept(lambda model, step: {"score": float("nan")} if step < 8 else {"ssim": 1.0})
    train(job)
    assert best_of(job.folder) is None
    assert snapshots_of(job.folder).steps() == [8, 12]


def test_without_measuring_the_losses_tell_the_best(kept):
    job = kept(None, steps=40)
    train(job)
    best = best_of(job.folder)
    assert best.by == "losses"
    assert best.step == 40  # the tiny model learns all the time


def test_no_snapshots_unless_asked_for(training):
    job = training()
    train(job)
    assert not (job.folder / "snapshots").exists()


def test_snapshots_of_a_checkpoint_take_no_space(kept):
    job = kept()
    train(job)
    files = [place.path_of(12) / "weights.safetensors" for place in (Checkpoints(job.folder), snapshots_of(job.folder))]
    assert files[0].samefile(files[1])


def test_records_say_what_is_kept(kept):
    job = kept()
    train(job)
    records = records_of(job.folder)
    assert [(one.step, one.kind, one.is_best) for one in records] == [
        (1, "checkpoint", False),  # a collapse that is noticed later goes back to it
        *((step, "checkpoint", False) for step in range(2, 8) if Checkpoints(job.folder).path_of(step).exists()),
        *((step, one.kind, step == 8) for one in records if (step := one.step) in {8, 10}),
        (12, "checkpoint, snapshot", False),
    ]
    last = find_record(job.folder, None)
    assert (last.step, last.losses, last.fault) == (12, dict(rows(job)[-1][1]), "")
    assert json.loads(json.dumps(last.to_json(), default=str))["step"] == 12
    with pytest.raises(RequestError, match=r"nothing is kept of step 3.*\n.*12"):
        find_record(job.folder, 3)


def test_rolling_back_moves_what_is_newer_aside_and_training_goes_on_the_same(kept, tiny):
    job = kept()
    train(job)
    before, said = rows(job), []
    with locked(job.folder, "training"), pytest.raises(StoreError, match="is training"):
        roll_back(job.folder, 8, said.append)
    record = roll_back(job.folder, 8, said.append)
    assert record.path == Checkpoints(job.folder).path_of(8)
    assert Checkpoints(job.folder).peek().step == 8
    assert snapshots_of(job.folder).steps() == [8]
    moved = sorted(path.name for path in (job.folder / ASIDE_NAME).iterdir())
    assert {"checkpoint-00000012", "snapshot-00000012"} <= set(moved)
    assert any("set-aside" in line for line in said)
    resumed = kept(model=tiny.TinyModel(seed=9))
    train(resumed)
    assert resumed.model.steps_done == [9, 10, 11, 12]
    assert rows(resumed) == before
    roll_back(job.folder, 8, said.append)  # what was moved aside before is not written over
    assert (job.folder / ASIDE_NAME / "snapshot-00000012-2").is_dir()


def test_a_damaged_or_unknown_step_is_refused(kept):
    job = kept()
    train(job)
    with pytest.raises(RequestError, match="nothing is kept of step 3"):
        roll_back(job.folder, 3, pytest.fail)
    (snapshots_of(job.folder).path_of(8) / "optimizer.safetensors").write_bytes(b"cut short")
    with pytest.raises(RequestError, match=r"damaged: optimizer\.safetensors"):
        roll_back(job.folder, 8, pytest.fail)
    assert Checkpoints(job.folder).peek().step == 12


@pytest.mark.parametrize(("keep_steps", "first"), [(True, 9), (False, 1)])
def test_a_training_begins_with_what_another_has_learnt(kept, tiny, keep_steps, first):
    other = kept()
    train(other)
    start = snapshots_of(other.folder).newest(pytest.fail, at_most=8)
    model = tiny.TinyModel(seed=9)
    job = kept(model=model, folder="new", beginning=Beginning(start, keep_steps))
    train(job)
    assert model.steps_done == list(range(first, 13))
    if keep_steps:
        assert rows(job) == rows(other)  # the losses of the first steps come along
    else:
        assert rows(job)[0][1]["source"] < rows(other)[0][1]["source"]


def test_a_beginning_that_is_damaged_is_refused(kept, tiny):
    other = kept()
    train(other)
    start = snapshots_of(other.folder).newest(pytest.fail)
    (start.path / "weights.safetensors").write_bytes(b"")
    with pytest.raises(StoreError, match="named by start_from, is damaged"):
        train(kept(model=tiny.TinyModel(), folder="new", beginning=Beginning(start)))


def test_what_a_model_remarks_is_said_once(kept, tiny, listener):
    class Remarking(tiny.TinyModel):
        def remarks(self):
            return [f"remark of step {self.steps_done[-1]}"] if self.steps_done[-1] in (2, 7) else []

    train(kept(model=Remarking(), progress=listener))
    assert [line for line in listener.lines if line.startswith("remark")] == ["remark of step 2", "remark of step 7"]
