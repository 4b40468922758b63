"""Is what a project says about learning understood, and are its faults told with their places?"""

import pytest
import torch

from understudy.errors import ProjectError
from understudy.project import load_project
from understudy.training import Checkpoints, CheckpointState

MODEL = "model: {use: learner, iterations: 10}"


@pytest.fixture
def checkpoint(tmp_path):
    """Give a maker of checkpoints of the fake model."""

    def make(folder="other", **others):
        given = {"step": 7, "losses": {}, "model": "learner", "settings": {"resolution": 96, "batch_size": 4}}
        state = CheckpointState(**{**given, **others})
        return Checkpoints(tmp_path / folder).save(state, {"w": torch.ones(2)}, {"m": torch.ones(2)})

    return make


@pytest.fixture
def load(project_file, fake_registry):
    """Give a loader of the sample project with another model."""

    def make(model, *overrides):
        return load_project(project_file((MODEL, f"model: {model}")), fake_registry, overrides)

    return make


@pytest.fixture
def problems(load):
    """Give what is wrong with a model."""

    def make(model, *overrides):
        with pytest.raises(ProjectError) as caught:
            load(model, *overrides)
        return [problem.partition(": ")[2] for problem in caught.value.problems]

    return make


def test_what_is_not_stated_has_its_defaults(load):
    (swap,) = load("{use: learner}").swaps
    assert (swap.schedule, swap.start_from, swap.keep_steps, swap.use_step) == ((), None, True, None)
    assert (swap.training.hold_out, swap.training.save_every_min, swap.training.keep_snapshots) == (0.05, 5.0, 10)
    assert swap.model_at(10**9) is swap.model


def test_changes_add_up(load):
    (swap,) = load(
        "{use: learner, with: {batch_size: 2}, schedule: [{after: 5, set: {batch_size: 8}}, {after: 9, set: "
        "{batch_size: 16}}]}"
    ).swaps
    sizes = {step: swap.model_at(step).config.batch_size for step in (0, 4, 5, 8, 9, 100)}
    assert sizes == {0: 2, 4: 2, 5: 8, 8: 8, 9: 16, 100: 16}
    assert {swap.model_at(step).config.resolution for step in sizes} == {96}
    learnt_with = {step: swap.model_that_learnt(step).config.batch_size for step in (1, 5, 6, 9, 10)}
    assert learnt_with == {1: 2, 5: 2, 6: 8, 9: 8, 10: 16}


def test_faults_of_a_schedule_are_told_with_their_places(problems):
    found = problems(
        "{use: learner, schedule: [{after: 5, set: {resolution: 112}}, {after: 5, set: {batch_size: 0}}, "
        "{after: 9, set: {batchsize: 3}}]}"
    )
    assert found == [
        (
            "swaps.0.model.schedule.0.set.resolution: stays as it is from the first step on; these may change: "
            "batch_size, morph"
        ),
        "swaps.0.model.schedule.1.after: must be more than 5, where the change before it comes",
        "swaps.0.model.schedule.1.set.batch_size: must be at least 1, but is 0 (the settings of understudy-fakes 1.0)",
        (
            "swaps.0.model.schedule.2.set.batchsize: unknown key. Did you mean 'batch_size'? (the settings of "
            "understudy-fakes 1.0)"
        ),
    ]


def test_a_model_that_does_not_learn_takes_nothing_of_the_kind(problems):
    found = problems("{use: player, schedule: [{after: 5, set: {x: 1}}], use_step: 3, training: {hold_out: 0.1}}")
    assert found == [f"swaps.0.model.{key}: 'player' needs no training; drop this key" for key in KEYS]


KEYS = ("schedule", "use_step", "training")


def test_limits_of_training_are_told(problems):
    found = problems("{use: learner, training: {hold_out: 0.9, keep_snapshot: 3}}")
    assert found[0].startswith("swaps.0.model.training.hold_out: must be at most 0.5")
    assert found[1] == "swaps.0.model.training.keep_snapshot: unknown key. Did you mean 'keep_snapshots'?"


def test_a_training_may_begin_with_a_checkpoint(load, checkpoint, tmp_path):
    path = checkpoint()
    (swap,) = load("{use: learner, start_from: other/step-00000007, keep_steps: false}").swaps
    assert (swap.start_from, swap.keep_steps) == (path, False)


def test_what_a_training_begins_with_decides_where_it_lies(load, checkpoint):
    checkpoint()
    given = "{use: learner, start_from: other/step-00000007"
    recipes = [swap.training_recipe() for text in (f"{given}}}", f"{given}, keep_steps: false}}", "{use: learner}")
               for swap in load(text).swaps]  # fmt: skip
    assert recipes[0]["start"]["step"] == 7
    assert recipes[1]["start"]["step"] == 0
    assert recipes[2] == {"hold_out": 0.05, "start": None}
    checkpoint("moved")
    moved = load("{use: learner, start_from: moved/step-00000007}").swaps[0]
    assert moved.training_recipe() == recipes[0]  # its content counts, not its place


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("nowhere", "there is no folder"),
        ("other", "holds several checkpoints; name one of them, such as step-00000007"),
        ("anna.mp4", "there is no folder"),
        (".", "is no checkpoint: state.json is missing"),
    ],
)
def test_what_is_no_checkpoint_is_refused(problems, checkpoint, text, told):
    checkpoint()
    (found,) = problems(f"{{use: learner, start_from: {text}}}")
    assert found.startswith("swaps.0.model.start_from: ")
    assert told in found


def test_a_checkpoint_of_another_model_or_of_other_settings_is_refused(problems, checkpoint):
    checkpoint(model="saehd")
    (found,) = problems("{use: learner, start_from: other/step-00000007}")
    assert found.endswith("was made by the model 'saehd', but the project uses 'learner'")
    checkpoint(settings={"resolution": 128, "batch_size": 99, "of_an_older_version": 1})
    (found,) = problems("{use: learner, with: {resolution: 96}, start_from: other/step-00000007}")
    assert found == (
        "swaps.0.model.with.resolution: resolution is 96 here, but 128 in the checkpoint of start_from; "
        "both must be the same"
    )
