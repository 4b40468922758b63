"""How long does each stage take for a frame, and how much memory does it hold at most?"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from types import TracebackType
from typing import Final, Self, TypeVar

import psutil

from understudy.extraction import faceset_artifact, warp_crop
from understudy.extraction.finding import Finder
from understudy.faceset import Faceset
from understudy.masking import JoinedMasker
from understudy.merging import ClipJob
from understudy.plugins import blaming
from understudy.progress import Silent
from understudy.store import WorkFolder
from understudy.swapping import Laid, mask_over_crop
from understudy.teaching import load_learnt
from understudy.video import ClipInfo, ClipReader
from understudy_sdk import Crop, Frame, Layer, Mask, Merger, Region, Resources, Swap

__all__ = ["PeakMemory", "extraction_seconds", "merging_seconds"]

ResultT = TypeVar("ResultT")

_FRAMES: Final = 4
"""How many frames are timed, after one to warm up."""


class PeakMemory:
    """Watches what the process holds while the block runs.

    Attributes:
        memory_mb: At most, of main memory.
        device_mb: At most, of a CUDA device; not a number on others.
    """

    def __init__(self, device: str) -> None:
        """Watch nothing yet."""
        self.memory_mb, self.device_mb = 0.0, float("nan")
        self._device, self._ended = device, threading.Event()
        self._process = psutil.Process()
        self._thread = threading.Thread(target=self._watch, name="memory", daemon=True)

    def __enter__(self) -> Self:
        """Begin."""
        if self._device.startswith("cuda"):
            import torch  # noqa: PLC0415 - only where there is one

            torch.cuda.reset_peak_memory_stats(self._device)
        self._look()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End."""
        self._ended.set()
        self._thread.join()
        self._look()
        if self._device.startswith("cuda"):
            import torch  # noqa: PLC0415

            self.device_mb = torch.cuda.max_memory_allocated(self._device) / 1e6

    def figures(self) -> dict[str, float]:
        """Return both by the names of columns."""
        both = {"memory_mb": self.memory_mb, "device_mb": self.device_mb}
        return {name: value for name, value in both.items() if not math.isnan(value)}

    def _watch(self) -> None:
        while not self._ended.wait(0.02):
            self._look()

    def _look(self) -> None:
        self.memory_mb = max(self.memory_mb, self._process.memory_info().rss / 1e6)


def extraction_seconds(job: ClipJob, info: ClipInfo, numbers: Sequence[int], resources: Resources) -> dict[str, float]:
    """Return how long detecting, aligning and masking takes for a frame, detecting on each; by the names of columns."""
    choice = job.swaps[0].target.extract
    finder = Finder.build(choice, resources)
    masker = JoinedMasker.build(choice.maskers, choice.mask_join, resources)
    frames = _frames(job, info, numbers)
    finder.look(frames[:1])
    found, detect_s = _timed(lambda: finder.detect(frames))
    aligned, align_s = _timed(
        lambda: [finder.align(frame, faces) for frame, faces in zip(frames, found, strict=True) if faces]
    )
    seen = [frame for frame, faces in zip(frames, found, strict=True) if faces]
    crops = [
        warp_crop(frame, faces[0], choice.face_type, choice.crop_size)
        for frame, faces in zip(seen, aligned, strict=True)
        if faces and faces[0].landmarks is not None
    ]
    seconds = {"detect_s": detect_s / len(frames)}
    if crops:
        masker.mask(crops[:1])
        seconds["mask_s"] = _timed(lambda: masker.mask(crops))[1] / len(crops)
        seconds["align_s"] = align_s / len(aligned)
    return seconds


def merging_seconds(work: WorkFolder, job: ClipJob, laid: Sequence[Laid], resources: Resources) -> dict[str, float]:
    """Return how long models and mergers take for the faces of a frame, by the names of columns."""
    swap_s = merge_s = 0.0
    numbers = sorted({one.frame for one in laid})[:_FRAMES]
    for swap in job.swaps:
        own = [one for one in laid if one.swap == swap.index and one.frame in numbers]
        if not own:
            continue
        model, merger = load_learnt(work, swap, resources, Silent()), swap.merger.build(resources)
        with blaming(swap.model.offer, "being timed"):
            model.swap([own[0].crop])
            swaps, seconds = _timed(partial(model.swap, [one.crop for one in own]))
            swap_s += seconds
        with Faceset(faceset_artifact(work, swap.target).folder) as index:
            masks = [mask_over_crop(index.mask_png(one.name), index.row(one.name), one.crop) for one in own]
        with blaming(swap.merger.offer, "being timed"):
            given = [(one.region, drawn, one.crop, mask) for one, drawn, mask in zip(own, swaps, masks, strict=True)]
            merger.merge(*given[0])
            merge_s += _timed(partial(_merged, merger, given))[1]
    return {"swap_s": swap_s / len(numbers), "merge_s": merge_s / len(numbers)} if numbers else {}


def _merged(merger: Merger, given: Sequence[tuple[Region, Swap, Crop, Mask]]) -> list[Layer]:
    return [merger.merge(*one) for one in given]


def _frames(job: ClipJob, info: ClipInfo, numbers: Sequence[int]) -> list[Frame]:
    step = max(len(numbers) // _FRAMES, 1)
    with ClipReader(job.clip, info) as reader:
        return [frame.frame() for number in numbers[::step][:_FRAMES] for frame in reader.frames(number, number + 1)]


def _timed(work: Callable[[], ResultT]) -> tuple[ResultT, float]:
    begun_s = time.perf_counter()
    result = work()
    return result, time.perf_counter() - begun_s
