"""Are the example projects sound, and does the smallest one run from clips to a recast clip?"""

from pathlib import Path

import pytest

from understudy.demo.clips import make_clips
from understudy.errors import WeightsError
from understudy.phases import run, status
from understudy.plugins import discover
from understudy.progress import Silent
from understudy.project import load_project
from understudy.video import probe
from understudy.weights import WeightCache
from understudy_sdk import MissingWeightsError

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))
DEMO = ROOT / "host" / "understudy" / "demo" / "demo.yaml"


def test_there_are_examples():
    assert len(EXAMPLES) >= 3


@pytest.mark.parametrize("path", [*EXAMPLES, DEMO], ids=lambda path: path.stem)
def test_every_example_is_a_sound_project(path, beside_plain_clips):
    project = load_project(beside_plain_clips(path.name, path.read_text(encoding="utf-8")), discover())
    assert project.name == path.stem
    assert project.consent is not None
    assert project.swaps


@pytest.fixture(scope="module")
def demo_folder(tmp_path_factory):
    """Make the demo's clips, 30 frames each, or skip where the models that find faces are not here."""
    registry, folder = discover(), tmp_path_factory.mktemp("quick")
    try:
        for offer in (registry.offer("detector", "mediapipe"), registry.offer("aligner", "mediapipe")):
            for weight in offer.spec.weights:
                WeightCache().find(weight)
    except (MissingWeightsError, WeightsError) as error:
        pytest.skip(f"needs weight files: {error}")
    make_clips(folder / "clips", registry, Silent(), frames=30)
    return folder


@pytest.mark.slow
@pytest.mark.weights
def test_the_quick_example_runs_from_clips_to_a_recast_clip(demo_folder):
    (example,) = [path for path in EXAMPLES if path.stem == "quick"]
    path = demo_folder / example.name
    path.write_text(example.read_text(encoding="utf-8"), encoding="utf-8")
    tiny = discover().models["quick96"].tiny.model_dump(mode="json")
    narrow = [f"swaps.0.model.with.{key}={tiny[key]}" for key in tiny if key.endswith("_width")]
    project = load_project(path, discover(), narrow)
    (output,) = run(project, progress=Silent()).outputs
    target, recast = probe(demo_folder / "clips" / "astronaut.mp4"), probe(output)
    assert recast.pts == target.pts
    assert recast.has_audio
    assert {row.state for row in status(project)} == {"done"}
    assert output.read_bytes() == run(project, progress=Silent()).outputs[0].read_bytes()
