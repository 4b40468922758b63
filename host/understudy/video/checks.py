"""What may not be done with which clip?"""

from __future__ import annotations

from fractions import Fraction

from understudy.errors import MediaError

from .clip import ClipInfo
from .planes import layout_of

__all__ = ["check_mergeable", "check_square", "refuse_unlike"]


def check_mergeable(info: ClipInfo) -> None:
    """Refuse clips whose frames can be looked at but not changed without harm.

    Raises:
        MediaError: For pixels that are not square, for interlaced clips, whose fields would bleed into each other, and
            for pixel formats whose samples cannot be reached one by one.
    """
    check_square(info)
    if info.is_interlaced:
        raise MediaError(info.path, "is interlaced", "deinterlace it first, to one frame per field or per pair")
    if layout_of(info.pixel_format) is None:
        raise MediaError(
            info.path,
            f"stores its pixels as {info.pixel_format}, which cannot be changed in place",
            "convert it to a planar format first, such as yuv444p10le or gbrp",
        )


def check_square(info: ClipInfo) -> None:
    """Refuse clips whose pixels are not square: a face's shape would be learnt squeezed.

    Raises:
        MediaError: The pixels' sides differ by more than 2 %.
    """
    aspect = info.sample_aspect_ratio
    if aspect is not None and abs(aspect - 1) > Fraction(1, 50):
        # an even width, for most encoders take no other; in upright pixels, for that is how players and editors show it
        stored_width, stored_height = info.stored_size
        width, height = info.orientation.size(2 * round(stored_width * aspect / 2), stored_height)
        raise MediaError(
            info.path,
            f"has pixels that are not square (anamorphic, {aspect.numerator}:{aspect.denominator})",
            f"scale it to square pixels first, to {width} x {height}",
        )


def refuse_unlike(info: ClipInfo, index: int, unlike: str) -> None:
    """Refuse to change or encode a frame that is not what the clip began as: a converted copy would be another picture.

    Args:
        info: The clip.
        index: The frame.
        unlike: What the frame is, in words; empty where it is like the first one.

    Raises:
        MediaError: When it is unlike.
    """
    if unlike:
        width, height = info.stored_size
        raise MediaError(
            info.path,
            f"changes midway: it begins as {width} x {height}, {info.pixel_format}, and its frame {index} is {unlike}",
            "faces can be taken from it, but not put into it; convert it to one size and format first",
        )
