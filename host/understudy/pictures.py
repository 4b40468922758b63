"""How are pictures turned into files and back?"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Literal

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.codec.context import ThreadType

from .aside import whole_file
from .errors import StoreError

__all__ = [
    "decode_mask",
    "decode_picture",
    "encode_picture",
    "encode_png",
    "is_damaged",
    "write_picture",
]

U8 = npt.NDArray[np.uint8]

# measured on crops of faces: 0.6 of level 1's time and no larger; level 6 takes seven times as long for a seventh less
_FAST_PNG: Final = [
    *(cv2.IMWRITE_PNG_COMPRESSION, 1),
    *(cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE),
    *(cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_UP),
]


def encode_png(picture: U8) -> bytes:
    """Return a uint8 (H, W, 3) RGB or (H, W) grey picture as PNG; the same picture gives the same bytes."""
    done, content = cv2.imencode(".png", _to_bgr(picture), _FAST_PNG)
    assert done
    return content.tobytes()


def encode_picture(picture: U8, kind: Literal["png", "jpeg", "webp"], quality: int = 95) -> bytes:
    """Return a uint8 (H, W, 3) RGB picture as PNG, JPEG or WebP.

    Args:
        picture: The picture.
        kind: PNG loses nothing, and ``quality`` does not matter to it.
        quality: 1 to 100; WebP of 100 loses nothing either.
    """
    if kind == "png":
        return encode_png(picture)
    if kind == "jpeg":
        # colour at full resolution: halved, it bleeds at lips and eyelids
        fine = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
        options = [cv2.IMWRITE_JPEG_QUALITY, quality, *fine]
    else:
        options = [cv2.IMWRITE_WEBP_QUALITY, 101 if quality == 100 else quality]  # above 100 is OpenCV's "lossless"
    done, content = cv2.imencode(".jpg" if kind == "jpeg" else ".webp", _to_bgr(picture), options)
    assert done
    return content.tobytes()


def is_damaged(content: bytes) -> bool:
    """Tell whether an encoded JPEG, PNG or WebP lacks its end, or a JPEG is broken inside.

    OpenCV fills what it cannot read of such a picture with grey or smears, without a word. JPEG and WebP have no
    checksum, so bytes that are wrong and still make sense remain unseen.
    """
    return _is_cut_off(content) or (content.startswith(b"\xff\xd8") and _is_broken_jpeg(content))


def _is_cut_off(content: bytes) -> bool:
    if content.startswith(b"\xff\xd8"):
        return b"\xff\xd9" not in content[-1024:]  # some writers pad the end
    if content.startswith(b"\x89PNG"):
        return b"IEND" not in content[-1024:]
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return len(content) < int.from_bytes(content[4:8], "little") + 8
    return False


def _is_broken_jpeg(content: bytes) -> bool:
    """Ask FFmpeg's decoder, which can be told to be strict, as the one of OpenCV cannot."""
    decoder = av.CodecContext.create("mjpeg", "r")
    decoder.thread_type = ThreadType.NONE
    decoder.options = {"err_detect": "explode"}
    try:
        decoder.decode(av.Packet(content))
        decoder.decode(None)
    except av.InvalidDataError:
        return True
    except av.FFmpegError:  # a kind that it does not know is no damage
        return False
    return False


def decode_picture(content: bytes, name: str) -> U8:
    """Return an encoded picture as uint8 (H, W, 3) RGB, or (H, W) where it is grey.

    Raises:
        StoreError: When the bytes are no picture; ``name`` says which.
    """
    bgr = None if is_damaged(content) else _decoded(content)
    if bgr is None:
        raise StoreError(f"the picture {name} is damaged\n  delete it to go on without this face")
    if bgr.dtype == np.uint16:
        bgr = np.rint(bgr / 257.0).astype(np.uint8)
    picture = bgr if bgr.ndim == 2 else cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
    return np.asarray(picture, np.uint8)


def decode_mask(content: bytes, name: str) -> npt.NDArray[np.float32]:
    """Return an 8-bit grey PNG as a mask: float32 (S, S), 0 to 1."""
    return np.divide(decode_picture(content, name), 255, dtype=np.float32)


def write_picture(path: Path, picture: U8, quality: int = 92) -> None:
    """Write a picture, whole or not at all; the suffix (``.png``, ``.jpg``) says how."""
    options = [cv2.IMWRITE_JPEG_QUALITY, quality] if path.suffix.lower() in {".jpg", ".jpeg"} else []
    done, content = cv2.imencode(path.suffix, _to_bgr(picture), options)
    assert done
    with whole_file(path) as part:
        part.write_bytes(content.tobytes())


def _decoded(content: bytes) -> npt.NDArray[Any] | None:
    try:
        return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED) if content else None
    except cv2.error:  # a header that promises more pixels than OpenCV takes
        return None


def _to_bgr(picture: U8) -> U8:
    bgr = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    return np.asarray(bgr, np.uint8)
