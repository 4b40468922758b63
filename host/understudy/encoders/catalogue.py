"""What is each encoder told so that nothing visible is lost, or nothing at all?

Figures are of the encoders' own scales and lie where a trained eye finds no difference at the usual distance. Encoders
that do not stand here are known by what FFmpeg says of them, and get no options but the project's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import av
from av.codec import Codec

__all__ = ["TRAITS", "Traits", "encoder_named", "family_of", "neighbours", "stored_formats", "traits_of"]


@dataclass(frozen=True, slots=True)
class Traits:
    """What is to be known of an encoder.

    Attributes:
        fine: Options that lose nothing visible.
        lossless: Options with which every sample stays; None where there are none.
        measure: The option by which quality is set; empty where it has none.
        vendor: Whose hardware it needs; empty for software.
        by_format: Further options by pixel format.
    """

    fine: Mapping[str, str] = field(default_factory=dict)
    lossless: Mapping[str, str] | None = None
    measure: str = ""
    vendor: str = ""
    by_format: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def _scaled(quality: int) -> dict[str, str]:
    """Return a fixed quality on FFmpeg's common scale, of which one step is 118."""
    return {"flags": "+qscale", "global_quality": str(118 * quality)}


_X26: Final = {"crf": "16", "preset": "medium"}
_PRORES: Final = {
    "yuv422p10le": {"profile": "hq"},
    "yuv444p10le": {"profile": "4444"},
    "yuva444p10le": {"profile": "4444", "alpha_bits": "16"},
}
_PRORES_APPLE: Final = {
    "p210le": {"profile": "hq"},
    "p410le": {"profile": "4444"},
    "ayuv64le": {"profile": "4444"},
}
_DNXHR: Final = {
    "yuv422p": {"profile": "dnxhr_hq"},
    "yuv422p10le": {"profile": "dnxhr_hqx"},
    "yuv444p10le": {"profile": "dnxhr_444"},
    "gbrp10le": {"profile": "dnxhr_444"},
}
_NVENC: Final = {"preset": "p6", "tune": "hq", "rc": "vbr", "cq": "16", "b": "0"}
_NVENC_LOSSLESS: Final = {"preset": "p6", "tune": "lossless"}
_QSV: Final = {"preset": "slow", "global_quality": "16"}
_AMF: Final = {"quality": "quality", "rc": "cqp", "qp_i": "16", "qp_p": "16"}
_VAAPI: Final = {"rc_mode": "CQP", "qp": "16"}

TRAITS: Final[Mapping[str, Traits]] = {
    "libx264": Traits(_X26, {"qp": "0", "preset": "medium"}, "crf"),
    "libx264rgb": Traits(_X26, {"qp": "0", "preset": "medium"}, "crf"),
    "libx265": Traits(_X26, {"x265-params": "lossless=1", "preset": "medium"}, "crf"),
    "libsvtav1": Traits({"crf": "18", "preset": "6"}, {"svtav1-params": "lossless=1", "preset": "6"}, "crf"),
    "libvpx-vp9": Traits(
        {"crf": "16", "b": "0", "deadline": "good", "cpu-used": "2", "row-mt": "1"},
        {"lossless": "1", "deadline": "good", "cpu-used": "2", "row-mt": "1"},
        "crf",
    ),
    "libvpx": Traits({"crf": "4", "b": "50000000", "deadline": "good", "cpu-used": "2"}, None, "crf"),
    "prores_ks": Traits(by_format=_PRORES, measure="profile"),
    "dnxhd": Traits(by_format=_DNXHR, measure="profile"),
    "cfhd": Traits({"quality": "film3+"}, None, "quality"),
    "ffv1": Traits(lossless={}),
    "png": Traits(lossless={}),
    "tiff": Traits({"compression_algo": "deflate"}, {"compression_algo": "deflate"}),
    "exr": Traits({"compression": "zip1", "format": "float"}, {"compression": "zip1", "format": "float"}),
    "jpeg2000": Traits({"pred": "dwt97int"}, {"pred": "dwt53"}),
    "mjpeg": Traits(_scaled(2), None, "global_quality"),
    "mpeg2video": Traits(_scaled(2), None, "global_quality"),
    "mpeg4": Traits(_scaled(2), None, "global_quality"),
    "h264_nvenc": Traits(_NVENC, _NVENC_LOSSLESS, "cq", "NVIDIA"),
    "hevc_nvenc": Traits(_NVENC, _NVENC_LOSSLESS, "cq", "NVIDIA"),
    "av1_nvenc": Traits(_NVENC, None, "cq", "NVIDIA"),
    "h264_qsv": Traits(_QSV, None, "global_quality", "Intel"),
    "hevc_qsv": Traits(_QSV, None, "global_quality", "Intel"),
    "av1_qsv": Traits(_QSV, None, "global_quality", "Intel"),
    "vp9_qsv": Traits(_QSV, None, "global_quality", "Intel"),
    "h264_amf": Traits(_AMF, None, "qp_i", "AMD"),
    "hevc_amf": Traits(_AMF, None, "qp_i", "AMD"),
    "av1_amf": Traits(_AMF, None, "qp_i", "AMD"),
    "h264_vaapi": Traits(_VAAPI, None, "qp", "VAAPI"),
    "hevc_vaapi": Traits(_VAAPI, None, "qp", "VAAPI"),
    "av1_vaapi": Traits(_VAAPI, None, "qp", "VAAPI"),
    "h264_videotoolbox": Traits(_scaled(75), None, "global_quality", "Apple"),
    "hevc_videotoolbox": Traits(_scaled(75), None, "global_quality", "Apple"),
    "prores_videotoolbox": Traits(by_format=_PRORES_APPLE, measure="profile", vendor="Apple"),
}
"""By FFmpeg's name of the encoder."""

_VENDORS: Final = {
    "nvenc": "NVIDIA", "qsv": "Intel", "amf": "AMD", "vaapi": "VAAPI", "videotoolbox": "Apple", "v4l2m2m": "V4L2",
    "mf": "Windows", "vulkan": "Vulkan", "d3d12va": "Direct3D", "mediacodec": "Android", "rkmpp": "Rockchip",
}  # fmt: skip
_CARD_FORMATS: Final = frozenset(
    {"cuda", "qsv", "amf", "vaapi", "videotoolbox_vld", "d3d11", "d3d12", "vulkan", "drm_prime", "mediacodec"}
)
"""Pixel formats of pictures that lie in a card's own memory; ours never do."""

_WITHOUT_ALPHA: Final = frozenset({"libx265", "libvpx", "libvpx-vp9"})

_FAMILIES: Final = (
    ("h264", r"[hx]\.?264|avc"), ("hevc", r"[hx]\.?265|hevc"), ("av1", r"av1|aom|rav1e"), ("vp9", r"vp9"),
    ("vp8", r"vp8|vpx"), ("prores", r"prores"), ("dnxhd", r"dnx"), ("ffv1", r"ffv1"), ("cfhd", r"cfhd|cineform"),
    ("mpeg2video", r"mpeg2"), ("png", r"png"), ("tiff", r"tif"), ("exr", r"exr"),
    ("jpeg2000", r"jpeg2000|jp2|openjpeg"), ("mjpeg", r"mjpeg|jpeg|jpg"),
)  # fmt: skip


def encoder_named(name: str) -> Codec | None:
    """Return an encoder of this build, or None where it has none of that name."""
    try:
        return Codec(name, "w")
    except av.codec.codec.UnknownCodecError:
        return None


def traits_of(codec: Codec) -> Traits:
    """Return what is known of an encoder; of one that does not stand in the catalogue, what FFmpeg says."""
    if codec.name in TRAITS:
        return TRAITS[codec.name]
    vendor = _VENDORS.get(codec.name.rpartition("_")[2], "")
    return Traits(lossless={} if codec.lossless and not codec.lossy and not vendor else None, vendor=vendor)


def stored_formats(codec: Codec) -> list[str]:
    """Return the pixel formats that an encoder stores as they are; empty: it does not say.

    Hardware also takes RGB and 16 bits, and turns them into its own 4:2:0 or 10 bits; that is not storing them. x265
    names alpha, but is built without it; VP8 and VP9 keep it beside their frames, where few programs look.
    """
    taken = [one for one in codec.video_formats or () if one.name not in _CARD_FORMATS]
    if traits_of(codec).vendor:
        taken = [one for one in taken if not one.is_rgb and one.components[0].bits <= 12]
    return [one.name for one in taken if codec.name not in _WITHOUT_ALPHA or not one.name.startswith("yuva")]


def family_of(name: str) -> str:
    """Return FFmpeg's name of the way of coding that an encoder's name is about, also where there is none such here."""
    codec = encoder_named(name)
    if codec is not None:
        return str(codec.canonical_name)
    return next((family for family, words in _FAMILIES if re.search(words, name.lower())), "")


def neighbours(family: str) -> tuple[str, ...]:
    """Return this build's encoders of a family: software first, those of the catalogue before others."""
    found = [name for name, canonical, _ in _video_encoders() if canonical == family]
    known = list(TRAITS)

    def rank(name: str) -> tuple[bool, int, str]:
        vendor = traits_of(Codec(name, "w")).vendor
        return bool(vendor), known.index(name) if name in known else len(known), name

    return tuple(sorted(found, key=rank))


@lru_cache(maxsize=1)
def _video_encoders() -> tuple[tuple[str, str, str], ...]:
    """Return name, family and long name of every video encoder of this build, by its own name."""
    rows = []
    for name in sorted(av.codecs_available):
        codec = encoder_named(name)
        if codec is not None and codec.type == "video" and codec.name == name:
            rows.append((name, str(codec.canonical_name), str(codec.long_name)))
    return tuple(rows)
