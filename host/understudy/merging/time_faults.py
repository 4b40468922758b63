"""Do a project's ranges and keyframes fit its clips, and are the people there whom ranges are about?

Asked before hours of work, as soon as it can be answered: moments and fades when the clips are there to be looked at,
tracks and people once faces were searched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise

from understudy.clock import Clock
from understudy.curves import STEPS
from understudy.errors import MediaError, ProjectError, RequestError
from understudy.extraction import faceset_artifact
from understudy.faceset import Faceset
from understudy.project import ChosenRange, ChosenSwap, LoadedProject
from understudy.project.chosen_time import ChosenTimes
from understudy.project.keying import order_text
from understudy.project.places import Loc, Problem
from understudy.selection import Wanted, wanted_faces
from understudy.store import WorkFolder
from understudy.swapping import SettingsOverTime, settings_over_time
from understudy.swapping.over_time import Part
from understudy.timecode import Moment
from understudy.video import probe

__all__ = ["check_people", "check_times", "compare_times"]


def check_times(project: LoadedProject) -> None:
    """Check ranges, keyframes and fades against the clips that they are about; without any, no clip is looked at.

    Raises:
        ProjectError: With every fault, each with its place.
        MediaError: A clip cannot be read.
    """
    found = list[Problem]()
    for swap in {swap.place: swap for swap in project.swaps}.values():
        if swap.is_timed:
            clocks = [Clock(probe(clip, swap.target.rate), project.timecode) for clip in swap.target.clips]
            found += _faults(("swaps", swap.place), swap, clocks)
    _raise(project, found)


def compare_times(project: LoadedProject) -> str:
    """Check like ``check_times``, as far as clips are there: return in words which one cannot be read, or nothing.

    Raises:
        ProjectError: With every fault, each with its place.
    """
    try:
        check_times(project)
    except MediaError as error:
        return str(error).splitlines()[0]
    return ""


def check_people(project: LoadedProject, work: WorkFolder) -> None:
    """Check that whoever ranges are about is in the extracted facesets, and among those whom their swap changes.

    Raises:
        ProjectError: With every fault, each with its place.
    """
    found = list[Problem]()
    for place in dict.fromkeys(swap.place for swap in project.swaps if any(part.face for part in swap.ranges)):
        swaps = [swap for swap in project.swaps if swap.place == place]
        with Faceset(faceset_artifact(work, swaps[0].target).folder) as index:
            changed = [wanted_faces(index, swap.target, swap.face) for swap in swaps]
            for number, part in enumerate(swaps[0].ranges):
                if text := _whom_fault(index, swaps[0], part, changed):
                    found.append(Problem(("swaps", place, "ranges", number, "face"), text))
    _raise(project, found)


def _raise(project: LoadedProject, found: Sequence[Problem]) -> None:
    if found:
        raise ProjectError(project.path, project.places.report(found))


def _whom_fault(index: Faceset, swap: ChosenSwap, part: ChosenRange, changed: Sequence[Wanted]) -> str:
    if part.face is None:
        return ""
    try:
        meant = wanted_faces(index, swap.target, part.face)
    except RequestError as error:
        return "; ".join(line.strip() for line in str(error).splitlines())
    if all(isinstance(one, frozenset) and not (one & frozenset(meant)) for one in changed):
        return f"{part.face} is not among the faces that the swap changes"
    return ""


def _faults(loc: Loc, swap: ChosenSwap, clocks: Sequence[Clock]) -> Iterator[Problem]:
    """Yield what is wrong with a swap's times; only sound ones are brought to the clips."""
    found = list(_moment_faults(loc, swap, clocks))
    if not found:
        for clock in clocks:
            settings = settings_over_time(swap, clock, lambda _: frozenset())
            places = [(loc, swap.times, "the clip")]
            places += [((*loc, "ranges", number), said.times, "the range") for number, said in enumerate(swap.ranges)]
            for (here, times, within), part in zip(places, (settings.whole, *settings.parts), strict=True):
                if part.first < part.stop:
                    found += _fade_faults(here, times, part, clock, within)
                    found += _between_faults(here, settings, part)
    yield from found


def _moment_faults(loc: Loc, swap: ChosenSwap, clocks: Sequence[Clock]) -> Iterator[Problem]:
    """Yield moments and durations that no clip has, ranges that cover nothing, and keyframes that lie elsewhere."""
    yield from _unread_fades(loc, swap.times, clocks)
    yield from _keyframe_faults(loc, swap.times, clocks, lambda clock: (0, clock.length - 1), "beyond the clip")
    for number, part in enumerate(swap.ranges):
        here = (*loc, "ranges", number)
        yield from _unread_fades(here, part.times, clocks)
        if ends := [*_unread((*here, "from"), part.start, clocks), *_unread((*here, "to"), part.end, clocks)]:
            yield from ends
        elif not any(first < stop for first, stop in (_span(part, clock) for clock in clocks)):
            yield Problem(here, f"covers no frame from {part.start} to {part.end}: {_lengths(clocks)}")
        else:
            yield from _keyframe_faults(here, part.times, clocks, partial(_span, part), "outside the range")


def _keyframe_faults(
    loc: Loc, times: ChosenTimes, clocks: Sequence[Clock], span: Callable[[Clock], tuple[int, int]], where: str
) -> Iterator[Problem]:
    """Yield keyframes that are no moments of the clips, lie out of their span, or do not come after the one before."""
    for number, keyframe in enumerate(times.keyframes):
        here = (*loc, "keyframes", number, "at")
        if unread := list(_unread(here, keyframe.at, clocks)):
            yield from unread
            continue
        spans = [(clock, *span(clock)) for clock in clocks]
        if not any(first <= clock.frame(keyframe.at) <= last for clock, first, last in spans):
            yield Problem(here, f"{keyframe.at} lies {where}: {_lengths(clocks)}")
        before = times.keyframes[number - 1] if number else None
        if before is None or list(_unread(here, before.at, clocks)):
            continue
        if any(clock.frame(keyframe.at) <= clock.frame(before.at) for clock in clocks):
            yield Problem(here, order_text(keyframe.at, before.at, number))


def _unread(loc: Loc, moment: Moment, clocks: Sequence[Clock]) -> Iterator[Problem]:
    """Yield why a moment is none of a clip."""
    for clock in clocks:
        try:
            clock.frame(moment)
        except RequestError as error:
            yield Problem(loc, str(error))
            return


def _unread_fades(loc: Loc, times: ChosenTimes, clocks: Sequence[Clock]) -> Iterator[Problem]:
    """Yield why a fade cannot be counted in a clip."""
    for key, duration in (("fade_in", times.fade_in), ("fade_out", times.fade_out)):
        if duration is not None and duration.code is not None:
            yield from _unread((*loc, key), duration.code, [replace(clock, counting="zero") for clock in clocks])


def _span(part: ChosenRange, clock: Clock) -> tuple[int, int]:
    return max(clock.frame(part.start), 0), min(clock.frame(part.end), clock.length)


def _lengths(clocks: Sequence[Clock]) -> str:
    return ", ".join(str(clock) for clock in clocks)


def _fade_faults(loc: Loc, times: ChosenTimes, part: Part, clock: Clock, within: str) -> Iterator[Problem]:
    """Yield fades for which there is no time: in the clip or the range, or around a range that skips."""
    first, stop, room = part.first, part.stop, f"but {within} has {part.stop - part.first} frames"
    rooms = (room, room)
    if part.skip:
        first, stop = stop, first  # the swap is there before and after
        after = f"but after the range there are only {clock.length - part.stop} frames"
        rooms = (after, f"but before it there are only {stop} frames")
    end, start = (clock.length, 0) if part.skip else (stop, first)
    is_in_late = part.comes is not None and part.comes[1] > end
    is_out_early = part.goes is not None and part.goes[0] < start
    if is_in_late:
        yield Problem((*loc, "fade_in"), f"takes {times.fade_in}, {rooms[0]}")
    if is_out_early:
        yield Problem((*loc, "fade_out"), f"takes {times.fade_out}, {rooms[1]}")
    if part.skip or is_in_late or is_out_early or part.comes is None or part.goes is None:
        return
    if part.comes[1] > part.goes[0]:
        yield Problem(
            (*loc, "fade_out"), f"begins before fade_in is over: they take {times.fade_in} and {times.fade_out}, {room}"
        )


def _between_faults(loc: Loc, settings: SettingsOverTime, part: Part) -> Iterator[Problem]:
    """Yield what a merger does not take of the values that lie between keyframes."""
    stops = sorted({frame for curve in part.curves.values() for frame in curve.frames})
    for first, last in pairwise(stops):
        for frame in range(first, last, max((last - first) // (2 * STEPS), 1)):
            try:
                settings.merger_at(part, frame)
            except RequestError as error:
                yield Problem((*loc, "keyframes"), str(error))
                return
