"""How is one frame of a clip seen, and how is a part of it changed and nothing else?"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import Interpolation, VideoReformatter

from understudy_sdk import Frame, InvalidValueError, Layer, Region

from .checks import check_mergeable, refuse_unlike
from .chroma import bring_down, cells_touched
from .clip import ClipInfo
from .codes import codes_of, codes_of_rgb
from .color import swscale_matrix
from .fields import field_of, full_height
from .laying import Laying, PlaneChange
from .light import light_of
from .orientation import Box
from .part import BoxSamples
from .planes import PixelLayout, layout_of, samples

__all__ = ["DecodedFrame"]

F32 = npt.NDArray[np.float32]

# With chroma at full resolution; without, the scaler makes white of more than 8 bits come out as 253.
_SCALER = Interpolation.BILINEAR | Interpolation.FULL_CHR_H_INT


class DecodedFrame:
    """A frame of a clip, in the clip's own pixel format.

    Attributes:
        index: Its position among the clip's frames, from 0.
        pts: Its presentation time in ticks.
        time_base: Seconds per tick.
        unlike: In words what it is where the clip began as something else, such as ``640 x 360``; mostly empty.
    """

    def __init__(
        self, picture: av.VideoFrame, info: ClipInfo, index: int, reformatter: VideoReformatter, unlike: str = ""
    ) -> None:
        self._picture, self._info, self._reformatter = picture, info, reformatter
        self._is_interlaced = (info.is_interlaced or picture.interlaced_frame) and picture.height > 1
        self._is_own = False  # the decoder may still need what we were lent, as a reference for later frames
        self.index, self.unlike = index, unlike
        self.pts = info.pts[index]
        self.time_base: Fraction = info.time_base

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the clip's upright frames, in px."""
        return self._info.width, self._info.height

    def frame(self) -> Frame:
        """Give the frame as 8-bit upright RGB, by the clip's own matrix and range; its transfer stays as it is.

        It has its own size, should the stream change it midway. Of an interlaced frame the field that is shown first
        is given, with rows drawn between its own, so that nothing that moves is seen twice.
        """
        if self._is_interlaced:
            is_lower = self._info.is_lower_field_first
            field = self._shown(field_of(self._picture, is_lower=is_lower))
            rgb = full_height(field, self._picture.height, is_lower=is_lower)
        else:
            rgb = self._shown(self._picture)
        return Frame(self._info.orientation.upright_copy(rgb), self.pts, self.time_base)

    def region(self, x0: int, y0: int, x1: int, y1: int) -> Region:
        """Give a part of the frame as it is now, laid layers included, as float32 RGB at the clip's own precision.

        The box is in upright pixels, its right and lower edges exclusive. It is clamped to the frame and grown to whole
        chroma samples, so the answer may reach a little further: see its ``x0``, ``y0`` and size.

        Raises:
            InvalidValueError: If the box does not meet the frame.
            MediaError: If the clip's pixel format cannot be reached, or the frame is unlike the clip's first frames.
        """
        layout = self._reachable()
        info = self._info
        box = (max(x0, 0), max(y0, 0), min(x1, info.width), min(y1, info.height))
        if box[0] >= box[2] or box[1] >= box[3]:
            raise InvalidValueError("box", str((x0, y0, x1, y1)), f"a box that meets {info.width} x {info.height} px")
        stored = _on_chroma_grid(info.orientation.stored_box(box, info.width, info.height), layout, *info.stored_size)
        left, top, right, bottom = info.orientation.upright_box(stored, info.width, info.height)
        now = BoxSamples(self.planes(), layout, stored).copied()

        def shown() -> F32:
            return np.asarray(info.orientation.upright_copy(now.rgb(info.color)), np.float32)

        return Region.made_later(shown, (right - left, bottom - top), left, top, info.color)

    def brightness(self, x0: int, y0: int, x1: int, y1: int) -> F32:
        """Give how bright a part of the frame is as it is now, float32 (h, w), 0 to 1 nominal.

        Args:
            x0: Left edge, in upright pixels.
            y0: Upper edge.
            x1: Right edge, exclusive.
            y1: Lower edge, exclusive; all of it lies within the frame.

        Raises:
            MediaError: As for ``region``.
        """
        layout, info = self._reachable(), self._info
        stored = info.orientation.stored_box((x0, y0, x1, y1), info.width, info.height)
        found = BoxSamples(self.planes(), layout, stored).brightness(info.color)
        return np.ascontiguousarray(info.orientation.upright(found))

    def lay(self, region: Region, layer: Layer) -> Laying:
        """Blend a layer over the frame where its region lies: ``frame * (1 - mask) + rgb * mask``; return what changed.

        Only samples under the mask change; a chroma sample lies under it if one of its luma samples does. Where two
        layers overlap, the second region is to be taken after the first layer is laid.

        Raises:
            InvalidValueError: If region and layer differ in size, or the layer's colours under the mask are no numbers.
            MediaError: If the clip's pixel format cannot be reached.
        """
        layout, info, turn = self._reachable(), self._info, self._info.orientation
        height, width = layer.mask.shape
        if (width, height) != region.size:
            raise InvalidValueError(
                "Layer.rgb", f"{width} x {height} px", "of the region's size, {} x {}".format(*region.size)
            )
        upright = (region.x0, region.y0, region.x0 + width, region.y0 + height)
        box = turn.stored_box(upright, info.width, info.height)
        mask = np.ascontiguousarray(turn.stored(layer.mask))
        if not self._is_own:
            self._picture.make_writable()
            self._is_own = True
        wanted = codes_of_rgb(turn.stored(layer.rgb), layout, info.color)
        return Laying(box, mask, tuple(self._blend(layout, box, wanted, mask)))

    def planes(self) -> tuple[npt.NDArray[Any], ...]:
        """View the frame's samples, channel by channel, as stored; they are not to be changed, nor kept.

        Raises:
            MediaError: If the clip's pixel format cannot be reached, or the frame is unlike the clip's first frames.
        """
        layout = self._reachable()
        return tuple(samples(self._picture, layout, channel) for channel in range(len(layout.channels)))

    def to_av(self) -> av.VideoFrame:
        """Give the frame for encoding: as stored (not turned), with its time and the clip's colour tags.

        Raises:
            MediaError: If it is unlike the clip's first frames.
        """
        refuse_unlike(self._info, self.index, self.unlike)
        picture, tags = self._picture, self._info.tags
        picture.pts, picture.time_base = self.pts, self.time_base
        picture.colorspace, picture.color_range = tags.matrix, tags.range
        picture.color_primaries, picture.color_trc = tags.primaries, tags.transfer
        picture.pict_type = 0  # the source's choice of key frames is not the encoder's
        return picture

    def _reachable(self) -> PixelLayout:
        refuse_unlike(self._info, self.index, self.unlike)
        layout = layout_of(self._info.pixel_format)
        if layout is None:
            check_mergeable(self._info)
            raise AssertionError(self._info.pixel_format)
        return layout

    def _shown(self, picture: av.VideoFrame) -> npt.NDArray[np.uint8]:
        """Convert a frame, or a field of it, to 8-bit RGB as it is stored."""
        layout = layout_of(self._info.pixel_format)
        if layout is not None and (layout.model == "gray" or layout.is_float):
            # The scaler takes every grey picture for full range, whatever its tag says, and light for numbers.
            planes = [samples(picture, layout, channel) for channel in range(len(layout.channels))]
            rgb = BoxSamples(planes, layout, (0, 0, picture.width, picture.height)).rgb(self._info.color)
            return np.asarray(np.clip(np.rint(rgb * 255.0), 0, 255), np.uint8)
        return self._scaled(picture)

    def _scaled(self, picture: av.VideoFrame) -> npt.NDArray[np.uint8]:
        color = self._info.color
        is_ycc = color.matrix != 0
        converted = self._reformatter.reformat(
            picture,
            format="rgb24",
            src_colorspace=swscale_matrix(color) if is_ycc else None,
            src_color_range=(2 if color.is_full_range else 1) if is_ycc else None,
            interpolation=_SCALER,
            threads=1,
        )
        rgb: npt.NDArray[np.uint8] = converted.to_ndarray()  # type: ignore[assignment]  # rgb24 is always uint8
        return rgb

    def _blend(self, layout: PixelLayout, box: Box, wanted: list[F32], mask: F32) -> Iterator[PlaneChange]:
        """Change the samples of a stored box, channel by channel, towards code values as far as a mask says."""
        planes, covered = self.planes(), mask > 0
        # A box that does not begin on the chroma grid is widened to it by rows and columns without change.
        ahead = box[1] % layout.sub_y, box[0] % layout.sub_x
        grid = box[0] - ahead[1], box[1] - ahead[0], box[2], box[3]
        now, inner = BoxSamples(planes, layout, grid), (slice(ahead[0], None), slice(ahead[1], None))
        is_coarse = layout.sub_x * layout.sub_y > 1
        touched = cells_touched(_widened(covered, *ahead), layout.sub_x, layout.sub_y) if is_coarse else covered
        for channel, (plane, colours) in enumerate(zip(planes, wanted, strict=True)):
            before = now.codes(channel)[inner]
            step = _step(before, colours, mask, covered)
            if channel and is_coarse:
                lowered = self._lowered(_widened(step, *ahead), layout, box)
                place = grid[0] // layout.sub_x, grid[1] // layout.sub_y
                yield _change(plane, place, lowered, layout, touched)
            else:
                yield _change(plane, (box[0], box[1]), step, layout, covered, before)

    def _lowered(self, difference: F32, layout: PixelLayout, box: Box) -> F32:
        width, height = self._info.stored_size
        x_edges, y_edges = (box[0] == 0, box[2] == width), (box[1] == 0, box[3] == height)
        rows = bring_down(difference, 0, layout.sub_y, is_between=True, at_edges=y_edges)
        return bring_down(rows, 1, layout.sub_x, is_between=layout.is_between, at_edges=x_edges)


def _on_chroma_grid(box: Box, layout: PixelLayout, width: int, height: int) -> Box:
    x0, y0, x1, y1 = box
    across, down = layout.sub_x, layout.sub_y
    x1, y1 = min(-(-x1 // across) * across, width), min(-(-y1 // down) * down, height)
    return x0 // across * across, y0 // down * down, x1, y1


def _step(before: F32, wanted: F32, mask: F32, covered: npt.NDArray[np.bool_]) -> F32:
    """Return a channel's change, float32 (h, w); 0 outside the mask, where a layer may hold anything."""
    step = wanted - before
    step *= mask
    if not np.isfinite(step.sum()):
        step[~covered] = 0.0
        if not np.isfinite(step).all():
            raise InvalidValueError("Layer.rgb", "not a number, or infinite", "finite wherever the mask is above 0")
    return step


def _widened(values: npt.NDArray[Any], rows: int, columns: int) -> npt.NDArray[Any]:
    """Put rows and columns of nothing before a picture."""
    return np.pad(values, ((rows, 0), (columns, 0))) if rows or columns else values


def _change(
    plane: npt.NDArray[Any],
    at: tuple[int, int],
    step: F32,
    layout: PixelLayout,
    where: npt.NDArray[np.bool_],
    before: F32 | None = None,
) -> PlaneChange:
    left, top = at
    stored = plane[top : top + where.shape[0], left : left + where.shape[1]]
    before = codes_of(stored, layout) if before is None else before
    changed = before + step
    if layout.is_float:
        np.copyto(stored, light_of(changed), where=where & (step != 0))
        return PlaneChange(left, top, before, step, where)
    np.rint(changed, out=changed)
    np.clip(changed, 0, layout.top, out=changed)
    items = changed.astype(stored.dtype)
    np.copyto(stored, items << layout.shift if layout.shift else items, where=where)
    return PlaneChange(left, top, before, step, where)
