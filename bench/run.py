"""How fast is each phase, where does its time go, and does memory stay flat in the length of a clip?

Everything is measured in one run on one machine, so that the figures may be divided by each other; single figures of
a shared machine mean little. ``python bench/run.py --help`` lists what can be chosen.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import platform
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

FOOTAGE = Path(__file__).resolve().parents[2] / "shared" / "footage"

PROJECT = """
understudy: 1
name: bench
consent: {{basis: synthetic, statement: A measurement}}
device: {device}
facesets:
  source: {{clips: ['{source}']}}
  target: {{clips: ['{target}']}}
extract: {{detector: {{use: mediapipe}}, aligner: {{use: mediapipe}}, masker: {{use: hull}}}}
swaps:
  - source: source
    target: target
    face: largest
    model: {{use: quick96, with: {{batch_size: 4, precision: {precision}{widths}}}, iterations: {steps}}}
    merger: {{use: {merger}, with: {{mask_erode_px: 4, mask_blur_px: 12}}}}
output: {{path: out.mp4, video: {{codec: libx264, crf: 18, preset: medium}}}}
"""


class Clock:
    """Adds up how long named parts take."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Count the time of a ``with`` block towards a name."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start

    def timed(self, name: str, values: Iterator[Any]) -> Iterator[Any]:
        """Yield values, counting the time each takes to make."""
        while True:
            with self.part(name):
                value = next(values, None)
            if value is None:
                return
            yield value


NARROW = ", code_width: 8, encoder_width: 4, decoder_width: 4, mask_width: 2"
"""Widths at which a network takes next to no time: what is left of a merge is the merge."""


@dataclass(frozen=True)
class Job:
    """A project to measure.

    Attributes:
        folder: Where it lies.
        source: Its source's clip.
        target: Its target's clip.
        steps: Of training.
        args: What was asked on the command line.
        widths: More settings of the model, as YAML.
    """

    folder: Path
    source: Path
    target: Path
    steps: int
    args: argparse.Namespace
    widths: str = ""


def write_project(job: Job) -> Any:
    """Write a project into its folder and load it."""
    from understudy.plugins import discover
    from understudy.project import load_project

    path, args = job.folder / "bench.yaml", job.args
    asked = {"merger": args.merger, "device": args.device, "precision": args.precision}
    path.write_text(PROJECT.format(source=job.source, target=job.target, steps=job.steps, widths=job.widths, **asked))
    return load_project(path, discover())


def looped(clip: Path, frames: int, path: Path, size: tuple[int, int] | None = None) -> Path:
    """Return a clip of exactly ``frames`` frames, the given one over and over, encoded fast, perhaps scaled."""
    import av

    with av.open(str(clip)) as source, av.open(str(path), "w") as container:
        video = source.streams.video[0]
        stream = container.add_stream("libx264", rate=30, options={"preset": "ultrafast", "crf": "20"})
        stream.width, stream.height = size or (video.width, video.height)
        stream.pix_fmt = video.pix_fmt
        number = 0
        while number < frames:
            source.seek(0)
            for frame in source.decode(video):
                if number == frames:
                    break
                shown = frame.reformat(*size) if size else frame
                shown.pts, shown.time_base, shown.pict_type = number, Fraction(1, 30), 0
                container.mux(stream.encode(shown))
                number += 1
        container.mux(stream.encode())
    return path


def in_process(work: Callable[..., Any], *arguments: Any) -> tuple[Any, float]:
    """Run work in a process of its own; return what it says and its peak memory in MB, all included."""
    context = multiprocessing.get_context("spawn")
    receive, send = context.Pipe(duplex=False)
    process = context.Process(target=_measured, args=(send, work, *arguments))
    process.start()
    seconds, peak = receive.recv()
    process.join()
    if process.exitcode:
        raise SystemExit(f"the measured process ended with {process.exitcode}")
    return seconds, peak


def _measured(send: Any, work: Callable[..., Any], *arguments: Any) -> None:
    seconds = work(*arguments)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 1024**2)
    send.send((seconds, peak))


def run_phase(job: Job, phase: str) -> float:
    """Run one phase of a project; return the seconds from its first frame or step to its end."""
    from understudy.phases import run
    from understudy.progress import Silent

    class Watch(Silent):
        began = 0.0

        def start(self, phase: str, total: int, unit: str, *, done: int = 0, device: str = "") -> None:
            self.began = self.began or time.perf_counter()

    watch = Watch()
    run(write_project(job), phases=(phase,), progress=watch)
    return time.perf_counter() - watch.began


def run_extraction(job: Job) -> dict[str, float]:
    """Run the extract phase; return the seconds of finding faces and of cutting them, and of all from the first on."""
    from understudy.phases import run
    from understudy.progress import Silent

    class Watch(Silent):
        def __init__(self) -> None:
            self.began: list[tuple[str, float]] = []
            self.seconds = {"find": 0.0, "cut": 0.0}

        def start(self, phase: str, total: int, unit: str, *, done: int = 0, device: str = "") -> None:
            self.began.append((phase.rpartition(": ")[2], time.perf_counter()))

        def finish(self) -> None:
            step, began = self.began[-1]
            self.seconds[step] += time.perf_counter() - began

    watch = Watch()
    run(write_project(job), phases=("extract",), progress=watch)
    return {**watch.seconds, "all": time.perf_counter() - watch.began[0][1]}


def parts_of_extraction(args: argparse.Namespace, clip: Path, frames: int) -> dict[str, float]:
    """Return the seconds a frame spends in each part of extraction, one after the other in one thread."""
    from understudy.extraction import Finder
    from understudy.extraction.cutting import Cutter
    from understudy.extraction.settling import SettledFace
    from understudy.faceset import Origin
    from understudy.masking import JoinedMasker
    from understudy.phases import resources_for
    from understudy.pictures import encode_png
    from understudy.steadiness import look_of
    from understudy.tracking import signature
    from understudy.video import ClipReader

    with tempfile.TemporaryDirectory() as folder:
        project = write_project(Job(Path(folder), clip, clip, 1, args))
        choice, resources = project.facesets["target"].extract, resources_for(project)
        finder, clock, count = Finder.build(choice, resources), Clock(), 0
        faces: list[Any] = []
        with ClipReader(clip) as reader:
            cutter = Cutter(choice, JoinedMasker.build(choice.maskers, choice.mask_join, resources), clip, reader.info)
            for decoded in clock.timed("decoding", reader.frames(0, frames)):
                with clock.part("converting to RGB"):
                    frame = decoded.frame()
                with clock.part("signature"):
                    signature(frame.rgb)
                if faces:
                    with clock.part("following"):
                        finder.follow(frame, faces)
                if count % choice.detect_every == 0:
                    with clock.part("detecting (every 5th)"):
                        found = finder.detect([frame])
                faces = finder.align(frame, found[0])
                settled = [
                    SettledFace(count, frame.pts, number, face, face.landmarks, Origin.FOUND, 0)
                    for number, face in enumerate(faces)
                    if face.landmarks is not None
                ]
                with clock.part("cropping and masking"):
                    crops = cutter.cut(frame, count, settled)
                with clock.part("looking at crops"):
                    for crop, mask in crops:
                        look_of(crop.rgb, mask, crop.landmarks, crop.frame_to_crop)
                with clock.part("encoding pictures"):
                    for picture in (picture for crop, mask in crops for picture in (crop.rgb, mask)):
                        encode_png(picture)
                count += 1
    return {name: seconds / count for name, seconds in clock.seconds.items()}


def parts_of_merging(project: Any, clip: Path, frames: int, path: Path) -> dict[str, float]:
    """Return the seconds a frame spends in each part of merging, one after the other; the faces are predicted."""
    from understudy.extraction import placed_crop
    from understudy.merging import jobs_of
    from understudy.merging.orders import swap_orders
    from understudy.phases import resources_for
    from understudy.predicting import AnswerBook, answers_of
    from understudy.store import WorkFolder
    from understudy.swapping import mask_over_crop, reach, where_it_shows
    from understudy.video import ChunkWriter, ClipReader, encoding_for, probe
    from understudy.video.codes import brightness_weights

    resources, info, clock, count = resources_for(project), probe(clip), Clock(), 0
    swap, video, work, span = project.swaps[0], project.output.video, WorkFolder(project.work), (0, frames)
    (order,) = swap_orders(work, jobs_of(project)[0], info, [answers_of(work, clip, swap)], [span])
    ready = order.ready(resources)
    encoding, faces = encoding_for(video, info), ready.faces_between(span)
    with ClipReader(clip) as reader, ChunkWriter(path, info, encoding) as writer, AnswerBook(order.answers) as book:
        for frame in clock.timed("decoding", reader.frames(*span)):
            count += 1
            for row in faces.by_frame.get(frame.index, ()):
                with clock.part("looking answers up"):
                    spec, answer = book.answer(row.frame, row.name)  # type: ignore[misc]  # all are there
                    crop = placed_crop(answer.rgb, row.face, spec.face_type)
                with clock.part("target's mask"):
                    mask = mask_over_crop(faces.masks[row.name], row, crop)
                with clock.part("region in"):
                    region = frame.region(*reach(crop, frame.size))
                with clock.part("merging"):
                    layer = ready.mergers.get(swap.merger).merge(region, answer.swap, crop, mask)
                with clock.part("region out"):
                    shown, layer = where_it_shows(region, layer)
                with clock.part("marking"):
                    brightness, weights = frame.brightness(*shown.box), brightness_weights(shown.color)
                    layer = order.mark.laid(layer, (shown.x0, shown.y0), brightness, weights)
                with clock.part("region out"):
                    frame.lay(shown, layer)
            with clock.part("encoding"):
                writer.add(frame.to_av())
    return {name: seconds / count for name, seconds in clock.seconds.items()}


def encode_alone(project: Any, clip: Path, frames: int, path: Path) -> float:
    """Return frames per second of decoding and encoding with the same settings and threads, nothing between."""
    from understudy.ahead import Behind, ahead
    from understudy.video import ChunkWriter, ClipReader, encoding_for, probe

    info, start, count = probe(clip), time.perf_counter(), 0
    with ClipReader(clip) as reader, ChunkWriter(path, info, encoding_for(project.output.video, info)) as writer:
        with Behind(nullcontext(lambda frame: writer.add(frame.to_av())), depth=8) as encoder:
            for frame in ahead(reader.frames(0, frames), depth=8):
                encoder.put(frame)
                count += 1
        encoder.result()
    return count / (time.perf_counter() - start)


def measure(args: argparse.Namespace) -> dict[str, Any]:
    """Measure everything and return it as JSON values."""
    from understudy.video import probe

    found: dict[str, Any] = {"machine": f"{platform.machine()} {platform.system()}", "threads": _threads()}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        clip = looped(args.target, args.frames, folder / "clip.mp4") if args.loop else args.target
        frames = len(probe(clip).pts)
        job = Job(folder, args.source, clip, args.steps, args)
        seconds, peak = in_process(run_extraction, job)
        total = frames + len(probe(args.source).pts)
        found["extract"] = {f"{step}_frames_per_s": total / took for step, took in seconds.items()}
        found["extract"]["peak_mb"] = peak
        found["extract_parts_ms"] = _milliseconds(parts_of_extraction(args, clip, min(frames, 120)))
        seconds, peak = in_process(run_phase, job, "train")
        found["train"] = {"s_per_step": seconds / args.steps, "peak_mb": peak, "batch_size": 4}
        found["train"] |= {"precision": args.precision, "note": "sampling, previews and saving included"}
        found["merge"] = _merging(job, frames)
        found["merge_parts_ms"] = _milliseconds(
            parts_of_merging(write_project(job), clip, min(frames, 120), folder / "parts.video")
        )
    return found


def _merging(job: Job, frames: int) -> dict[str, Any]:
    """Measure the merge phase, the same with next to no network, and encoding alone."""
    seconds, peak = in_process(run_phase, job, "merge")
    narrow = replace(job, steps=1, widths=NARROW)
    in_process(run_phase, narrow, "train")
    apart_seconds, _ = in_process(run_phase, narrow, "merge")
    alone = encode_alone(write_project(job), job.target, frames, job.folder / "alone.video")
    return {
        "merger": job.args.merger,
        "frames_per_s": frames / seconds,
        "network_apart_frames_per_s": frames / apart_seconds,
        "encode_alone_frames_per_s": alone,
        "network_apart_over_encode_alone": frames / apart_seconds / alone,
        "peak_mb": peak,
    }


def measure_memory(args: argparse.Namespace) -> list[dict[str, Any]]:
    """Return the peak memory of extraction and merging for clips of several lengths."""
    rows = []
    for frames in args.lengths:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            clip = looped(args.target, frames, folder / "clip.mp4")
            job = Job(folder, args.source, clip, 1, args, NARROW)
            extract_s, extract_mb = in_process(run_phase, job, "extract")
            in_process(run_phase, job, "train")
            merge_s, merge_mb = in_process(run_phase, job, "merge")
            rows.append(
                {"frames": frames, "extract_s": extract_s, "extract_peak_mb": extract_mb, "merge_s": merge_s,
                 "merge_peak_mb": merge_mb}
            )  # fmt: skip
    return rows


def _threads() -> int:
    import torch

    return torch.get_num_threads()


def _milliseconds(parts: dict[str, float]) -> dict[str, Any]:
    total = sum(parts.values())
    return {name: {"ms": 1000 * seconds, "share": seconds / total} for name, seconds in parts.items()}


def print_table(found: dict[str, Any]) -> None:
    """Print the figures as text."""
    for name, value in found.items():
        if isinstance(value, dict):
            print(f"\n{name}")
            for key, figure in value.items():
                if isinstance(figure, dict):
                    print(f"  {key:<28} {figure['ms']:9.2f} ms a frame  {100 * figure['share']:5.1f} %")
                else:
                    print(f"  {key:<28} {figure:>12.3f}" if isinstance(figure, float) else f"  {key:<28} {figure}")
        elif isinstance(value, list):
            print(f"\n{name}")
            for row in value:
                print("  " + "  ".join(f"{key} {figure:.0f}" for key, figure in row.items()))
        else:
            print(f"{name}: {value}")


def main() -> None:
    """Parse what is asked, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", type=Path, default=FOOTAGE / "actor-a.mp4")
    parser.add_argument("--target", type=Path, default=FOOTAGE / "scene-interior.mp4")
    parser.add_argument("--frames", type=int, default=282, help="with --loop: frames of the target's clip")
    parser.add_argument("--loop", action="store_true", help="repeat the target to --frames frames")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--merger", default="seamless_clone")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--lengths", type=int, nargs="*", default=[], help="clip lengths for the memory table")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    missing = [str(path) for path in (args.source, args.target) if not path.is_file()]
    if missing:
        raise SystemExit(f"no such clip: {', '.join(missing)}; name others with --source and --target")
    found = {"memory": measure_memory(args)} if args.lengths else measure(args)
    print(json.dumps(found, indent=1)) if args.json else print_table(found)


if __name__ == "__main__":
    main()
