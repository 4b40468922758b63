"""Fakes for the host's tests: a registry of small stages, installed distributions, and a project file."""

from __future__ import annotations

import textwrap
from typing import Annotated, Literal

import pytest
from pydantic import Field

from understudy.plugins import Offer, Origin, Registry
from understudy_sdk import CHANGEABLE, DECIDES_SWAP, StageConfig, StageSpec


class FinderConfig(StageConfig):
    """Settings of the fake detector."""

    min_score: Annotated[float, Field(ge=0, le=1)] = 0.5
    range: Literal["full", "short"] = "full"


class PlainConfig(StageConfig):
    """Settings of fakes that have none."""


class LearnerConfig(StageConfig):
    """Settings of the fake model."""

    resolution: Annotated[int, Field(multiple_of=16)] = 96
    batch_size: Annotated[int, Field(ge=1, json_schema_extra=CHANGEABLE)] = 4
    morph: Annotated[float, Field(ge=0, le=1, json_schema_extra=CHANGEABLE | DECIDES_SWAP)] = 1.0


class BlenderConfig(StageConfig):
    """Settings of the fake merger."""

    mask_erode_px: int = 0
    mask_blur_px: Annotated[int, Field(ge=0)] = 8


FAKES = (
    ("detector", "finder", FinderConfig),
    ("detector", "seeker", PlainConfig),
    ("aligner", "placer", PlainConfig),
    ("masker", "outline", PlainConfig),
    ("model", "learner", LearnerConfig),
    ("model", "player", PlainConfig),
    ("merger", "blender", BlenderConfig),
    ("merger", "paster", PlainConfig),
)

PROJECT = """\
understudy: 1
facesets:
  anna: {clips: [anna.mp4]}
  scene: {clips: [scene.mp4]}
extract:
  detector: {use: finder, with: {min_score: 0.25}}
  aligner: {use: placer}
  masker: {use: outline}
swaps:
  - source: anna
    target: scene
    model: {use: learner, iterations: 10}
    merger: {use: blender, with: {mask_erode_px: 4}}
    ranges:
      - {from: 5, to: 9, merger: {with: {mask_blur_px: 2}}}
output:
  path: out/done.mp4
"""


@pytest.fixture
def fake_registry() -> Registry:
    """Give a registry of fake stages; building one gives its settings and resources back."""
    origin = Origin("fakes", "understudy-fakes", "1.0")
    offers = []
    for stage, name, config in FAKES:
        spec = StageSpec(
            name=name,
            summary=f"A fake {stage}.",
            config=config,
            tiny=config(),
            build=lambda *given: given,
            learns=name == "learner",
            revision=3,
        )
        offers.append(Offer(stage, spec, origin))
    return Registry(offers)


@pytest.fixture
def project_file(tmp_path):
    """Give a maker of project files: the sample one, with texts replaced, beside two clips that are empty files."""

    def make(*replacements: tuple[str, str], text: str = PROJECT):
        for clip in ("anna.mp4", "scene.mp4"):
            (tmp_path / clip).touch()
        for old, new in replacements:
            assert old in text, f"the sample project has no {old!r}"
            text = text.replace(old, new)
        path = tmp_path / "cast.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return make


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Give an installer of fake distributions: a module and the metadata that announces it."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))

    def make(module: str, code: str, *, distribution: str | None = None, entry_point: str | None = None) -> None:
        distribution = distribution or f"{module.replace('_', '-')}-dist"
        (site / f"{module}.py").write_text(textwrap.dedent(code), encoding="utf-8")
        info = site / f"{distribution.replace('-', '_')}-2.5.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 2.5\n", encoding="utf-8")
        lines = f"[understudy]\n{entry_point or module} = {module}\n"
        (info / "entry_points.txt").write_text(lines, encoding="utf-8")

    return make
