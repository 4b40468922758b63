"""How is a result coded much as its source is: codec, profile, pixel format, rate of bits, groups of pictures?"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Final

from av.codec import Codec
from av.video.format import VideoFormat
from av.video.stream import VideoStream

from understudy.encoders import encoder_options, neighbours, stored_formats, traits_of
from understudy.encoders.options import joined_params
from understudy.errors import RequestError

from .clip import ClipInfo
from .container import main_video, open_media
from .encoding import Encoding
from .planes import exact_equivalents, has_alpha

if TYPE_CHECKING:
    from understudy.project import VideoSettings

__all__ = ["encoding_like"]

_RATED: Final = frozenset({"h264", "hevc", "av1", "vp9", "vp8", "mpeg2video", "mpeg4", "mjpeg"})
_PROFILES: Final[Mapping[str, Mapping[str, str]]] = {
    "prores": {"proxy": "proxy", "lt": "lt", "standard": "standard", "hq": "hq", "4444": "4444", "xq": "4444xq"},
    "dnxhd": {
        "dnxhr lb": "dnxhr_lb", "dnxhr sq": "dnxhr_sq", "dnxhr hq": "dnxhr_hq", "dnxhr hqx": "dnxhr_hqx",
        "dnxhr 444": "dnxhr_444",
    },
    "h264": {"constrained baseline": "baseline", "baseline": "baseline", "main": "main"},
}  # fmt: skip
"""By family and FFmpeg's name of the profile, the encoder's; those that follow from the pixel format are left out."""


def encoding_like(info: ClipInfo, video: VideoSettings) -> Encoding:
    """Describe an encoding like the clip's own; what the project states besides holds over it.

    Raises:
        RequestError: Nothing here encodes the clip's codec in software.
    """
    with open_media(info.path) as container:
        source = main_video(container, info.path)
        family = str(Codec(source.codec_context.codec.name, "r").canonical_name)
        profile = _PROFILES.get(family, {}).get(str(source.codec_context.profile or "").lower(), "")
        bit_rate = _bit_rate(info, source, container.size)
        is_reordered = source.codec_context.has_b_frames > 0 if family in {"h264", "hevc"} else True
    codec = _encoder_of(info, family)
    pixel_format = _nearest_format(codec, info.pixel_format)
    own = encoder_options(
        codec, pixel_format or info.pixel_format, {"b": ""} if family in _RATED else {}, lossless=False
    )
    own.pop("b", None)
    own |= {"profile": profile} if profile else {}
    if family in _RATED:
        own |= _rate(family, bit_rate, _group(info), is_reordered=is_reordered)
    return Encoding(codec.name, joined_params((own, video.stated_options())), pixel_format)


def _encoder_of(info: ClipInfo, family: str) -> Codec:
    software = [Codec(name, "w") for name in neighbours(family) if not traits_of(Codec(name, "w")).vendor]
    if not software:
        raise RequestError(
            f"output.video.codec: copy-from-source: {info.path.name} is coded as {family}, for which this build of"
            " FFmpeg has no encoder\n  name a codec instead; which there are: understudy encoders"
        )
    takers = [codec for codec in software if _nearest_format(codec, info.pixel_format) is None]
    return (takers or software)[0]


def _nearest_format(codec: Codec, wanted: str) -> str | None:
    """Return None where a codec takes a format or its equivalent, or that which loses least of it."""
    takes = stored_formats(codec)
    if not takes or wanted in takes or any(name in takes for name in exact_equivalents(wanted)):
        return None
    own = _traits(wanted)

    def losses(name: str) -> tuple[bool, ...] | tuple[int, ...]:
        alpha, across, down, bits, is_rgb = _traits(name)
        return (
            int(own[0] and not alpha), max(across - own[1], 0) + max(down - own[2], 0), max(own[3] - bits, 0),
            int(own[4] != is_rgb), abs(bits - own[3]), int(alpha and not own[0]), own[1] - across,
        )  # fmt: skip

    return min(takes, key=losses)


def _traits(name: str) -> tuple[bool, int, int, int, bool]:
    one = VideoFormat(name)
    across, down = (0, 0) if one.is_rgb else (one.chroma_width(64), one.chroma_height(64))
    steps = (0 if one.is_rgb else 64 // max(across, 1), 0 if one.is_rgb else 64 // max(down, 1))
    return has_alpha(name), steps[0], steps[1], one.components[0].bits, one.is_rgb


def _bit_rate(info: ClipInfo, source: VideoStream, size_bytes: int) -> int:
    """Return bits per second: as the track says, or of the whole file where it says nothing."""
    if source.bit_rate:
        return int(source.bit_rate)
    seconds = float((info.pts[-1] - info.pts[0] + info.last_duration) * info.time_base)
    return round(size_bytes * 8 / seconds) if seconds > 0 else 0


def _group(info: ClipInfo) -> int:
    """Return how many frames the clip's groups of pictures have, as most of them do."""
    places = {time: place for place, time in enumerate(info.pts)}
    keys = [places[time] for time in info.key_pts if time in places]
    return round(median(second - first for first, second in pairwise(keys))) if len(keys) > 1 else 0


def _rate(family: str, bit_rate: int, group: int, *, is_reordered: bool) -> dict[str, str]:
    rate = {"b": str(bit_rate)} if bit_rate else {}
    if bit_rate and family in {"h264", "hevc", "mpeg2video"}:
        rate |= {"maxrate": str(2 * bit_rate), "bufsize": str(2 * bit_rate)}
    if group and family != "mjpeg":
        rate["g"] = str(group)
    return rate if is_reordered else rate | {"bf": "0"}
