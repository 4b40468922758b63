"""How are pictures turned into files and back?"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from .aside import whole_file
from .errors import StoreError

__all__ = ["decode_mask", "decode_picture", "encode_png", "write_picture"]

U8 = npt.NDArray[np.uint8]


def encode_png(picture: U8) -> bytes:
    """Return a uint8 (H, W, 3) RGB or (H, W) grey picture as PNG; the same picture gives the same bytes."""
    # level 1 is a third of the default's time and about a tenth larger
    done, content = cv2.imencode(".png", _to_bgr(picture), [cv2.IMWRITE_PNG_COMPRESSION, 1])
    assert done
    return content.tobytes()


def decode_picture(content: bytes, name: str) -> U8:
    """Return an encoded picture as uint8 (H, W, 3) RGB, or (H, W) where it is grey.

    Raises:
        StoreError: When the bytes are no picture; ``name`` says which.
    """
    bgr = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED) if content else None
    if bgr is None:
        raise StoreError(f"the picture {name} is damaged\n  delete it to go on without this face")
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


def _to_bgr(picture: U8) -> U8:
    bgr = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    return np.asarray(bgr, np.uint8)
