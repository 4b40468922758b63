"""How good is a model after how many steps and minutes, on faces that it has not learnt from?

Measures every checkpoint and snapshot of a project's training, or those in another folder, and prints one markdown
table. ``python bench/quality.py --help`` lists what can be chosen.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

COLUMNS = (
    ("HaarPSI source", "haarpsi_source", 3),
    ("HaarPSI target", "haarpsi_target", 3),
    ("SSIM source", "ssim_source", 3),
    ("SSIM target", "ssim_target", 3),
    ("ΔE00 source", "color_source", 2),
    ("ΔE00 target", "color_target", 2),
    ("mask IoU", "mask_iou", 3),
    ("landmarks %", "expression_shape", 2),
    ("eyes %", "expression_eyes", 2),
    ("mouth %", "expression_mouth", 2),
    ("target's own %", "expression_target", 2),
    ("flicker", "flicker_swap", 2),
    ("footage's", "flicker_target", 2),
)


def main() -> None:
    """Measure, and print the table."""
    chosen = _arguments()
    from understudy.learning import swap_artifact
    from understudy.phases import resources_for
    from understudy.plugins import discover
    from understudy.project import load_project
    from understudy.store import WorkFolder

    project = load_project(chosen.project, discover(), chosen.set)
    swap, resources = project.swaps[chosen.swap - 1], resources_for(project)
    work = WorkFolder(project.work)
    folder = swap_artifact(work, swap).folder
    with ExitStack() as stack:
        faces = folder
        if not (folder / "faces" / "target").is_dir():
            faces = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        rows = list(_rows(chosen, work, swap, (folder, faces), resources))
    if chosen.json:
        print(json.dumps(rows, indent=1))
    else:
        print(_table(rows))


def _rows(
    chosen: argparse.Namespace, work: Any, swap: Any, folders: tuple[Path, Path], resources: Any
) -> Iterator[dict[str, float]]:
    """Yield step, minutes and measures of each checkpoint, in the order of steps."""
    from understudy.learning import learn_arrays
    from understudy.progress import Silent
    from understudy.quality.measuring import Measuring
    from understudy.quality.watching import faces_of_side, look_of
    from understudy.teaching import build_model

    training, faces = folders
    spec = build_model(swap.model, resources).crop_spec
    if faces != training:
        for faceset, face, side in (
            (swap.source, swap.source.face, "source"),
            (swap.target, swap.face, "target"),
        ):
            learn_arrays(work, faceset, face, spec, faces / "faces" / side, hold_out=swap.training.hold_out)
    sides = [faces_of_side(faces, side, spec, chosen.faces) for side in ("source", "target")]
    measuring = Measuring(*sides, look_of(swap, resources, Silent()))
    for checkpoint in _checkpoints(training, chosen.snapshots):
        step = checkpoint.state.step
        model = build_model(swap.model_at(step - 1), resources)
        model.load_weights(checkpoint.weights())  # type: ignore[attr-defined] # it has learnt
        yield {"step": step, "minutes": _minutes(training, step, dict(chosen.minutes)), **measuring(model)}


def _checkpoints(training: Path, other: Path | None) -> list[Any]:
    from understudy.training.checkpoints import Checkpoint, Checkpoints, read_checkpoint
    from understudy.training.snapshots import snapshots_of

    places = [Checkpoints(other)] if other else [Checkpoints(training), snapshots_of(training)]
    found = {step: read_checkpoint(place.path_of(step)) for place in places for step in place.steps()}
    return [one for _, one in sorted(found.items()) if isinstance(one, Checkpoint)]


def _minutes(training: Path, step: int, stated: dict[int, float]) -> float:
    """Return for how long was learnt up to a step: as stated, or between what was noted when the training measured."""
    import numpy as np

    from understudy.quality.records import MINUTES, read_quality

    if step in stated:
        return stated[step]
    table = read_quality(training)
    if not len(table):
        return float("nan")
    return float(np.interp(step, [0, *table.steps], [0.0, *table.losses(MINUTES)]))


def _table(rows: list[dict[str, float]]) -> str:
    known = [column for column in COLUMNS if any(column[1] in row for row in rows)]
    lines = [
        f"| steps | minutes | {' | '.join(title for title, _, _ in known)} |",
        f"| ---: | ---: |{' ---: |' * len(known)}",
    ]
    for row in rows:
        cells = [f"{row[name]:.{digits}f}" if name in row else "–" for _, name, digits in known]
        minutes = f"{row['minutes']:.1f}" if row["minutes"] == row["minutes"] else "–"
        lines.append(f"| {row['step']:.0f} | {minutes} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _pair(text: str) -> tuple[int, float]:
    step, _, minutes = text.partition("=")
    return int(step), float(minutes)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path, help="the project file")
    parser.add_argument("--swap", type=int, default=1, help="which of its swaps, from 1")
    parser.add_argument("--set", action="append", default=[], metavar="PATH=VALUE", help="as understudy's own")
    parser.add_argument("--snapshots", type=Path, help="a folder with step-* folders, in place of the training's own")
    parser.add_argument(
        "--minutes", type=_pair, action="append", default=[], metavar="STEP=MINUTES",
        help="how long the training had learnt at a step, where it has not noted that itself; may be repeated",
    )  # fmt: skip
    parser.add_argument("--faces", type=int, default=48, help="faces of each side at most")
    parser.add_argument("--json", action="store_true", help="print all measures as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
