"""How do a clip's missing chunks come about, each as soon as the model's answers for it are there?"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from understudy.matrix_threads import one_blas_thread
from understudy.progress import Progress
from understudy_sdk import Resources

from .chunks import ChunkMerger
from .orders import Chunk, ClipOrder
from .predictions import NeededAnswers

__all__ = ["merge_chunks"]


def merge_chunks(
    order: ClipOrder,
    chunks: Sequence[Chunk],
    needed: NeededAnswers,
    resources: Resources,
    progress: Progress,
    finished: Callable[[Chunk], None],
) -> None:
    """Merge chunks of a clip, and predict what they need.

    Args:
        order: The clip.
        chunks: What to make, in order.
        needed: The answers they need.
        resources: What models are lent.
        progress: Hears of every frame.
        finished: Told of every chunk that is made.
    """
    waiting = deque(chunks)
    # the phase's own threads keep the cores busy; those of matrix products would only wait for them, spinning
    with one_blas_thread(), ChunkMerger(order, resources) as merger:

        def merge_what_can_be() -> None:
            while waiting and needed.are_there(waiting[0].span):
                chunk = waiting.popleft()
                merger.merge(chunk, progress)
                finished(chunk)

        merge_what_can_be()
        for _ in needed.made(resources, lambda _: None):
            merge_what_can_be()
