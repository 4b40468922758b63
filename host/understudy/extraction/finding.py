"""How are a clip's faces found: the detector on some frames, the aligner on all?

Frames are decoded in one thread and looked at in the caller's. Chunks are cut at fixed positions and each is searched
on its own, so a run that was killed and one that was not leave the same findings, to the bit.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

from understudy.ahead import ahead
from understudy.answers import aligned_faces, followed_faces, found_faces, named_frames
from understudy.faceset import Origin
from understudy.plugins import blaming
from understudy.progress import Progress
from understudy.project import ChosenExtract
from understudy.tracking import is_cut_between, signature
from understudy.video import ClipInfo, ClipReader, fingerprint, probe
from understudy_sdk import Aligner, Detector, Face, FollowingAligner, Frame, Resources
from understudy_sdk.types import U8

from .findings import Findings, SeenFace, SeenFrame
from .following import carry
from .remarks import change_texts, lost_text, reading_text

__all__ = ["CHUNK_FRAMES", "Finder", "SpanEnd", "decoded_spans", "find_clip", "spans_of"]

CHUNK_FRAMES: Final = 64
"""Frames of a chunk: what a killed run loses at most."""

BATCH_FRAMES: Final = 4
"""Frames given to a stage at once, where the detector looks at each."""


@dataclass(frozen=True, slots=True)
class Finder:
    """Detector and aligner, ready to work."""

    choice: ChosenExtract
    detector: Detector
    aligner: Aligner

    @classmethod
    def build(cls, choice: ChosenExtract, resources: Resources) -> Finder:
        """Build the chosen plugins."""
        aligner = choice.aligner.build(resources)
        with blaming(choice.aligner.offer, "being built"):
            if choice.aligner.offer.spec.follows and not isinstance(aligner, FollowingAligner):
                raise TypeError("its offer says follows=True, but what it built has no follow()")
        return cls(choice, choice.detector.build(resources), aligner)

    def look(self, frames: Sequence[Frame]) -> list[list[Face]]:
        """Return each frame's faces with landmarks, best score first."""
        return self._aligned(frames, self.detect(frames))

    def detect(self, frames: Sequence[Frame]) -> list[list[Face]]:
        """Return each frame's boxed faces, best score first."""
        with blaming(self.choice.detector.offer, f"looking at {named_frames(frames)}"):
            return found_faces(self.detector.detect(frames), frames)

    def align(self, frame: Frame, faces: Sequence[Face]) -> list[Face]:
        """Return faces whose boxes are known with landmarks."""
        return self._aligned([frame], [list(faces)])[0]

    def _aligned(self, frames: Sequence[Frame], faces: Sequence[Sequence[Face]]) -> list[list[Face]]:
        offer = self.choice.aligner.offer
        with blaming(offer, f"looking at {named_frames(frames)}"):
            answer = self.aligner.align(frames, faces)
            return aligned_faces(answer, frames, faces, has_mesh=offer.spec.gives_mesh)

    def follow(self, frame: Frame, before: Sequence[Face]) -> list[Face | None]:
        """Return a neighbouring frame's faces as they lie in this one."""
        assert isinstance(self.aligner, FollowingAligner)
        offer = self.choice.aligner.offer
        with blaming(offer, f"following faces to {named_frames([frame])}"):
            return followed_faces(self.aligner.follow(frame, before), before, has_mesh=offer.spec.gives_mesh)


def find_clip(findings: Findings, clip: Path, finder: Finder, progress: Progress, rate: Fraction | None = None) -> None:
    """Search those chunks of a clip that were not searched yet; ``rate`` is that of a folder of pictures.

    Raises:
        MediaError: When the clip cannot be read.
    """
    info = probe(clip, rate)
    number = findings.register_clip(fingerprint(clip), clip.name)
    finished = findings.finished_chunks(number)
    spans = [span for span in spans_of(info) if span[0] not in finished]
    every = 1 if info.is_loose else finder.choice.detect_every
    if spans and (text := reading_text(info)):
        progress.say(text)
    with closing(decoded_spans(clip, info, spans)) as found:
        for span, decoded in found:
            ends = list[SpanEnd]()
            frames = _until_end(decoded, ends)
            seen = _looked_at(frames, finder, progress) if every == 1 else _followed(frames, finder, every, progress)
            lost = [position for end in ends for position in end.lost]
            findings.add_chunk(number, span, seen, lost, ends[0].unlike)
            if lost:
                progress.advance(len(lost))
                progress.say(lost_text(info, lost))
    if spans:
        for text in change_texts(info, findings.unlike(number)):
            progress.say(text)


def spans_of(info: ClipInfo) -> list[tuple[int, int]]:
    """Return the chunks of a clip: first frame and the frame after the last."""
    total = len(info.pts)
    return [(first, min(first + CHUNK_FRAMES, total)) for first in range(0, total, CHUNK_FRAMES)]


Positioned = tuple[int, Frame]


@dataclass(frozen=True, slots=True)
class SpanEnd:
    """Ends a span.

    Attributes:
        lost: Positions of its frames that could not be decoded.
        unlike: What those frames are that are not what the clip began as, by position.
    """

    lost: list[int]
    unlike: dict[int, str]


def decoded_spans(
    clip: Path, info: ClipInfo, spans: Sequence[tuple[int, int]]
) -> Generator[tuple[tuple[int, int], Iterator[Positioned | SpanEnd]], None, None]:
    """Yield each span with its frames; one thread decodes ahead across the spans' borders, until this is closed."""

    def decode() -> Iterator[Positioned | SpanEnd]:
        with ClipReader(clip, info) as reader:
            for first, stop in spans:
                seen, unlike = set[int](), dict[int, str]()
                for decoded in reader.frames(first, stop):
                    seen.add(decoded.index)
                    if decoded.unlike:
                        unlike[decoded.index] = decoded.unlike
                    yield decoded.index, decoded.frame()
                yield SpanEnd([position for position in range(first, stop) if position not in seen], unlike)

    source = ahead(decode(), depth=12)
    try:
        for span in spans:
            yield span, _one_span(source)
    finally:
        source.close()


def _one_span(source: Iterator[Positioned | SpanEnd]) -> Iterator[Positioned | SpanEnd]:
    for item in source:
        yield item
        if isinstance(item, SpanEnd):
            return


def _until_end(source: Iterator[Positioned | SpanEnd], ends: list[SpanEnd]) -> Iterator[Positioned]:
    for item in source:
        if isinstance(item, SpanEnd):
            ends.append(item)
        else:
            yield item


def _looked_at(frames: Iterator[Positioned], finder: Finder, progress: Progress) -> list[SeenFrame]:
    """Return what detector and aligner find, a few frames at a time."""
    seen: list[SeenFrame] = []
    batch: list[Positioned] = []

    def look() -> None:
        faces = finder.look([frame for _, frame in batch]) if batch else []
        for (position, frame), found in zip(batch, faces, strict=True):
            seen.append(_seen(position, frame, signature(frame.rgb), _found(found)))
        progress.advance(len(batch))
        batch.clear()

    for positioned in frames:
        if batch and positioned[1].rgb.shape != batch[-1][1].rgb.shape:
            look()
        batch.append(positioned)
        if len(batch) == BATCH_FRAMES:
            look()
    look()
    return seen


def _followed(frames: Iterator[Positioned], finder: Finder, every: int, progress: Progress) -> list[SeenFrame]:
    """Return what is found when the detector looks at each ``every``-th frame, and at both sides of a cut."""
    seen: list[SeenFrame] = []
    group: list[tuple[int, Frame, U8]] = []  # the first has been looked at; the rest waits
    known: list[SeenFace] = []

    def close() -> None:
        """Look at the group's last frame, and carry faces on through the group."""
        nonlocal known
        if len(group) > 1:
            last = detector.submit(finder.detect, [group[-1][1]])
            still = [frame for _, frame, _ in group]
            carried = carry(still, known, lambda: last.result()[0], finder.follow, finder.align)
            for (position, frame, mark), faces in zip(group[:-1], carried, strict=False):
                seen.append(_seen(position, frame, mark, faces))
            known = carried[-1]
            progress.advance(len(group) - 1)
            del group[:-1]

    def end_shot() -> None:
        close()
        for position, frame, mark in group:
            seen.append(_seen(position, frame, mark, known))
        progress.advance(len(group))
        group.clear()

    # the detector looks at the last frame of a group while the aligner follows faces up to it
    with ThreadPoolExecutor(1, thread_name_prefix="detect") as detector:
        for position, frame in frames:
            mark = signature(frame.rgb)
            if group and not _goes_on(group[-1], (position, frame, mark)):
                end_shot()
            group.append((position, frame, mark))
            if len(group) == 1:
                known = _found(finder.look([frame])[0])
            elif len(group) == every + 1:
                close()
        end_shot()
    return seen


def _goes_on(before: tuple[int, Frame, U8], after: tuple[int, Frame, U8]) -> bool:
    """Tell whether faces may be followed from one frame to another: its neighbour, of its size, in its shot."""
    is_next = after[0] == before[0] + 1 and after[1].rgb.shape == before[1].rgb.shape
    return is_next and not is_cut_between(before[2], after[2])


def _found(faces: Sequence[Face]) -> list[SeenFace]:
    return [SeenFace(face, Origin.FOUND) for face in faces]


def _seen(position: int, frame: Frame, mark: U8, faces: Sequence[SeenFace]) -> SeenFrame:
    ordered = sorted(faces, key=lambda one: -one.face.score)
    return SeenFrame(position, frame.pts, mark, tuple(ordered))
