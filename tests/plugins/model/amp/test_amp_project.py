"""Which of AMP's settings start a training anew, and which merge anew?"""

from __future__ import annotations

import pytest

from understudy.plugins import discover
from understudy.project import load_project

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
    model: {{use: amp, with: {{{settings}}}}}
    merger: {{use: seamless_clone}}
"""


@pytest.fixture
def chosen(tmp_path):
    """Give a function that returns AMP as a project with these settings has chosen it."""
    registry = discover()
    for name in ("anna.mp4", "scene.mp4"):
        (tmp_path / name).touch()

    def choose(settings):
        path = tmp_path / "project.yaml"
        path.write_text(PROJECT.format(settings=settings), encoding="utf-8")
        return load_project(path, registry).swaps[0].model

    return choose


def test_another_morph_is_merged_anew_from_the_same_training(chosen):
    plain, morphed = chosen(""), chosen("morph: 0.4")
    assert plain.recipe() == morphed.recipe()
    assert plain.swap_recipe() != morphed.swap_recipe()


def test_how_it_learns_alters_neither(chosen):
    plain, other = chosen(""), chosen("gan_power: 0.1, batch_size: auto, random_warp: false, optimizer_on: cpu")
    assert plain.recipe() == other.recipe()
    assert plain.swap_recipe() == other.swap_recipe()


def test_what_it_learns_begins_anew(chosen):
    recipes = [chosen(text).recipe() for text in ("", "morph_factor: 0.4", "learn_inters: true", "inter_width: 512")]
    assert all(one != other for i, one in enumerate(recipes) for other in recipes[:i])
