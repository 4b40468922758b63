"""Fixtures of the tests of examples and documents."""

import importlib.util
import os
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from understudy.cli import app
from understudy.plugins import STAGES
from understudy.video.film import film

EXAMPLES = Path(__file__).parents[2] / "examples"
HEAD = """
understudy: 1
name: strangers
device: cpu
consent: {basis: synthetic, statement: Drawn for a test}
facesets: {anna: {clips: [anna.mp4]}, scene: {clips: [scene.mp4]}}
"""


def named_files(node, key=""):
    """Yield the pictures and mattes that a project names."""
    if isinstance(node, dict):
        for inner, value in node.items():
            yield from named_files(value, inner)
    elif isinstance(node, list):
        for value in node:
            yield from named_files(value, key)
    elif key in {"like", "mattes"}:
        yield node


@pytest.fixture
def beside_plain_clips(tmp_path):
    """Copy a project file next to grey clips, and empty pictures and mattes, at the places that it names."""

    def put(name, text):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        data = YAML(typ="safe").load(text)
        for faceset in data["facesets"].values():
            for clip in faceset["clips"]:
                place = tmp_path / clip
                place.parent.mkdir(parents=True, exist_ok=True)
                grey = (np.full((64, 64, 3), 90 + number % 2, np.uint8) for number in range(150))
                film(place, grey, 25, (np.zeros(288000, np.float32), 48000), {})
        for named in named_files(data):
            (tmp_path / named).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / named).touch()
        return path

    return put


@dataclass(frozen=True)
class Outside:
    """A fresh virtual environment with outside packages, over the libraries of the one that runs the tests."""

    bin: Path
    packages: dict[str, Path]

    def python(self, *words, cwd, fails=False):
        """Run its Python, and return what was printed."""
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        environment |= {"OMP_NUM_THREADS": "1", "COLUMNS": "200", "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
        command = [str(self.bin / "python"), *map(str, words)]
        done = subprocess.run(
            command, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=600
        )
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stdout

    def understudy(self, *words, **options):
        return self.python("-m", "understudy", *words, **options)


@pytest.fixture(scope="session")
def outside(tmp_path_factory):
    """Write a new plugin for every stage, and install these and the examples without the network."""
    for tool in ("pip", "hatchling", "editables"):
        if importlib.util.find_spec(tool) is None:
            pytest.skip(f"{tool} is not installed; make setup brings it")
    folder = tmp_path_factory.mktemp("outside")
    venv.create(folder / "venv", with_pip=False)
    (site,) = (folder / "venv").rglob("site-packages")
    standard = sysconfig.get_path("stdlib")
    places = [path for path in sys.path if Path(path).is_dir() and path and not path.endswith("bin")]
    layers = [path for path in places if "site-packages" in path or not path.startswith(standard)]
    (site / "layers.pth").write_text("\n".join(layers) + "\n", encoding="utf-8")
    packages = {path.parent.name: path.parent for path in sorted(EXAMPLES.glob("third_party_*/pyproject.toml"))}
    for stage in STAGES:
        packages[stage] = folder / f"understudy-my-{stage}"
        words = ["plugins", "new", f"my_{stage}", "--stage", stage, "--folder", str(packages[stage])]
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 0, result.output
    outside = Outside(next((folder / "venv").glob("[bS]*/python*")).parent, packages)
    editable = [word for place in packages.values() for word in ("-e", place)]
    outside.python("-m", "pip", "install", "--quiet", "--no-build-isolation", *editable, cwd=folder)
    return outside


@pytest.fixture
def project(tmp_path):
    """Write a project on two clips, and return the path of its file."""

    def write(text, **clips):
        for name, pictures in clips.items():
            sound = np.zeros(48000 * len(pictures) // 25, np.float32), 48000
            film(tmp_path / f"{name}.mp4", pictures, 25, sound, {})
        path = tmp_path / "project.yaml"
        path.write_text(HEAD + text, encoding="utf-8")
        return path

    return write
