"""With which merger, and how visibly, is a face merged at a frame?

What a project says of a swap, of its ranges and of its keyframes, brought to the frames of one clip. All of it is plain
data, and an answer depends on nothing but the track and the frame: so chunks can be merged anywhere, in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from understudy.clock import Clock
from understudy.curves import Curve, curves_of, opacity_curve, with_values
from understudy.project import Chosen, ChosenRange, ChosenSwap, FaceChoice
from understudy.project.chosen_time import ChosenKeyframe
from understudy.timecode import Moment

__all__ = ["Held", "Part", "SettingsOverTime", "settings_over_time"]


@dataclass(frozen=True, slots=True)
class Held:
    """What holds for a face at a frame: its merger with all settings, and how much of the merged face shows."""

    merger: Chosen
    opacity: float

    def recipe(self) -> dict[str, Any]:
        """Return all that decides how the face is merged, as JSON values."""
        return {"merger": self.merger.recipe(), "opacity": self.opacity}


@dataclass(frozen=True, slots=True)
class Part:
    """The whole of a swap, or one of its ranges, in one clip.

    Attributes:
        first: Its first frame.
        stop: The frame after its last.
        tracks: Those that it is about; None is all.
        skip: Whether their faces are left alone; None leaves it as it is.
        merger: The merger; None leaves it as it is.
        own: The settings of it that stand fixed here.
        curves: Those that keyframes state.
        opacity: A number, a curve, or None, which leaves it as it is.
        comes: Between the beginnings of which two frames the swap comes in; None where it is there at once.
        goes: Likewise, where it goes out.
    """

    first: int
    stop: int
    tracks: frozenset[int] | None
    skip: bool | None
    merger: Chosen | None
    own: frozenset[str]
    curves: Mapping[str, Curve]
    opacity: float | Curve | None
    comes: tuple[int, int] | None
    goes: tuple[int, int] | None

    def covers(self, frame: int) -> bool:
        """Tell whether a frame lies in it."""
        return self.first <= frame < self.stop

    def fade(self, clock: Clock, frame: int) -> float:
        """Return how far the swap is there, 0 to 1, by this part's fades; taken at the middle of the frame's time."""
        middle, share = clock.middle(frame), 1.0
        if self.comes is not None and (not self.skip or frame >= self.stop):
            share *= clock.way(middle, *self.comes)
        if self.goes is not None and (not self.skip or frame < self.first):
            share *= 1.0 - clock.way(middle, *self.goes)
        return share


@dataclass(frozen=True, slots=True)
class SettingsOverTime:
    """What a swap does with each face of one clip.

    Attributes:
        clock: The clip's.
        whole: What holds for all of the clip.
        parts: The ranges, in the order of the project.
    """

    clock: Clock
    whole: Part
    parts: tuple[Part, ...]

    @property
    def is_plain(self) -> bool:
        """Whether the same holds for every face of every frame."""
        whole = self.whole
        return not (self.parts or whole.curves or whole.comes or whole.goes or whole.opacity is not None)

    def at(self, track: int, frame: int) -> Held | None:
        """Return what holds for the face of a track at a frame, or None where nothing of it shows.

        Where ranges overlap, of those that state a thing the last one holds; their fades add up.
        """
        opacity, shown, top = self.whole.opacity, 1.0, self.whole
        share = self.whole.fade(self.clock, frame)
        for part in self.parts:
            if part.tracks is not None and track not in part.tracks:
                continue
            if part.skip:
                shown *= 0.0 if part.covers(frame) else part.fade(self.clock, frame)
            elif part.covers(frame):
                shown = 1.0 if part.skip is False else shown
                opacity = opacity if part.opacity is None else part.opacity
                top = top if part.merger is None else part
                share *= part.fade(self.clock, frame)
        visible = self._number(opacity, frame) * shown * share
        return Held(self.merger_at(top, frame), visible) if visible > 0.0 else None

    def merger_at(self, part: Part, frame: int) -> Chosen:
        """Return the merger that the whole swap, or a range that states one, has at a frame.

        Raises:
            RequestError: The merger does not take what lies between two keyframes.
        """
        own, base = part.merger or self._base(), self._base()
        curves = dict(part.curves)
        if own.name == base.name:
            curves = {name: curve for name, curve in self.whole.curves.items() if name not in part.own} | curves
        return with_values(own, curves, self.clock, frame)

    def _base(self) -> Chosen:
        assert self.whole.merger is not None  # a swap always names one
        return self.whole.merger

    def _number(self, value: float | Curve | None, frame: int) -> float:
        if value is None:
            return 1.0
        return float(value.at(self.clock, frame)) if isinstance(value, Curve) else value


def settings_over_time(
    swap: ChosenSwap, clock: Clock, tracks_of: Callable[[FaceChoice], frozenset[int]]
) -> SettingsOverTime:
    """Bring what a project says of a swap to the frames of a clip.

    Args:
        swap: The swap.
        clock: The clip's.
        tracks_of: Gives the tracks that a range's choice of faces means.

    Raises:
        RequestError: A moment is none of this clip, or whoever a range is about is not there.
    """
    whole = ChosenRange(Moment.parse(0), Moment.parse(clock.length), swap.merger, times=swap.times)
    parts = [_part(said, clock, tracks_of(said.face) if said.face else None) for said in (whole, *swap.ranges)]
    return SettingsOverTime(clock, parts[0], tuple(parts[1:]))


def _part(said: ChosenRange, clock: Clock, tracks: frozenset[int] | None) -> Part:
    first, stop = max(clock.frame(said.start), 0), min(clock.frame(said.end), clock.length)
    start, end = (stop, first) if said.skip else (first, stop)  # of the time in which the swap is there
    times = said.times
    comes = (start, clock.after(start, times.fade_in)) if times.fade_in else None
    goes = (clock.before(end, times.fade_out), end) if times.fade_out else None

    def frame_of(keyframe: ChosenKeyframe) -> int:
        return clock.frame(keyframe.at)

    return Part(
        first=first,
        stop=stop,
        tracks=tracks,
        skip=said.skip,
        merger=said.merger,
        own=said.own,
        curves=curves_of(times.keyframes, frame_of),
        opacity=times.opacity if (curve := opacity_curve(times.keyframes, frame_of)) is None else curve,
        comes=comes if comes and comes[0] < comes[1] else None,
        goes=goes if goes and goes[0] < goes[1] else None,
    )
