"""How do a clip's missing chunks come about, each as soon as the model's answers for it are there?

One process predicts; the same one, or several others beside it, decode, merge and encode. The result is the same to the
byte however many they are.
"""

from __future__ import annotations

import pickle  # of values of our own, never of a file
from collections import deque
from collections.abc import Callable, Sequence

from understudy.matrix_threads import one_blas_thread
from understudy.progress import Progress
from understudy_sdk import Resources, UnderstudyError

from .chunks import ChunkMerger
from .orders import Chunk, ClipOrder
from .predictions import NeededAnswers
from .workers import Workers

__all__ = ["merge_chunks"]

_SHORTLY_S = 0.001  # of waiting for news between two predictions

Finished = Callable[[Chunk], None]


def merge_chunks(
    order: ClipOrder,
    chunks: Sequence[Chunk],
    needed: NeededAnswers,
    resources: Resources,
    progress: Progress,
    finished: Finished,
    jobs: int = 1,
) -> None:
    """Merge chunks of a clip, and predict what they need.

    Args:
        order: The clip.
        chunks: What to make, in order.
        needed: The answers they need.
        resources: What models are lent.
        progress: Hears of every frame.
        finished: Told of every chunk that is made.
        jobs: How many processes merge; 1 is this one.

    Raises:
        UnderstudyError: Whatever stops it; the chunks that are done are kept.
    """
    count = min(jobs, len(chunks))
    if count > 1 and (why := _why_not_sent(order, chunks)):
        progress.say(f"{why}, so this process merges alone")
        count = 1
    with one_blas_thread():
        if count > 1:
            _merge_together(Workers(order, count, max(resources.threads // count, 1)), deque(chunks), needed, resources,
                            progress, finished)  # fmt: skip
        else:
            _merge_alone(order, deque(chunks), needed, resources, progress, finished)


def _merge_alone(
    order: ClipOrder,
    waiting: deque[Chunk],
    needed: NeededAnswers,
    resources: Resources,
    progress: Progress,
    finished: Finished,
) -> None:
    with ChunkMerger(order, resources.threads) as merger:

        def merge_what_can_be() -> None:
            while waiting and needed.are_there(waiting[0].span):
                chunk = waiting.popleft()
                merger.merge(chunk, progress)
                finished(chunk)

        merge_what_can_be()
        for _ in needed.made(resources, lambda _: None):
            merge_what_can_be()


def _merge_together(
    workers: Workers,
    waiting: deque[Chunk],
    needed: NeededAnswers,
    resources: Resources,
    progress: Progress,
    finished: Finished,
) -> None:
    with workers:

        def go_on(timeout_s: float | None) -> None:
            while waiting and workers.has_idle and needed.are_there(waiting[0].span):
                workers.give(waiting.popleft())
            for chunk in workers.hear(progress, timeout_s):
                finished(chunk)

        go_on(_SHORTLY_S)
        for _ in needed.made(resources, lambda _: None):
            go_on(_SHORTLY_S)
        while waiting or workers.are_busy:
            go_on(None)


def _why_not_sent(order: ClipOrder, chunks: Sequence[Chunk]) -> str:
    """Say what keeps other processes from doing this, such as a plugin that only this one has; mostly empty."""
    try:
        again: ClipOrder = pickle.loads(pickle.dumps(order))  # noqa: S301 - made in this line
        pickle.dumps(chunks)
    except UnderstudyError as error:
        return str(error).splitlines()[0]
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        return f"what is to be done cannot be told to another process ({error})"
    for ours, theirs in zip(order.swaps, again.swaps, strict=True):
        for mine, other in zip(ours.mergers(), theirs.mergers(), strict=True):
            if mine.offer.spec != other.offer.spec:
                return f"the merger {mine.name!r} is not the installed one"
    return ""
