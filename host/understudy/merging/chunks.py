"""How is one chunk of a clip merged?

Frames are decoded in one thread, pass through the swaps one after the other in the caller's (``swapping``), and are
taken by what makes files of them in a third.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from itertools import chain
from pathlib import Path

from understudy.ahead import Behind, ahead
from understudy.progress import Progress
from understudy.provenance.label import labelled
from understudy.swapping import LaidFaces, ReadySwap, merged_frames, widened_spans
from understudy.video import ChunkWriter, ClipReader, DecodedFrame, Encoding

from .takers import FrameTaker

__all__ = ["merge_chunk"]


def merge_chunk(
    reader: ClipReader,
    span: tuple[int, int],
    ready: Sequence[ReadySwap],
    path: Path | None,
    encoding: Encoding,
    progress: Progress,
    takers: Sequence[FrameTaker] = (),
) -> None:
    """Merge a span of frames and encode it.

    Args:
        reader: Of the clip.
        span: First frame and the frame after the last.
        ready: The swaps, in the order in which frames pass through them.
        path: The chunk's file; empty where no frame can be decoded. It appears after all that the takers make.
            None where it is there already, and only the takers want the frames.
        encoding: How it is encoded.
        progress: Hears of every frame.
        takers: What else makes something of the merged frames; each is entered, given every frame, and left.
    """
    laid = LaidFaces(span)
    writer: ChunkWriter | None = None

    def take(frame: DecodedFrame) -> None:
        faces, words = laid.taken(frame.index), laid.words_taken(frame.index)
        for taker in takers:
            taker.take(frame, faces, words)
        if writer is not None:
            writer.add(frame.to_av())

    lost = len(reader.undecodable)
    spans = widened_spans([part.window for part in ready], span)
    frames: Iterable[DecodedFrame] = ahead(reader.frames(*spans[0]), depth=8)
    for part, given, wanted in zip(ready, spans[:-1], spans[1:], strict=True):
        frames = merged_frames(frames, part.faces_between(*given), wanted, laid)
    passing = labelled(frames, ready[0].label if ready else "", laid.add_words)
    first = next(passing, None)
    with ExitStack() as files:
        if path is not None and first is not None:
            writer = files.enter_context(ChunkWriter(path, reader.info, encoding))
        for taker in takers:
            files.enter_context(taker)
        with Behind(take, depth=8) as behind:
            for frame in () if first is None else chain((first,), passing):
                behind.put(frame)
                progress.advance()  # here, so that listeners hear everything in the caller's thread
    if path is not None and first is None:
        path.touch()  # an empty chunk stands for a stretch of the clip that cannot be decoded
    progress.advance(sum(span[0] <= position < span[1] for position in reader.undecodable[lost:]))
