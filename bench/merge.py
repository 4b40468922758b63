"""How fast is a merge whose answers are kept, beside encoding alone, and how much memory do its processes hold?

What a model answers is kept, so the network is apart by itself. Every merger is measured in pairs with encoding alone,
same settings, same run; of each the best counts, for a shared machine only ever adds time.
``python bench/merge.py --help`` lists what can be chosen.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from run import FOOTAGE, NARROW, Job, encode_alone, in_process, looped, parts_of_merging, run_phase, write_project


def merged(job: Job, jobs: int) -> dict[str, float]:
    """Merge a clip again from kept answers; return the seconds of its chunks, and the peaks of memory in MB."""
    from understudy.phases import run
    from understudy.progress import Silent

    class Watch(Silent):
        began = ended = 0.0

        def start(self, phase: str, total: int, unit: str, *, done: int = 0, device: str = "") -> None:
            self.began = time.perf_counter()

        def finish(self) -> None:
            self.ended = time.perf_counter()

    project = write_project(job)
    shutil.rmtree(project.work / "merge", ignore_errors=True)
    watch = Watch()
    run(project, phases=("merge",), progress=watch, jobs=jobs)
    unit = 1024 if sys.platform == "linux" else 1024**2
    peaks = (resource.getrusage(who).ru_maxrss / unit for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {"seconds": watch.ended - watch.began, **dict(zip(("main_mb", "worker_mb"), peaks, strict=True))}


def prepared(args: argparse.Namespace, folder: Path, frames: int) -> Job:
    """Loop the target, extract it, learn a step, and merge once, so that all answers are kept."""
    clip = looped(args.target, frames, folder / "clip.mp4", args.size)
    job = Job(folder, args.source, clip, 1, args, NARROW)
    for phase in ("extract", "train", "merge"):
        in_process(run_phase, job, phase)
    return job


def speeds(args: argparse.Namespace) -> list[dict[str, Any]]:
    """Return for each merger its frames per second, those of encoding alone, and the milliseconds of one face."""
    rows = []
    with tempfile.TemporaryDirectory() as place:
        args.merger = args.mergers[0]
        job = prepared(args, Path(place), args.frames)
        for merger in args.mergers:
            args.merger = merger
            project, best, alone = write_project(job), 1e9, 0.0
            for _ in range(args.pairs):
                alone = max(alone, encode_alone(project, job.target, args.frames, job.folder / "alone.video"))
                best = min(best, in_process(merged, job, args.jobs)[0]["seconds"])
            runs = [parts_of_merging(project, job.target, 60, job.folder / "parts.video") for _ in range(args.pairs)]
            parts = {name: 1000 * min(run[name] for run in runs) for name in runs[0]}
            row = {"merger": args.merger, "frames_per_s": args.frames / best, "alone": alone}
            face = sum(parts[name] for name in ("region in", "merging", "region out"))
            rows.append(row | {"ratio": args.frames / best / alone, "face_ms": face, **parts})
    return rows


def memory(args: argparse.Namespace) -> list[dict[str, Any]]:
    """Return the peaks of memory of the process that is called and of the largest beside it, by the clip's length."""
    rows = []
    for frames in args.lengths:
        with tempfile.TemporaryDirectory() as place:
            args.merger = args.mergers[0]
            job = prepared(args, Path(place), frames)
            found, _ = in_process(merged, job, args.jobs)
            rows.append({"frames": frames, "jobs": args.jobs, **found})
    return rows


def main() -> None:
    """Parse what is asked, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", type=Path, default=FOOTAGE / "actor-a.mp4")
    parser.add_argument("--target", type=Path, default=FOOTAGE / "scene-interior.mp4")
    parser.add_argument("--frames", type=int, default=282)
    parser.add_argument("--size", type=int, nargs=2, metavar=("WIDTH", "HEIGHT"), help="scale the target to this")
    parser.add_argument("--mergers", nargs="+", default=["overlay", "seamless_clone", "laplacian"])
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--lengths", type=int, nargs="*", default=[], help="measure memory for clips of these lengths")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", default="float32")
    args = parser.parse_args()
    rows = memory(args) if args.lengths else speeds(args)
    load = os.getloadavg() if hasattr(os, "getloadavg") else ()
    print(json.dumps({"load": load, "cores": os.cpu_count(), "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
