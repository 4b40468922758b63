"""How is one chunk of a clip merged?

Frames are decoded in one thread, faces are laid into them in the caller's (``swapping``), and they are taken by what
makes files of them in a third.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from itertools import chain
from types import TracebackType
from typing import Self

from understudy.ahead import Behind, ahead
from understudy.progress import Progress
from understudy.provenance.label import labelled
from understudy.swapping import LaidFaces, merged_frames
from understudy.video import ChunkWriter, ClipReader, DecodedFrame

from .orders import Chunk, ClipOrder
from .takers import FrameTaker

__all__ = ["ChunkMerger"]


class ChunkMerger:
    """Merges chunks of one clip."""

    def __init__(self, order: ClipOrder, threads: int) -> None:
        """Build the mergers; ``threads`` decode at the same time."""
        self._order = order
        self._ready = [swap.ready(order.resources(threads)) for swap in order.swaps]
        self._reader = ClipReader(order.clip, order.info, threads=threads)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.close()

    def merge(self, chunk: Chunk, progress: Progress) -> None:
        """Merge a chunk's frames and encode them; all answers for them are there.

        The chunk's file appears after all that the takers make; it is empty where no frame can be decoded.

        Args:
            chunk: What to make.
            progress: Hears of every frame.
        """
        order, laid, lost = self._order, LaidFaces(chunk.span), len(self._reader.undecodable)
        takers = [maker.taker(chunk.span, order.info) for maker in chunk.makers]
        writer: ChunkWriter | None = None

        def take(frame: DecodedFrame) -> None:
            faces, words = laid.taken(frame.index), laid.words_taken(frame.index)
            for taker in takers:
                taker.take(frame, faces, words)
            if writer is not None:
                writer.add(frame.to_av())

        parts = [part.faces_between(chunk.span) for part in self._ready]
        with ExitStack() as files:
            # closed in the end, after an error too: nothing may decode any more when the reader is closed
            decoded = files.enter_context(closing(ahead(self._reader.frames(*chunk.span), depth=8)))
            passing = labelled(merged_frames(_seen(decoded, takers), parts, laid), order.label, laid.add_words)
            first = next(passing, None)
            if chunk.path is not None and first is not None:
                writer = files.enter_context(ChunkWriter(chunk.path, order.info, order.encoding))
            for taker in takers:
                files.enter_context(taker)
            with Behind(take, depth=8) as behind:
                for frame in () if first is None else chain((first,), passing):
                    behind.put(frame)
                    progress.advance()  # here, so that listeners hear everything in the caller's thread
        if chunk.path is not None and first is None:
            chunk.path.touch()  # an empty chunk stands for a stretch of the clip that cannot be decoded
        progress.advance(len(self._reader.undecodable) - lost)


def _seen(frames: Iterable[DecodedFrame], takers: Sequence[FrameTaker]) -> Iterator[DecodedFrame]:
    """Yield frames after the takers saw them."""
    for frame in frames:
        for taker in takers:
            taker.see(frame)
        yield frame
