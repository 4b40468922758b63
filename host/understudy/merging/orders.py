"""What is to be merged, in values that another process can be told?"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from understudy.extraction import faceset_artifact
from understudy.predicting import KeptAnswers, Span
from understudy.project import only_for_paid_work
from understudy.provenance.marking import FaceMark
from understudy.store import WorkFolder
from understudy.swapping import SwapOrder
from understudy.video import ClipInfo, Encoding, fingerprint
from understudy.weights import WeightCache
from understudy_sdk import Resources

from .jobs import ClipJob, payload_of
from .recipe import settings_in, window_of
from .takers import TakerMaker

__all__ = ["Chunk", "ClipOrder", "swap_orders"]


@dataclass(frozen=True, slots=True)
class ClipOrder:
    """All that merging chunks of one clip needs to know.

    Attributes:
        clip: The clip.
        info: Its facts.
        swaps: What is laid into it, in order.
        encoding: How it is encoded.
        device: What mergers are lent.
        label: Words that every frame shows, or none.
        is_paid: Whether weights are lent only that allow paid work.
    """

    clip: Path
    info: ClipInfo
    swaps: tuple[SwapOrder, ...]
    encoding: Encoding
    device: str
    label: str = ""
    is_paid: bool = False

    def resources(self, threads: int) -> Resources:
        """Return what mergers are lent."""
        find = WeightCache().find
        return Resources(self.device, only_for_paid_work(find) if self.is_paid else find, threads)


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk to make.

    Attributes:
        span: First frame and the frame after the last.
        path: The chunk's file; None where it is there already, and only the takers want the frames.
        makers: What else makes something of its frames.
    """

    span: Span
    path: Path | None
    makers: tuple[TakerMaker, ...] = ()


def swap_orders(
    work: WorkFolder, job: ClipJob, info: ClipInfo, kept: Sequence[KeptAnswers], spans: Collection[Span]
) -> tuple[SwapOrder, ...]:
    """Return what is laid into some spans of a clip's frames, swap by swap."""
    return tuple(_swap_order(work, job, info, part, spans) for part in kept)


def _swap_order(
    work: WorkFolder, job: ClipJob, info: ClipInfo, kept: KeptAnswers, spans: Collection[Span]
) -> SwapOrder:
    swap, window = kept.swap, window_of(kept.swap, info)
    return SwapOrder(
        swap=swap,
        settings=settings_in(work, swap, job, info),
        faceset=faceset_artifact(work, swap.target).folder,
        clip=fingerprint(job.clip),
        window=window,
        mark=FaceMark(info.width, info.height, payload_of(job)),
        answers=kept.files([window.widened(span) for span in spans]),
    )
