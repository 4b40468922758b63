"""How do a clip's missing chunks come about, each as soon as the model's answers for it are there?

The caller's thread predicts; another thread, or several processes beside this one, decode, merge and encode. The result
is the same to the byte however many they are. Where nothing is to be predicted and one process is to do, it is the
caller's thread that merges.
"""

from __future__ import annotations

import pickle  # of values of our own, never of a file
from collections import deque
from collections.abc import Sequence
from contextlib import closing

from understudy.ahead import Behind
from understudy.matrix_threads import one_blas_thread
from understudy.progress import Progress
from understudy.video import DecodedFrame
from understudy_sdk import Resources, UnderstudyError

from .beside import MergingThread
from .chunks import ChunkMerger
from .orders import Chunk, ClipOrder
from .predictions import NeededAnswers
from .sharing import has_room_for_two
from .workers import Workers

__all__ = ["merge_chunks"]

_SHORTLY_S = 0.001  # of waiting for news between two batches of predictions


def merge_chunks(
    order: ClipOrder,
    chunks: Sequence[Chunk],
    needed: NeededAnswers,
    resources: Resources,
    progress: Progress,
    jobs: int = 1,
) -> None:
    """Merge chunks of a clip, and predict what they need.

    Args:
        order: The clip.
        chunks: What to make, in order.
        needed: The answers they need.
        resources: What models are lent.
        progress: Hears of every frame.
        jobs: How many processes merge; 1 is this one, in a thread of its own while there is something to predict.

    Raises:
        UnderstudyError: Whatever stops it; the chunks that are done are kept.
    """
    count = min(jobs, len(chunks))
    if count > 1 and (why := _why_not_sent(order, chunks)):
        progress.say(f"{why}, so this process merges alone")
        count = 1
    with one_blas_thread():
        if count == 1 and not needed.faces:
            _merge_here(order, resources.threads, chunks, progress)
            return
        crew = _crew(order, count, resources.threads)
        _merge_while_predicting(crew, deque(chunks), needed, resources, progress)


def _crew(order: ClipOrder, count: int, threads: int) -> Workers | MergingThread:
    """Return who merges while this thread predicts."""
    return Workers(order, count, max(threads // count, 1)) if count > 1 else MergingThread(order, threads)


def _merge_here(order: ClipOrder, threads: int, chunks: Sequence[Chunk], progress: Progress) -> None:
    """Merge chunks for which nothing is to be predicted.

    While one's encoder gives its last frames the next is at work, where memory holds two.
    """
    at_once = 2 if has_room_for_two(order.info) else 1
    begun = deque[Behind[DecodedFrame]]()
    with ChunkMerger(order, threads) as merger:
        for chunk in chunks:
            begun.append(merger.begin(chunk, progress))
            while len(begun) >= at_once:
                begun.popleft().result()
        while begun:
            begun.popleft().result()


def _merge_while_predicting(
    crew: Workers | MergingThread,
    waiting: deque[Chunk],
    needed: NeededAnswers,
    resources: Resources,
    progress: Progress,
) -> None:
    """Predict in this thread, and hand each chunk to the crew as soon as its answers lie in files.

    So however far one is ahead of the other, no more is in memory.
    """
    with crew:

        def give() -> None:
            while waiting and crew.has_idle and needed.are_there(waiting[0].span):
                crew.give(waiting.popleft())

        def go_on(timeout_s: float | None) -> None:
            give()
            crew.hear(progress, timeout_s)
            give()

        def hear(_: int) -> None:
            progress.advance(0)  # a listener may end the work here, also while no chunk can be merged yet
            go_on(_SHORTLY_S)

        go_on(_SHORTLY_S)
        with closing(needed.made(resources, hear)) as made:
            for _ in made:
                go_on(_SHORTLY_S)
        while waiting or crew.are_busy:
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
