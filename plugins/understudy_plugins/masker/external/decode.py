"""What does a picture say as a matte, and how is one decoded from a file?"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import ColorRange

from understudy_sdk import StageError

__all__ = ["Channel", "Matte", "decode_matte", "matte_of"]

Channel = Literal["auto", "alpha", "luma", "red"]
Matte = npt.NDArray[np.unsignedinteger[Any]]


def decode_matte(path: Path, channel: Channel) -> Matte:
    """Return a picture file as a matte, see ``matte_of``.

    Raises:
        StageError: It cannot be read, or has no alpha where that is asked for.
    """
    try:
        with av.open(str(path)) as container:
            picture = next(container.decode(video=0))
    except (av.FFmpegError, IndexError, StopIteration) as error:
        raise StageError(f"the matte {path} cannot be read: {error}\n  export it again") from error
    return matte_of(picture, channel, path)


def matte_of(picture: av.VideoFrame, channel: Channel, path: Path) -> Matte:
    """Return one channel of a picture, upright, uint8 or uint16 (H, W), 0 to the type's greatest value.

    Raises:
        StageError: It has no alpha and that is asked for.
    """
    has_alpha = any(component.is_alpha for component in picture.format.components)
    if channel == "alpha" and not has_alpha:
        raise StageError(
            f"the matte {path} has no alpha (its pixels are {picture.format.name})\n"
            f"  export it with alpha, or set channel: luma"
        )
    is_deep = max(component.bits for component in picture.format.components) > 8
    kind = np.uint16 if is_deep else np.uint8
    if channel == "luma" or (channel == "auto" and not has_alpha):
        grey = picture.reformat(format="gray16le" if is_deep else "gray", dst_color_range=ColorRange.JPEG, threads=1)
        matte = np.asarray(grey.to_ndarray(), kind)
    else:
        rgba = np.asarray(picture.to_ndarray(format="rgba64le" if is_deep else "rgba"), kind)
        matte = rgba[..., 0 if channel == "red" else 3]
    return np.ascontiguousarray(np.rot90(matte, picture.rotation // 90))
