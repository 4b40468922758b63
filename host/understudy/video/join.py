"""How do chunks and the source's other tracks become one file, without a second encode?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from understudy.encoders.listing import CONTAINERS, is_held
from understudy.errors import MediaError

from .aside import written_aside
from .clip import ClipInfo, probe
from .container import main_video, open_media, packets_of
from .encoding import stored_tags
from .tracks import copied_packets, copy_tracks, kept_tags
from .writer import FIRST_PTS

__all__ = ["check_destination", "join_chunks"]

_REORDER = 64  # more than any codec reorders: the latest time of a chunk is among its last packets


@dataclass(frozen=True, slots=True)
class _Plan:
    """Times of all packets, in coding order."""

    pts: tuple[int, ...]
    dts: tuple[int, ...]
    durations: tuple[int, ...]


def check_destination(destination: Path, codec: str) -> None:
    """Find out before a long job whether its result can be written.

    Raises:
        MediaError: If the suffix is unknown, or its container does not hold what the encoder makes.
    """
    if not is_held(_format_of(destination), codec):
        others = [suffix for suffix, other in CONTAINERS.items() if is_held(other, codec)]
        advice = f"end its name in {', '.join(others)}" if others else "choose another codec"
        raise MediaError(destination, f"{destination.suffix} files do not hold {codec}", advice)


def join_chunks(
    chunks: Sequence[Path],
    source: Path,
    destination: Path,
    metadata: Mapping[str, str],
    say: Callable[[str], None],
    *,
    info: ClipInfo | None = None,
    is_alone: bool = False,
) -> None:
    """Put chunks in a row and add what else the source holds: sound, subtitles, data, attachments, chapters, tags.

    Frames keep the source's times (Matroska and WebM round them to milliseconds). Tracks that the container does not
    hold are left out, each with a line to ``say``. Nothing is encoded; at no time is more than some seconds in memory.

    Args:
        chunks: Files of ``ChunkWriter``, all with the same encoding, in the clip's order.
        source: The clip that the frames came from; a folder of pictures has nothing else to add.
        destination: The file to write; its suffix chooses the container: mp4, m4v, mov, mkv, webm.
        metadata: Tags to add to the source's own.
        say: Hears one line for each thing left out.
        info: The source's facts, where they are known already.
        is_alone: Whether the video goes without what else the source holds; tags, and so the time code, stay.

    Raises:
        MediaError: If a chunk is missing or of another encoding, or the destination cannot be written.
    """
    info = info if info is not None else probe(source)
    name = _format_of(destination)
    plan = _planned(chunks, info, destination)
    with (
        written_aside(destination) as part,
        nullcontext() if source.is_dir() else open_media(source) as clip,
        open_media(chunks[0]) as first,
        av.open(str(part.absolute()), "w", format=name, container_options=_muxer_options(name, info)) as output,
    ):
        video = main_video(clip, source) if clip is not None else None
        try:
            track = _video_track(output, first.streams.video[0], video, info)
        except ValueError as error:
            codec = first.streams.video[0].codec.name
            raise MediaError(destination, f"{destination.suffix} files do not hold {codec}", "try .mkv") from error
        others: Iterator[tuple[float, Packet[Stream]]] = iter(())
        if clip is not None and video is not None:
            output.metadata.update(kept_tags(clip.metadata))
            if not is_alone:
                others = copied_packets(clip, copy_tracks(clip, video, output, source, say))
                output.set_chapters(clip.chapters())
        output.metadata.update(metadata)
        for packet in _in_time(_video_packets(chunks, plan, track, info), others):
            output.mux(packet)


def _format_of(destination: Path) -> str:
    try:
        return CONTAINERS[destination.suffix.lower()]
    except KeyError:
        raise MediaError(
            destination, f"no container is known by the suffix {destination.suffix!r}", f"use {', '.join(CONTAINERS)}"
        ) from None


def _muxer_options(name: str, info: ClipInfo) -> dict[str, str]:
    if name in {"mp4", "mov"}:
        # The clip's own clock for its track, and for the movie too: by it, late starts are written exactly.
        clock = str(info.time_base.denominator)
        flags = "faststart+use_metadata_tags"
        return {"movflags": flags, "video_track_timescale": clock, "movie_timescale": clock, "fflags": "+bitexact"}
    # No random identifiers: the same chunks give the same file. And no shift of all times, should the sound begin
    # before 0: blocks may lie before the first cluster's time.
    return {"fflags": "+bitexact", "avoid_negative_ts": "disabled"}


def _video_track(output: OutputContainer, chunk: VideoStream, video: VideoStream | None, info: ClipInfo) -> VideoStream:
    track = output.add_stream_from_template(chunk, opaque=True)
    context = track.codec_context
    track.time_base = info.time_base
    context.framerate = info.average_rate
    tags = stored_tags(info, chunk.codec_context.pix_fmt or info.pixel_format)
    context.color_primaries, context.color_trc = tags.primaries, tags.transfer
    context.colorspace = tags.matrix
    context.color_range = tags.range or chunk.codec_context.color_range
    if info.sample_aspect_ratio:
        context.sample_aspect_ratio = info.sample_aspect_ratio
    if info.display_matrix:
        track.set_display_matrix(info.display_matrix)
    if output.format.name in {"mp4", "mov"} and chunk.codec_context.name == "hevc":
        context.codec_tag = "hvc1"  # players of one maker know no other
    elif chunk.codec_context.name == "prores":
        context.codec_tag = chunk.codec_context.codec_tag  # it names the profile
    if video is not None:
        track.metadata.update(kept_tags(video.metadata))
        track.disposition = video.disposition
    return track


def _planned(chunks: Sequence[Path], info: ClipInfo, destination: Path) -> _Plan:
    """List every packet's time, from the chunks alone.

    Times of decoding are made anew, since those of separately encoded chunks overlap: the n-th packet is decoded when
    the frame ``delay`` places before it in time is shown, with the smallest delay that never decodes too late.
    """
    if not chunks:
        raise MediaError(destination, "there is nothing to join", "run the merge again")
    pts: list[int] = []
    setup: tuple[str, bytes | None] | None = None
    for chunk in chunks:
        with open_media(chunk) as container:
            video = main_video(container, chunk)
            own = (video.codec_context.name, video.codec_context.extradata)
            times = list(_times_of(container, video, info.time_base))
        if setup is not None and own != setup:
            raise MediaError(chunk, "was encoded with other settings than its neighbours", "remove it and run again")
        if not times or (pts and min(times) <= max(pts[-_REORDER:])):
            raise MediaError(chunk, "is empty or overlaps its neighbour", "remove it and run again")
        setup = own
        pts += times
    shown = sorted(pts)
    rank = {time: place for place, time in enumerate(shown)}
    delay = max(coded - rank[time] for coded, time in enumerate(pts))
    early = [shown[0] - (shown[delay] - shown[place]) for place in range(delay)]
    after = [*shown[1:], shown[-1] + info.last_duration]
    durations = tuple(after[rank[time]] - time for time in pts)
    return _Plan(tuple(pts), tuple(early + shown[: len(shown) - delay]), durations)


def _times_of(container: InputContainer, video: VideoStream, time_base: Fraction) -> Iterator[int]:
    packets = [packet.pts for packet in packets_of(container, video) if packet.size and packet.pts is not None]
    if not packets:
        return
    first = int(container.metadata[FIRST_PTS])
    assert video.time_base is not None
    ratio = video.time_base / time_base
    for ticks in packets:
        yield first + round((ticks - min(packets)) * ratio)


def _video_packets(
    chunks: Sequence[Path], plan: _Plan, track: VideoStream, info: ClipInfo
) -> Iterator[tuple[float, Packet[Stream]]]:
    times = zip(plan.pts, plan.dts, plan.durations, strict=True)
    for chunk in chunks:
        with open_media(chunk) as container:
            for packet in packets_of(container, main_video(container, chunk)):
                if not packet.size:
                    continue
                packet.stream = track
                packet.time_base = info.time_base
                packet.pts, packet.dts, packet.duration = next(times)
                yield float(packet.dts * info.time_base), packet


def _in_time(
    video: Iterator[tuple[float, Packet[Stream]]], others: Iterator[tuple[float, Packet[Stream]]]
) -> Iterator[Packet[Stream]]:
    """Merge two runs of packets by their time."""
    other = next(others, None)
    for time, packet in video:
        while other is not None and other[0] <= time:
            yield other[1]
            other = next(others, None)
        yield packet
    while other is not None:
        yield other[1]
        other = next(others, None)
