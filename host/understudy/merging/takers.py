"""What else is made of the frames of a chunk while they pass?"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Protocol

from understudy.swapping import Laid
from understudy.video import ClipInfo, DecodedFrame, Laying

__all__ = ["FrameTaker", "TakerMaker"]


class FrameTaker(Protocol):
    """Makes something of a chunk's merged frames: a context manager whose result appears, whole, when it is left.

    Left with an exception, it leaves nothing behind.
    """

    def __enter__(self) -> object: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def see(self, frame: DecodedFrame) -> None:
        """See the next frame as it comes, before anything is laid into it; earlier than ``take``, in another thread.

        The frame is not to be changed, nor kept beyond the call.
        """
        ...

    def take(self, frame: DecodedFrame, laid: Sequence[Laid], words: Laying | None) -> None:
        """See the next frame, merged, and what was laid into it, in order; frames without a face come too.

        Words that every frame shows were laid last. A frame that cannot be decoded does not come.

        The frame is not to be changed, nor kept beyond the call.
        """
        ...


class TakerMaker(Protocol):
    """Makes the taker of a chunk. It holds plain values alone, for it travels to the process that merges the chunk."""

    def taker(self, span: tuple[int, int], info: ClipInfo) -> FrameTaker:
        """Return what takes the frames of a chunk.

        Args:
            span: First frame and the frame after the last.
            info: The clip's facts.
        """
        ...
