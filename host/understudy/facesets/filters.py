"""Which faces of a set meet what is asked of them?

Faces that do not are set aside with a mark, so that nothing learns from them; no picture is deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from understudy.errors import RequestError
from understudy.faceset import NO_TRACK, Faceset, Origin
from understudy.progress import Progress
from understudy_sdk.types import F32

from .chains import picture_distances, small_grey
from .facts import FaceFacts
from .looking import look_at

__all__ = ["Criteria", "Span", "Verdict", "judge", "origins_named"]


@dataclass(frozen=True, slots=True)
class Span:
    """Figures from ``low`` up to and including ``high``."""

    low: float
    high: float

    @classmethod
    def parse(cls, text: str) -> Span:
        """Read ``LOW:HIGH``; either may be left out.

        Raises:
            RequestError: It is no such thing.
        """
        low, colon, high = text.partition(":")
        try:
            span = cls(float(low) if low.strip() else -float("inf"), float(high) if high.strip() else float("inf"))
        except ValueError:
            span = cls(1.0, 0.0)
        if not colon or not span.low <= span.high:
            raise RequestError(f"must be LOW:HIGH, two figures of which either may be left out, but is {text!r}")
        return span

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def __str__(self) -> str:
        edges = ("" if abs(edge) == float("inf") else f"{edge:g}" for edge in (self.low, self.high))
        return ":".join(edges)


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """What a face must be like to stay; what is None or empty is not asked.

    Attributes:
        min_sharpness: Of the sharpness that extraction measured.
        min_size_px: Of the square in the frame that it was cut from.
        min_score: Of the finder's certainty.
        yaw_deg: Turn to the left.
        pitch_deg: Turn upwards.
        people: It must be one of these.
        tracks: It must be of one of these.
        origins: It must have come to be known in one of these ways.
        is_alone: It must be the only face of its frame.
        is_inverted: Set those aside that meet all this, instead of those that do not.
        duplicates: Mean difference in grey levels, 0 to 255, below which a picture is the same as the last one
            before it on its track that stayed.
    """

    min_sharpness: float | None = None
    min_size_px: float | None = None
    min_score: float | None = None
    yaw_deg: Span | None = None
    pitch_deg: Span | None = None
    people: tuple[str, ...] = ()
    tracks: tuple[int, ...] = ()
    origins: tuple[Origin, ...] = ()
    is_alone: bool = False
    is_inverted: bool = False
    duplicates: float | None = None

    def tests(self) -> dict[str, Callable[[FaceFacts], bool]]:
        """Return what is asked of a single face: in words, and whether one meets it."""
        asked = {
            f"sharpness >= {self.min_sharpness}": self._at_least(self.min_sharpness, lambda face: face.sharpness),
            f"size >= {self.min_size_px} px": self._at_least(self.min_size_px, lambda face: face.size_px),
            f"score >= {self.min_score}": self._at_least(self.min_score, lambda face: face.score),
            f"yaw {self.yaw_deg}": self._inside(self.yaw_deg, lambda face: face.yaw_deg),
            f"pitch {self.pitch_deg}": self._inside(self.pitch_deg, lambda face: face.pitch_deg),
            f"person {', '.join(self.people)}": self._one_of(self.people, lambda face: face.person),
            f"track {', '.join(map(str, self.tracks))}": self._one_of(self.tracks, lambda face: face.track),
            f"origin {', '.join(self.origins)}": self._one_of(self.origins, lambda face: face.origin),
            "alone in its frame": (lambda face: face.faces_in_frame == 1) if self.is_alone else None,
        }
        return {words: test for words, test in asked.items() if test is not None}

    def words(self) -> str:
        """Return all that is asked, as the mark's reason."""
        asked = " and ".join(self.tests())
        parts = [f"{'is' if self.is_inverted else 'not'}: {asked}"] if asked else []
        parts += [f"duplicate within {self.duplicates:g}"] if self.duplicates is not None else []
        return "; ".join(parts)

    @staticmethod
    def _at_least(limit: float | None, value: Callable[[FaceFacts], float]) -> Callable[[FaceFacts], bool] | None:
        return None if limit is None else lambda face: value(face) >= limit

    @staticmethod
    def _inside(span: Span | None, value: Callable[[FaceFacts], float]) -> Callable[[FaceFacts], bool] | None:
        return None if span is None else lambda face: value(face) in span

    @staticmethod
    def _one_of(
        allowed: Sequence[str | int], value: Callable[[FaceFacts], str | int]
    ) -> Callable[[FaceFacts], bool] | None:
        return None if not allowed else lambda face: value(face) in allowed


DUPLICATE: Final = "duplicate"
DAMAGED: Final = "damaged picture"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a filter says.

    Attributes:
        failing: Names of the faces to be set aside.
        counts: How many fail each criterion; a face may fail several.
        judged: How many faces were looked at: those not set aside before.
    """

    failing: tuple[str, ...]
    counts: dict[str, int]
    judged: int


def origins_named(names: Sequence[str]) -> tuple[Origin, ...]:
    """Return the origins of these names.

    Raises:
        RequestError: One is not there.
    """
    for name in names:
        if name not in set(Origin):
            raise RequestError(f"no face comes to be known as {name!r}\n  there is: {', '.join(Origin)}")
    return tuple(Origin(name) for name in names)


def judge(index: Faceset, facts: Sequence[FaceFacts], criteria: Criteria, progress: Progress) -> Verdict:
    """Say which of the faces that are not set aside yet should be.

    Raises:
        RequestError: Nothing is asked, or of a person or track that is not there.
    """
    tests = criteria.tests()
    if not tests and criteria.duplicates is None:
        raise RequestError("nothing to filter by\n  state at least one criterion, such as --min-sharpness 40")
    _check_names(facts, criteria)
    judged = [face for face in facts if not face.mark]
    counts = {}
    for words, test in tests.items():
        failing = sum(not test(face) for face in judged)
        counts[words] = len(judged) - failing if criteria.is_inverted else failing
    meets_all = {face.name: all(test(face) for test in tests.values()) for face in judged}
    failing_names = {name for name, meets in meets_all.items() if tests and meets == criteria.is_inverted}
    if criteria.duplicates is not None:
        left = [face for face in judged if face.name not in failing_names]
        same = _duplicates(index, left, criteria.duplicates, progress)
        counts.update({label: list(same.values()).count(label) for label in sorted(set(same.values()) | {DUPLICATE})})
        failing_names |= set(same)
    return Verdict(tuple(face.name for face in judged if face.name in failing_names), counts, len(judged))


def _check_names(facts: Sequence[FaceFacts], criteria: Criteria) -> None:
    people, tracks = sorted({face.person for face in facts} - {""}), {face.track for face in facts} - {NO_TRACK}
    for person in criteria.people:
        if person not in people:
            raise RequestError(f"nobody in this faceset is called {person!r}\n  there are: {', '.join(people) or '-'}")
    for track in criteria.tracks:
        if track not in tracks:
            raise RequestError(f"this faceset has no track {track}\n  to see the tracks: understudy faceset info")


def _duplicates(index: Faceset, facts: Sequence[FaceFacts], threshold: float, progress: Progress) -> dict[str, str]:
    """Return why faces are to go: nearly the same as the last one of their track that stays, or damaged."""
    track_of = {face.name: (face.track, face.fingerprint) for face in facts}
    stays, found = dict[tuple[int, str], F32](), dict[str, str]()
    progress.start("look for duplicates", len(facts), "faces")
    for name, grey in look_at(index, [face.name for face in facts], small_grey):
        progress.advance()
        if grey is None:
            found[name] = DAMAGED
            continue
        before = stays.get(track_of[name])
        if before is not None and picture_distances(grey, before[None])[0] < threshold:
            found[name] = DUPLICATE
        else:
            stays[track_of[name]] = grey
    progress.finish()
    return found
