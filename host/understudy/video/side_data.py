"""What does a decoded frame carry beside its picture?"""

from __future__ import annotations

import av
from av.sidedata.sidedata import Type

__all__ = ["side_data_of"]


def side_data_of(picture: av.VideoFrame, kind: Type) -> bytes | None:
    """Return a frame's side data of a kind, or None where it has none."""
    try:
        found = picture.side_data.get(kind)  # type: ignore[call-overload]  # keyed by it
    except ValueError:  # PyAV 18 knows no kind newer than its list, such as the Exif of pictures; then it gives nothing
        return None
    return None if found is None else bytes(found)
