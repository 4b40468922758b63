"""How does one command show the whole product on a fresh machine?

Two public-domain portraits that come with the dependencies are brought to life as short clips; then a project is run
on them as any other, and its results are laid beside each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from understudy.progress import Progress

__all__ = ["DemoResult", "run_demo"]


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What the demo leaves.

    Attributes:
        paths: What it is, in words, and where it lies; the recast clip first.
    """

    paths: tuple[tuple[str, Path], ...]


def run_demo(folder: Path, progress: Progress) -> DemoResult:
    """Make two clips and a project file in the folder, run the project, and say where the results are.

    What is there already is kept, so a demo that was stopped goes on where it was.

    Raises:
        RequestError: Where the packages that carry the portraits are missing.
        UnderstudyError: Whatever stops a run.
    """
    from understudy.learning import swap_artifact
    from understudy.phases import run
    from understudy.plugins import discover
    from understudy.project import load_project
    from understudy.report import write_report
    from understudy.store import WorkFolder

    from .clips import make_clips
    from .sheets import write_side_by_side, write_stills

    registry = discover()
    clips = make_clips(folder / "clips", registry, progress)
    project_file = folder / "demo.yaml"
    if not project_file.exists():
        text = files(__name__).joinpath("demo.yaml").read_text(encoding="utf-8")
        project_file.write_text(text, encoding="utf-8")
    project = load_project(project_file, registry)
    recast = run(project, progress=progress).outputs[0]
    side_by_side, stills = folder / "side-by-side.mp4", folder / "stills.jpg"
    if _is_older(side_by_side, recast):
        write_side_by_side(side_by_side, clips["astronaut"], recast)
    if _is_older(stills, recast):
        write_stills(stills, clips["hopper"], clips["astronaut"], recast)
    training = swap_artifact(WorkFolder(project.work), project.swaps[0]).folder
    return DemoResult(
        (
            ("recast clip", recast),
            ("target and recast side by side", side_by_side),
            ("source, target and recast in stills", stills),
            ("training preview", training / "preview-latest.png"),
            ("report on faces and training", write_report(project, progress)),
            ("project file", project_file),
        )
    )


def _is_older(path: Path, than: Path) -> bool:
    """Say whether a file is missing or was made before another one."""
    return not path.exists() or path.stat().st_mtime_ns < than.stat().st_mtime_ns
