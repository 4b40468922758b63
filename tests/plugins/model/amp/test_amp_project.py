"""Which of AMP's settings start a training anew, and which merge anew?"""

from __future__ import annotations

import pytest

from understudy.merging import jobs_of, merge_artifact
from understudy.plugins import discover
from understudy.project import load_project
from understudy.store import WorkFolder

PROJECT = """
understudy: 1
consent: {{basis: synthetic, statement: a test}}
facesets:
  anna: {{clips: [anna.mp4]}}
  scene: {{clips: [scene.mp4]}}
extract:
  detector: {{use: mediapipe}}
  aligner: {{use: mediapipe}}
  masker: {{use: hull}}
swaps:
  - source: anna
    target: scene
    model: {{use: amp, with: {{{settings}}}, schedule: [{schedule}]}}
    merger: {{use: seamless_clone}}
"""


@pytest.fixture
def load(tmp_path, drawn_clip):
    """Give a function that returns a project whose model is AMP with these settings."""
    registry = discover()
    for name in ("anna.mp4", "scene.mp4"):
        drawn_clip(tmp_path / name, frames=2)

    def make(settings="", schedule=""):
        path = tmp_path / "project.yaml"
        path.write_text(PROJECT.format(settings=settings, schedule=schedule), encoding="utf-8")
        return load_project(path, registry)

    return make


@pytest.fixture
def chosen(load):
    """Give a function that returns AMP as a project with these settings has chosen it."""
    return lambda settings: load(settings).swaps[0].model


def test_another_morph_is_merged_anew_from_the_same_training(chosen):
    plain, morphed = chosen(""), chosen("morph: 0.4")
    assert plain.recipe() == morphed.recipe()
    assert plain.swap_recipe() != morphed.swap_recipe()


def test_a_morph_that_a_schedule_sets_is_merged_anew_where_it_holds(load):
    def place(morph, step):
        project = load(schedule=f"{{after: 20, set: {{morph: {morph}}}}}")
        (job,) = jobs_of(project)
        return merge_artifact(WorkFolder(project.work), job, project.output.video, {0: [step, "sum"]}).folder

    assert place(0.3, 21) != place(0.6, 21)
    assert place(0.3, 20) == place(0.6, 20)


def test_how_it_learns_alters_neither(chosen):
    plain, other = chosen(""), chosen("gan_power: 0.1, batch_size: auto, random_warp: false, optimizer_on: cpu")
    assert plain.recipe() == other.recipe()
    assert plain.swap_recipe() == other.swap_recipe()


def test_what_it_learns_begins_anew(chosen):
    recipes = [chosen(text).recipe() for text in ("", "morph_factor: 0.4", "learn_inters: true", "inter_width: 512")]
    assert all(one != other for i, one in enumerate(recipes) for other in recipes[:i])
