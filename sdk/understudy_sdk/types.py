"""Which values travel between stages?

Letters in shapes: B batch, H W frame, h w region, S crop side, N faces, C channels, L landmarks.
All pictures are RGB. x points right, y down; (0, 0) is the centre of the top-left pixel.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .errors import InvalidValueError

if TYPE_CHECKING:
    import torch

__all__ = [
    "ClipPosition",
    "ColorDescription",
    "ColorMove",
    "Crop",
    "CropSpec",
    "Face",
    "FaceBatch",
    "FaceType",
    "Frame",
    "Layer",
    "Mask",
    "MaskBatch",
    "Region",
    "Side",
    "Swap",
    "require",
]

U8 = npt.NDArray[np.uint8]
F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]


def require(name: str, value: object, dtype: type[np.generic], shape: tuple[int | None, ...]) -> None:
    """Check an array's dtype and shape; ``None`` in the shape admits any length above 0.

    Raises:
        InvalidValueError: With what was found and what was promised.
    """
    expected = f"{np.dtype(dtype).name} ({', '.join('any' if n is None else str(n) for n in shape)})"
    if not isinstance(value, np.ndarray):
        raise InvalidValueError(name, type(value).__name__, expected)
    fits = value.ndim == len(shape) and all(
        have == want if want is not None else have > 0 for have, want in zip(value.shape, shape, strict=False)
    )
    if value.dtype != dtype or not fits:
        raise InvalidValueError(name, f"{value.dtype} {value.shape}", expected)


class FaceType(StrEnum):
    """How much of the head a crop shows; the crop squares of DeepFaceLab, by our names, and one of a dense mesh's own.

    ``MESH`` shows about what ``WHOLE_FACE`` does, but its scale and centre come from a dense mesh in three dimensions,
    so that it does not shrink when the head turns; it needs an aligner that gives a mesh.
    """

    HALF = "half"
    MID_FULL = "mid_full"
    FULL = "full"
    FULL_NO_ALIGN = "full_no_align"
    WHOLE_FACE = "whole_face"
    HEAD = "head"
    HEAD_NO_ALIGN = "head_no_align"
    MESH = "mesh"


class Side(StrEnum):
    """Whose face: the identity put on, or the person in the footage."""

    SOURCE = "source"
    TARGET = "target"


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of the footage and its place in time.

    Attributes:
        rgb: uint8 (H, W, 3), RGB; upright (a rotation tag is already applied).
        pts: Presentation time, counted in ``time_base`` seconds.
        time_base: Seconds per tick, exact: ``Fraction(1001, 30000)``, never ``0.0334``.
    """

    rgb: U8
    pts: int
    time_base: Fraction

    def __post_init__(self) -> None:
        """Check the picture."""
        require("Frame.rgb", self.rgb, np.uint8, (None, None, 3))


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A face found in a frame, in that frame's pixels.

    Attributes:
        box: float32 (4,), x0 y0 x1 y1 in px; may reach over the frame's edge.
        score: 0 to 1, the finder's certainty.
        eyes: float32 (2, 2), x y of the subject's right and left eye, where a detector knows them.
        landmarks: float32 (68, 2), x y in px, iBUG order; an aligner's answer.
        mesh: float32 (M, 3), x y z in px of a dense mesh, where an aligner has one.
    """

    box: F32
    score: float
    eyes: F32 | None = None
    landmarks: F32 | None = None
    mesh: F32 | None = None

    def __post_init__(self) -> None:
        """Check all arrays and the order of the box's corners."""
        require("Face.box", self.box, np.float32, (4,))
        if not (self.box[0] < self.box[2] and self.box[1] < self.box[3]):
            raise InvalidValueError("Face.box", str(self.box.tolist()), "x0 < x1 and y0 < y1")
        if not 0.0 <= self.score <= 1.0:
            raise InvalidValueError("Face.score", str(self.score), "between 0 and 1")
        if self.eyes is not None:
            require("Face.eyes", self.eyes, np.float32, (2, 2))
        if self.landmarks is not None:
            require("Face.landmarks", self.landmarks, np.float32, (68, 2))
        if self.mesh is not None:
            require("Face.mesh", self.mesh, np.float32, (None, 3))


@dataclass(frozen=True, slots=True)
class CropSpec:
    """The crops a model reads.

    Attributes:
        face_type: How much of the head they show.
        size: Side S in px.
    """

    face_type: FaceType
    size: int


@dataclass(frozen=True, slots=True)
class ClipPosition:
    """Where in which clip a crop was cut.

    Attributes:
        clip: The clip's file name without its suffix.
        time_s: Presentation time from the clip's first frame, exact, in seconds.
        frame: Position of the frame in the clip, from 0.
        width: Of the upright frame in px.
        height: Of the upright frame in px.
    """

    clip: str
    time_s: Fraction
    frame: int
    width: int
    height: int


@dataclass(frozen=True, slots=True, eq=False)
class ColorMove:
    """A change of colours, channel by channel in CIE L*a*b*: ``value * gain + offset``.

    Attributes:
        gain: float32 (3,), above 0.
        offset: float32 (3,), in L*a*b*'s units: L* runs from 0 to 100.
    """

    gain: F32
    offset: F32

    def __post_init__(self) -> None:
        """Check both arrays."""
        require("ColorMove.gain", self.gain, np.float32, (3,))
        require("ColorMove.offset", self.offset, np.float32, (3,))
        if not (self.gain > 0.0).all():
            raise InvalidValueError("ColorMove.gain", str(self.gain.tolist()), "above 0")


@dataclass(frozen=True, slots=True, eq=False)
class Crop:
    """An aligned face.

    Attributes:
        rgb: uint8 (S, S, 3), RGB.
        frame_to_crop: float64 (2, 3), affine from the frame's pixels to the crop's.
        face_type: How much of the head it shows.
        landmarks: float32 (68, 2), in the crop's pixels.
        mesh: float32 (M, 3), in the crop's pixels, where the aligner has one.
        at: Where it was cut; None for a face that comes from no clip.
        look: What to do to its colours before a swap takes them over, so that these do not pump from frame to frame;
            None where nothing is known of its neighbours in time.
        motion_px: How far the face moves from the frame before to the frame after, x y in the frame's pixels; None
            where that is not known.
    """

    rgb: U8
    frame_to_crop: F64
    face_type: FaceType
    landmarks: F32
    mesh: F32 | None = None
    at: ClipPosition | None = None
    look: ColorMove | None = None
    motion_px: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        """Check all arrays; a crop is square."""
        require("Crop.rgb", self.rgb, np.uint8, (None, None, 3))
        if self.rgb.shape[0] != self.rgb.shape[1]:
            raise InvalidValueError("Crop.rgb", str(self.rgb.shape), "square")
        require("Crop.frame_to_crop", self.frame_to_crop, np.float64, (2, 3))
        require("Crop.landmarks", self.landmarks, np.float32, (68, 2))
        if self.mesh is not None:
            require("Crop.mesh", self.mesh, np.float32, (None, 3))

    @property
    def size(self) -> int:
        """Side S in px."""
        return int(self.rgb.shape[0])


@dataclass(frozen=True, slots=True, eq=False)
class Mask:
    """Where the face is: 0 keeps the target, 1 takes the model's face.

    Attributes:
        values: float32 (S, S), 0 to 1, over the same square as the crop it belongs to; S may differ from the crop's.
    """

    values: F32

    def __post_init__(self) -> None:
        """Check shape and range."""
        _require_unit_square("Mask.values", self.values)


@dataclass(frozen=True, slots=True, eq=False)
class Swap:
    """A model's answer for one crop, over the same square.

    Attributes:
        rgb: float32 (S, S, 3), 0 to 1, RGB.
        source_mask: float32 (S, S), the mask learnt with the source's face (DeepFaceLab: learned-prd).
        target_mask: float32 (S, S), the mask learnt with the target's face (DeepFaceLab: learned-dst).
        predicted_mask: float32 (S, S), what a masker makes of ``rgb`` (DeepFaceLab: XSeg-prd); the host adds it where a
            project asks for it.
    """

    rgb: F32
    source_mask: F32 | None = None
    target_mask: F32 | None = None
    predicted_mask: F32 | None = None

    def __post_init__(self) -> None:
        """Check shapes and that masks lie between 0 and 1."""
        require("Swap.rgb", self.rgb, np.float32, (None, None, 3))
        for name in ("source_mask", "target_mask", "predicted_mask"):
            values = getattr(self, name)
            if values is not None:
                _require_unit_square(f"Swap.{name}", values)


@dataclass(frozen=True, slots=True)
class ColorDescription:
    """How a clip's numbers mean colour; code points of ITU-T H.273.

    Attributes:
        matrix: Matrix coefficients: 1 BT.709, 5 or 6 BT.601, 9 BT.2020, 0 RGB.
        primaries: Colour primaries: 1 BT.709, 9 BT.2020.
        transfer: Transfer characteristics: 1 BT.709, 16 PQ, 18 HLG.
        is_full_range: Whether black is 0; else limited ("video") range.
        bit_depth: Bits per sample in the clip.
    """

    matrix: int = 1
    primaries: int = 1
    transfer: int = 1
    is_full_range: bool = False
    bit_depth: int = 8


class Region:
    """The part of a frame around one face, at the clip's own precision.

    Its colours may be worked out only when somebody asks for them, so a merger that needs no more than ``size`` is the
    faster for it.
    """

    __slots__ = ("_color", "_make", "_rgb", "_size", "_x0", "_y0")

    def __init__(self, rgb: F32, x0: int, y0: int, color: ColorDescription | None = None) -> None:
        """Take the picture, float32 (h, w, 3), where it lies in the upright frame, and what its numbers mean."""
        require("Region.rgb", rgb, np.float32, (None, None, 3))
        self._rgb: F32 | None = rgb
        self._make: Callable[[], F32] | None = None
        self._size = rgb.shape[1], rgb.shape[0]
        self._x0, self._y0, self._color = x0, y0, color or ColorDescription()

    def __repr__(self) -> str:
        """Say where it lies; its colours are not asked for."""
        return f"Region(box={self.box}, color={self._color!r})"

    def __reduce__(self) -> tuple[type[Region], tuple[F32, int, int, ColorDescription]]:
        """Travel to another process with its colours made."""
        return Region, (self.rgb, self._x0, self._y0, self._color)

    @classmethod
    def made_later(
        cls, make: Callable[[], F32], size: tuple[int, int], x0: int, y0: int, color: ColorDescription
    ) -> Region:
        """Return a region whose picture is made once, when it is asked for.

        Args:
            make: Returns the picture, float32 (h, w, 3).
            size: Its width and height in px.
            x0: Column of its left edge in the upright frame.
            y0: Row of its top edge.
            color: What its numbers mean.
        """
        region = cls.__new__(cls)
        region._rgb, region._make, region._size = None, make, size
        region._x0, region._y0, region._color = x0, y0, color
        return region

    @property
    def rgb(self) -> F32:
        """float32 (h, w, 3), RGB in the clip's own transfer; 0 to 1 nominal, limited-range excursions may leave it."""
        make, picture = self._make, self._rgb
        if picture is None:
            assert make is not None
            picture = make()
            require("Region.rgb", picture, np.float32, (self._size[1], self._size[0], 3))
            self._rgb = picture
            self._make = None  # last, for another thread may ask at the same time
        return picture

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in px."""
        return self._size

    @property
    def x0(self) -> int:
        """Column of the region's left edge in the upright frame."""
        return self._x0

    @property
    def y0(self) -> int:
        """Row of its top edge."""
        return self._y0

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Its place in the upright frame: x0, y0, x1, y1; the right and lower edges are exclusive."""
        width, height = self._size
        return self._x0, self._y0, self._x0 + width, self._y0 + height

    @property
    def color(self) -> ColorDescription:
        """The clip's colour description."""
        return self._color

    def part(self, x0: int, y0: int, x1: int, y1: int) -> Region:
        """Return a part of it; the box is in the region's own pixels, its right and lower edges exclusive."""
        size, place = (x1 - x0, y1 - y0), (self.x0 + x0, self.y0 + y0)
        return Region.made_later(lambda: self.rgb[y0:y1, x0:x1], size, *place, self.color)


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A merger's answer: what lies over the region, and how much of it shows.

    The host blends: ``region * (1 - mask) + rgb * mask``. Samples where the mask is 0 stay as they were, to the bit.

    Attributes:
        rgb: float32 (h, w, 3), of the region's size; not premultiplied; where the mask is 0 it means nothing.
        mask: float32 (h, w), 0 to 1.
    """

    rgb: F32
    mask: F32

    def __post_init__(self) -> None:
        """Check both arrays."""
        require("Layer.rgb", self.rgb, np.float32, (None, None, 3))
        require("Layer.mask", self.mask, np.float32, self.rgb.shape[:2])
        _require_unit_range("Layer.mask", self.mask)

    def shown(self, opacity: float) -> Layer:
        """Return the layer with only so much of it showing, 0 to 1."""
        return self if opacity >= 1.0 else Layer(self.rgb, self.mask * np.float32(opacity))

    def part(self, x0: int, y0: int, x1: int, y1: int) -> Layer:
        """Return a part of it; the box is in the layer's own pixels, its right and lower edges exclusive."""
        return Layer(self.rgb[y0:y1, x0:x1], self.mask[y0:y1, x0:x1])


@dataclass(frozen=True, slots=True, eq=False)
class FaceBatch:
    """Faces drawn for one training step, as stored, on the model's device.

    Attributes:
        rgb: uint8 tensor (B, 3, S, S), RGB, at the model's ``CropSpec``.
        mask: uint8 tensor (B, 1, S, S), 0 or up to 255 where the face is.
        landmarks: float32 tensor (B, 68, 2), in the crops' pixels.
        seed: Seeds the augmentation of this draw, so that a draw can be repeated exactly.
        first: Position of the first of these faces in the draw that ``seed`` is of.
        whole: How many faces that draw has; 0 stands for these alone. Chance is drawn for all of them, so that a part
            of a draw looks the same wherever it is learnt.
    """

    rgb: torch.Tensor
    mask: torch.Tensor
    landmarks: torch.Tensor
    seed: int
    first: int = 0
    whole: int = 0

    def part(self, first: int, count: int) -> FaceBatch:
        """Return ``count`` of the faces, from position ``first`` on."""
        here = slice(first, first + count)
        return FaceBatch(
            self.rgb[here],
            self.mask[here],
            self.landmarks[here],
            self.seed,
            self.first + first,
            self.whole or len(self.rgb),
        )


@dataclass(frozen=True, slots=True, eq=False)
class MaskBatch:
    """Labelled faces drawn for one training step of a masker, on its device.

    Attributes:
        rgb: uint8 tensor (B, 3, S, S), RGB, at the masker's ``CropSpec``.
        mask: uint8 tensor (B, 1, S, S), 0 or 255, as people drew it.
        landmarks: float32 tensor (B, 68, 2), in the crops' pixels.
        seed: Seeds the augmentation of this draw, so that a draw can be repeated exactly.
    """

    rgb: torch.Tensor
    mask: torch.Tensor
    landmarks: torch.Tensor
    seed: int


def _require_unit_square(name: str, values: Any) -> None:
    require(name, values, np.float32, (None, None))
    if values.shape[0] != values.shape[1]:
        raise InvalidValueError(name, str(values.shape), "square")
    _require_unit_range(name, values)


def _require_unit_range(name: str, values: F32) -> None:
    low, high = float(values.min()), float(values.max())
    if not (low >= 0.0 and high <= 1.0):  # also refuses NaN
        raise InvalidValueError(name, f"{low:g} to {high:g}", "0 to 1")
