"""Which of a clip's other tracks can go over into another container, and how?"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import AttachmentStream, DataStream, Discard, Stream
from av.video.stream import VideoStream

from .container import is_picture_of_cover, packets_of

__all__ = ["copied_packets", "copy_tracks", "kept_tags"]

Say = Callable[[str], None]

# What describes the file that was, not the footage in it.
_DROPPED_TAGS = frozenset({"encoder", "major_brand", "minor_version", "compatible_brands", "duration"})
# QuickTime's table of languages has one of the two codes that ISO 639-2 gives some of them.
_QUICKTIME_LANGUAGES = {
    "bod": "tib", "cym": "wel", "deu": "ger", "ell": "gre", "eus": "baq", "fas": "per", "hye": "arm", "isl": "ice",
    "kat": "geo", "mkd": "mac", "msa": "may", "mya": "bur", "nld": "dut", "sqi": "alb", "zho": "chi",
    "cze": "ces", "fre": "fra", "rum": "ron", "slo": "slk",
}  # fmt: skip
_PAUSE = b"\0\0"  # a text of no length, by which mov_text fills the time between two
_COVER_TYPES = {"mjpeg": ("cover.jpg", "image/jpeg"), "png": ("cover.png", "image/png")}


def kept_tags(tags: dict[str, str]) -> dict[str, str]:
    """Leave out tags that the writing program sets itself, and statistics of the old coding."""
    return {
        key: value
        for key, value in tags.items()
        if key.lower() not in _DROPPED_TAGS and not key.startswith(("_STATISTICS", "BPS", "NUMBER_OF_", "DURATION"))
    }


def copy_tracks(
    source: InputContainer, main: VideoStream, output: OutputContainer, path: Path, say: Say
) -> dict[int, Stream]:
    """Make a track in the output for each of the source's that it can hold; say which it cannot.

    Returns:
        The new tracks by the index of the old. Tracks made whole at once (attachments) are not among them.
    """
    copies: dict[int, Stream] = {}
    firsts = _first_packets(path, [stream.index for stream in source.streams if stream is not main])
    for stream in source.streams:
        if stream is main or _is_rebuilt(stream):
            continue
        first = firsts.get(stream.index)
        if isinstance(stream, AttachmentStream):
            is_taken = _attach(output, stream.name or "attachment", stream.mimetype or "", stream.data)
        elif isinstance(stream, VideoStream) and is_picture_of_cover(stream):
            # An attachment in Matroska; in MP4 and QuickTime it would stand among tags of a kind that exclude our own.
            name, kind = _COVER_TYPES.get(stream.codec.name, ("cover", "application/octet-stream"))
            is_taken = first is not None and _attach(output, stream.metadata.get("filename", name), kind, bytes(first))
        elif first is None:
            continue  # an empty track
        else:
            is_taken = _is_accepted(stream, first, output.format.name)
            if is_taken:
                copies[stream.index] = _added(output, stream)
        if not is_taken:
            say(f"left out: track {stream.index} ({_in_words(stream)}), which {output.format.name} files do not hold")
    return copies


def copied_packets(source: InputContainer, copies: dict[int, Stream]) -> Iterator[tuple[float, Packet[Stream]]]:
    """Read the copied tracks' packets in the file's order, each with its time in seconds, bound to its new track."""
    wanted = [stream for stream in source.streams if stream.index in copies]
    if not wanted:
        return
    for stream in source.streams:
        if stream.index not in copies:
            stream.discard = Discard.all
    for packet in packets_of(source, *wanted):
        if not packet.size and packet.pts is None:
            continue  # the empty packet at a track's end
        if packet.stream.type == "subtitle" and bytes(packet) == _PAUSE:
            continue  # the muxer makes its own
        _complete(packet)
        assert packet.dts is not None
        seconds = float(packet.dts * packet.time_base)
        packet.stream = copies[packet.stream.index]
        yield seconds, packet


def _is_rebuilt(stream: Stream) -> bool:
    """Tell tracks that the muxer makes anew: timecode (from a tag), and titles of chapters (discarded on opening)."""
    return isinstance(stream, DataStream) and ("timecode" in stream.metadata or stream.discard is Discard.all)


def _first_packets(path: Path, wanted: list[int]) -> dict[int, Packet[Stream]]:
    """Fetch one packet of each track, for trying whether a container takes it."""
    firsts: dict[int, Packet[Stream]] = {}
    for index in wanted:
        with av.open(str(path.absolute()), metadata_errors="surrogateescape") as container:
            stream = container.streams[index]
            if isinstance(stream, AttachmentStream):
                continue
            for other in container.streams:
                if other.index != index:
                    other.discard = Discard.all
            first = next((packet for packet in packets_of(container, stream) if packet.size), None)
            if first is not None:
                firsts[index] = first
    return firsts


def _is_accepted(stream: Stream, first: Packet[Stream], format_name: str) -> bool:
    """Try a track on a container that goes nowhere: some muxers refuse a track only at its first packet."""
    owner, stamps = first.stream, (first.pts, first.dts)
    try:
        with av.open(io.BytesIO(), "w", format=format_name) as trial:
            first.stream = _added(trial, stream)
            _complete(first)
            trial.mux(first)
    except (av.FFmpegError, ValueError, OSError):
        return False
    finally:
        first.stream = owner
        first.pts, first.dts = stamps
    return True


def _complete(packet: Packet[Stream]) -> None:
    """Give a packet both its times, where one says the other, or none is told (covers)."""
    known = packet.dts if packet.dts is not None else (packet.pts or 0)
    packet.dts = known
    packet.pts = known if packet.pts is None else packet.pts


def _added(output: OutputContainer, stream: Stream) -> Stream:
    copy = output.add_stream_from_template(stream, opaque=True)
    copy.metadata.update(kept_tags(stream.metadata))
    if output.format.name == "mov" and stream.language in _QUICKTIME_LANGUAGES:
        copy.metadata["language"] = _QUICKTIME_LANGUAGES[stream.language]
    copy.disposition = stream.disposition
    return copy


def _attach(output: OutputContainer, name: str, kind: str, data: bytes) -> bool:
    if output.format.name != "matroska":
        return False
    output.add_attachment(name, kind or "application/octet-stream", data)
    return True


def _in_words(stream: Stream) -> str:
    codec = stream.codec_context.name if stream.codec_context is not None else stream.name
    return " ".join(word for word in (stream.type, codec, stream.language) if word)
