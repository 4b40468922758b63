"""How is one chunk of a clip merged?

Frames are decoded in one thread, faces are laid into them in the caller's (``swapping``), and they are taken by what
makes files of them in a third. An encoder gives the last of its frames late, so the next chunk may be begun meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from types import TracebackType
from typing import Self

from understudy.ahead import Behind, ahead
from understudy.memory import give_back
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
        self._filing: list[Behind[DecodedFrame]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with ExitStack() as ends:
            ends.callback(self._reader.close)
            for filing in self._filing:
                ends.callback(filing.wait)  # a chunk that has all its frames is kept, whatever happened after it

    def merge(self, chunk: Chunk, progress: Progress) -> None:
        """Merge a chunk's frames and encode them; all answers for them are there.

        The chunk's file appears after all that the takers make; it is empty where no frame can be decoded.

        Args:
            chunk: What to make.
            progress: Hears of every frame.
        """
        self.begin(chunk, progress).result()

    def begin(self, chunk: Chunk, progress: Progress) -> Behind[DecodedFrame]:
        """Merge a chunk's frames as ``merge`` does, and do not wait for the encoder to give the last of them.

        So the next chunk can be begun meanwhile. Give its ``result`` a call, and the chunk is there.
        """
        order, laid, lost = self._order, LaidFaces(chunk.span), len(self._reader.undecodable)
        takers = [maker.taker(chunk.span, order.info) for maker in chunk.makers]
        parts = [part.faces_between(chunk.span) for part in self._ready]
        filing = Behind(_filed(order, chunk, takers, laid), depth=8)
        self._filing = [*self._filing[-1:], filing]  # whoever begins one more has waited for the one before the last
        # closed in the end, after an error too: nothing may decode any more when the reader is closed
        with closing(ahead(self._reader.frames(*chunk.span), depth=8)) as decoded, filing:
            merged = merged_frames(_seen(decoded, takers), parts, laid)
            for frame in labelled(merged, order.label, laid.add_words):
                for other in self._filing:
                    other.check()  # no more is made where the chunk before has failed
                filing.put(frame)
                progress.advance()  # here, so that listeners hear everything in the caller's thread
        progress.advance(len(self._reader.undecodable) - lost)
        return filing


@contextmanager
def _filed(
    order: ClipOrder, chunk: Chunk, takers: Sequence[FrameTaker], laid: LaidFaces
) -> Iterator[Callable[[DecodedFrame], None]]:
    """Give what makes files of a chunk's frames; they are whole when the block is left, the chunk's own at last."""
    writer: ChunkWriter | None = None
    with ExitStack() as film, ExitStack() as others:
        for taker in takers:
            others.enter_context(taker)

        def take(frame: DecodedFrame) -> None:
            nonlocal writer
            faces, words = laid.taken(frame.index), laid.words_taken(frame.index)
            for taker in takers:
                taker.take(frame, faces, words)
            if chunk.path is not None:
                writer = writer or film.enter_context(ChunkWriter(chunk.path, order.info, order.encoding))
                writer.add(frame.to_av())

        yield take
    give_back()
    if chunk.path is not None and writer is None:
        chunk.path.touch()  # an empty chunk stands for a stretch of the clip that cannot be decoded


def _seen(frames: Iterable[DecodedFrame], takers: Sequence[FrameTaker]) -> Iterator[DecodedFrame]:
    """Yield frames after the takers saw them."""
    for frame in frames:
        for taker in takers:
            taker.see(frame)
        yield frame
