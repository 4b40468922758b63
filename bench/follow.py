"""Is a followed face where a found one is, how often is it found or lost, and what does each cost?

Every clip is walked through with the detector on every fifth frame and the aligner following between them, as in an
extraction, and once more with the detector on the first frame only. Both are compared with the detector and the aligner
on every frame, in percent of the face box's width.

``python bench/follow.py [CLIP.mp4 ...]``; without names, the clips of ``../shared/footage``.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np

from understudy.plugins import discover
from understudy.weights import WeightCache
from understudy_sdk import Face, Frame, Resources

FOOTAGE = Path(__file__).resolve().parents[2] / "shared" / "footage"
CADENCE = 5


def built(stage: str, threads: int, **settings: Any) -> Any:
    """Return a mediapipe stage on the CPU."""
    spec = discover().offer(stage, "mediapipe").spec
    return spec.build(spec.config(**settings), Resources("cpu", WeightCache().find, threads))


def frames_of(path: Path) -> Iterator[Frame]:
    """Yield a clip's frames."""
    with av.open(str(path)) as container:
        for picture in container.decode(video=0):
            assert picture.pts is not None
            assert picture.time_base is not None
            yield Frame(picture.to_ndarray(format="rgb24"), picture.pts, picture.time_base)


def off(face: Face, expected: Face) -> float:
    """Return the landmarks' distance, root mean square, in percent of the box's width."""
    assert face.landmarks is not None
    assert expected.landmarks is not None
    squares = np.square(face.landmarks - expected.landmarks).sum(axis=1)
    return float(100 * np.sqrt(squares.mean()) / (expected.box[2] - expected.box[0]))


class Walk:
    """Follows the first face through a clip, found anew every few frames."""

    def __init__(self, cadence: int) -> None:
        self.cadence, self.face, self.lost = cadence, None, 0
        self.seconds: list[float] = []
        self.off: list[float] = []

    def step(self, number: int, frame: Frame, aligner: Any, found: Face | None) -> None:
        """Take one frame and what was found in it."""
        if number % self.cadence == 0 or self.face is None:
            self.face = found
            return
        start = time.perf_counter()
        (self.face,) = aligner.follow(frame, [self.face])
        self.seconds.append(time.perf_counter() - start)
        self.lost += self.face is None
        if self.face is not None and found is not None:
            self.off.append(off(self.face, found))

    def told(self) -> str:
        """Return the figures."""
        far = np.percentile(self.off, [50, 99, 100])
        return (
            f"lost {self.lost} of {len(self.seconds)}, off by {far[0]:.2f} / {far[1]:.2f} / {far[2]:.2f} %, "
            f"{1000 * np.median(self.seconds):.2f} ms"
        )


def measure(path: Path, detector: Any, aligner: Any) -> None:
    """Print one clip's figures."""
    counts, seconds = np.zeros(4, int), np.zeros((0, 2))
    often, once = Walk(CADENCE), Walk(1 << 30)
    for number, frame in enumerate(frames_of(path)):
        start = time.perf_counter()
        detected = detector.detect([frame])
        middle = time.perf_counter()
        (aligned,) = aligner.align([frame], detected)
        seconds = np.vstack([seconds, (middle - start, time.perf_counter() - middle)])
        counts += (bool(detected[0]), len(detected[0]), bool(aligned), len(aligned))
        for walk in (often, once):
            walk.step(number, frame, aligner, aligned[0] if aligned else None)
    detect, align = 1000 * np.median(seconds, axis=0)
    total = len(seconds)
    print(f"{path.stem}, {total} frames")
    print(f"  detected in {counts[0]} ({counts[1]} boxes), mesh in {counts[2]} ({counts[3]} faces)")
    print(f"  detector {detect:.2f} ms, aligner {align:.2f} ms a frame")
    print(f"  found every {CADENCE}th frame, followed between: {often.told()}")
    print(f"  found once, followed to the end: {once.told()}")
    each = (detect + align) / CADENCE + 1000 * float(np.median(often.seconds)) * (CADENCE - 1) / CADENCE
    print(
        f"  detector, aligner and following together: {each:.2f} ms a frame, {1000 / each:.0f} frames/s in one thread"
    )


def main() -> None:
    """Measure the clips named, or all of the footage."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", nargs="*", type=Path)
    parser.add_argument("--threads", type=int, default=1, help="CPU threads of each stage")
    chosen = parser.parse_args()
    detector, aligner = built("detector", chosen.threads), built("aligner", chosen.threads)
    print(f"{os.cpu_count()} cores; off: median / 99th percentile / largest")
    for path in chosen.clips or sorted(FOOTAGE.glob("*.mp4")):
        measure(path, detector, aligner)


if __name__ == "__main__":
    main()
