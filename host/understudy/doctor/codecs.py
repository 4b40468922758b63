"""Which encoders and decoders of this build work for real?

Each encoder encodes one frame. Those of graphics cards do so in a process of their own, since a driver may end it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import av
from av.codec import Codec

from understudy.encoders.catalogue import encoder_named, stored_formats, traits_of
from understudy.encoders.trial import frame_fault, opening_fault

from .finding import Finding, State

__all__ = ["codec_findings"]

NEEDED: Final = ("libx264",)
"""What encodes where a project names no encoder; the encoder that it names is checked with the project."""

OTHER: Final = ("libx265", "ffv1", "prores_ks", "dnxhd", "libsvtav1", "libvpx-vp9", "png", "exr")
ON_CARDS: Final = ("h264_nvenc", "h264_qsv", "h264_amf", "h264_vaapi", "h264_videotoolbox", "h264_mf")
"""One encoder of each maker: what opens for it opens for its others, or for none."""

DECODERS: Final = ("h264", "hevc", "libdav1d", "vp9", "prores", "dnxhd", "ffv1", "mpeg2video", "mjpeg", "png", "exr")
_SILENT: Final = {"libx265": {"x265-params": "log-level=none"}}
_ANEW: Final = "pip install --force-reinstall --only-binary=av av"


def codec_findings() -> Iterator[Finding]:
    """Yield encoders, encoders of graphics cards, then decoders."""
    for name in (*NEEDED, *OTHER):
        codec = encoder_named(name)
        fault = "missing in this build of FFmpeg" if codec is None else _fault(codec)
        state: State = "wrong" if name in NEEDED else "note"
        yield Finding(f"encoder {name}", fault, state, _ANEW) if fault else Finding(f"encoder {name}", "encodes")
    for name in ON_CARDS:
        if (codec := encoder_named(name)) is not None:
            fault = opening_fault(codec)
            yield Finding(
                f"encoder {name}", fault or "encodes", "note" if fault else "ok", "understudy encoders" * bool(fault)
            )
    missing = {name: fault for name in DECODERS if (fault := _decoder_fault(name))}
    sound = ", ".join(name for name in DECODERS if name not in missing)
    yield Finding("decoders", sound or "none", "ok" if sound else "wrong", "" if sound else _ANEW)
    for name, fault in missing.items():
        yield Finding(f"decoder {name}", fault, "note", _ANEW)


def _fault(codec: Codec) -> str:
    traits, pixel_format = traits_of(codec), (stored_formats(codec) or ["yuv420p"])[0]
    return frame_fault(
        codec.name, pixel_format, {**traits.by_format.get(pixel_format, {}), **_SILENT.get(codec.name, {})}
    )


def _decoder_fault(name: str) -> str:
    """Say why a decoder does not open; empty where it does."""
    try:
        context = av.CodecContext.create(name, "r")
        context.open(strict=False)
    except av.codec.codec.UnknownCodecError:
        return "missing in this build of FFmpeg"
    except av.error.InvalidDataError:  # it wants the header of a file, and is there
        return ""
    except (av.error.FFmpegError, ValueError, OSError) as error:
        return f"does not open: {error}"
    return ""
