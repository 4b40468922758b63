"""How long does a training step take, and how much memory, against DeepFaceLab's at the same setting?

Each row is a process of its own: it draws faces by formula, builds the model, and takes steps, from drawing a batch and
varying it to the optimizer; reading facesets, previews and saving are apart. The median of the steps after the first
ones counts. The references are DeepFaceLab's on a like machine, two cores, in float32; single figures of a shared
machine mean little, so look at how much of the processor a row got. ``python bench/train.py --help`` lists what can be
chosen.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

FACES = 32
"""Drawn faces of each side."""

SAEHD = {"code_width": 256, "encoder_width": 64, "decoder_width": 64, "mask_width": 22}
SAVINGS: tuple[dict[str, Any], ...] = ({"accumulate": 2}, {"recompute": True}, {"accumulate": 2, "recompute": True})
"""What makes a step need less memory, measured in the first of the precisions."""


@dataclass(frozen=True)
class Case:
    """A model at the setting that its reference was measured at.

    Attributes:
        offer: The model's name.
        batch: Faces of each side per step.
        settings: Of the model.
        reference_s: Seconds a step of DeepFaceLab's takes, the least and the most that were measured.
        reference_gb: The peak memory of its process.
        goals_s: What a step may take, by precision.
    """

    offer: str
    batch: int
    settings: dict[str, Any]
    reference_s: tuple[float, float]
    reference_gb: float
    goals_s: dict[str, float]


CASES = {
    "quick96": Case("quick96", 4, {}, (1.58, 1.65), 1.9, {"bfloat16": 0.80, "float32": 1.35}),
    "df-ud-128": Case(
        "saehd", 4, {**SAEHD, "archi": "df-ud", "resolution": 128}, (2.58, 2.66), 2.4,
        {"bfloat16": 1.40, "float32": 2.66},
    ),
    "liae-ud-128": Case(
        "saehd", 4, {**SAEHD, "archi": "liae-ud", "resolution": 128}, (3.39, 3.83), 3.4,
        {"bfloat16": 1.85, "float32": 3.83},
    ),
    "liae-ud-224": Case(
        "saehd", 2, {**SAEHD, "archi": "liae-ud", "resolution": 224}, (5.0, 5.4), 4.4,
        {"bfloat16": 2.60, "float32": 5.4},
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Job:
    """One row to measure.

    Attributes:
        name: Of its case.
        precision: What the networks learn with.
        saving: Settings that save memory.
        steps: How many are taken, the first ones included.
        warm_up: How many of them do not count.
        threads: CPU threads of the model.
        device: Where it learns.
    """

    name: str
    precision: str
    saving: dict[str, Any] = field(default_factory=dict)
    steps: int = 12
    warm_up: int = 3
    threads: int = 2
    device: str = "cpu"


def measure(job: Job) -> dict[str, Any]:
    """Take the steps of a row; return seconds a step, the processor's share and peak memory as JSON values."""
    from understudy.plugins import discover
    from understudy_sdk import Resources

    case = CASES[job.name]
    spec = discover().offer("model", case.offer).spec
    config = spec.config(**case.settings, batch_size=case.batch, precision=job.precision, **job.saving)
    model: Any = spec.build(config, Resources(job.device, _no_weights, job.threads))
    data, seconds, busy = _data(model.crop_spec, job), list[float](), list[float]()
    for step in range(1, job.steps + 1):
        began, worked = time.perf_counter(), time.process_time()
        losses = model.train_step(data, step, case.batch)
        assert all(float(loss) >= 0 for loss in losses.values())  # waits for the device, too
        seconds.append(time.perf_counter() - began)
        busy.append((time.process_time() - worked) / seconds[-1])
    counted = slice(min(job.warm_up, job.steps - 1), None)
    return {
        **asdict(job),
        "s_per_step": median(seconds[counted]),
        "cores": median(busy[counted]),
        "peak_gb": _peak_gb(job.device),
    }


def _data(spec: Any, job: Job) -> Any:
    """Return drawn faces as training deals them."""
    import numpy as np

    from understudy.training import FaceArrays
    from understudy.training.data import DeckData
    from understudy_sdk import Side
    from understudy_sdk.testing.training_data import DrawnFaces

    drawn, sides = DrawnFaces(spec), list[FaceArrays]()
    for side in (Side.SOURCE, Side.TARGET):
        faces = drawn.draw(side, 0, FACES)
        noise = np.random.default_rng(len(sides)).integers(-12, 13, faces.rgb.shape)
        rgb = np.clip(faces.rgb.numpy() + noise, 0, 255).astype(np.uint8)
        sides.append(FaceArrays(rgb, faces.mask.numpy(), faces.landmarks.numpy()))
    return DeckData(*sides, seed=0, device=job.device)


def _no_weights(weight: Any) -> Any:
    raise SystemExit(f"{weight} is wanted, but these models begin without weight files")


def _peak_gb(device: str) -> float:
    """Return the most memory that this process had: on a GPU what lay there, else all of it."""
    if device != "cpu":
        import torch

        return torch.cuda.max_memory_allocated(device) / 1e9
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1024 if sys.platform == "linux" else 1) / 1e9


def measured(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Yield the rows one after the other, each from a process that did nothing before."""
    savings = () if args.plain else SAVINGS
    for name in args.models:
        kinds = [(precision, {}) for precision in args.precisions] + [(args.precisions[0], some) for some in savings]
        for precision, saving in kinds:
            job = Job(name, precision, saving, args.steps, args.warm_up, args.threads, args.device)
            with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
                yield process.submit(measure, job).result()


TITLES = ("model", "batch", "precision", "saving", "s/step", "goal", "reference", "times as fast", "cores", "peak GB",
          "reference GB")  # fmt: skip


def line(row: dict[str, Any]) -> str:
    """Return a row of the table."""
    case = CASES[row["name"]]
    low, high = case.reference_s
    saving = ", ".join(f"{name}: {json.dumps(value)}" for name, value in row["saving"].items())
    goal = "" if saving else f"{case.goals_s.get(row['precision'], high):.2f}"
    cells = (
        row["name"], str(case.batch), row["precision"], saving, f"{row['s_per_step']:.2f}", goal,
        f"{low:.2f} to {high:.2f}", f"{low / row['s_per_step']:.1f}", f"{row['cores']:.1f}", f"{row['peak_gb']:.2f}",
        f"{case.reference_gb:.1f}",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Measure, and print each row of the table as soon as it is known."""
    args = _arguments()
    if args.json:
        print(json.dumps(list(measured(args)), indent=1))
        return
    print(f"| {' | '.join(TITLES)} |\n| --- | ---: | --- | --- |{' ---: |' * (len(TITLES) - 4)}")
    for row in measured(args):
        print(line(row), flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", choices=CASES, default=list(CASES), metavar="NAME",
                        help=f"which to measure: {', '.join(CASES)}")  # fmt: skip
    parser.add_argument("--precisions", nargs="+", choices=("bfloat16", "float32", "auto"),
                        default=["bfloat16", "float32"], help="what the networks learn with")  # fmt: skip
    parser.add_argument("--plain", action="store_true", help="leave out the rows with settings that save memory")
    parser.add_argument("--steps", type=int, default=12, help="steps a row, the first ones included")
    parser.add_argument("--warm-up", type=int, default=3, help="steps that do not count")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="CPU threads of the model")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, cuda:1")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    args = parser.parse_args()
    if args.steps < 1:
        parser.error("--steps must be 1 or more")
    return args


if __name__ == "__main__":
    main()
