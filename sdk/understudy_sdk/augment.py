"""How are training pictures bent, moved and tinted, the same way for the same seed?

The flow warp and the transform are DeepFaceLab's; a draw gives its kind of parameters, and given parameters give its
pictures. Numbers are drawn on the CPU, so that a seed means the same on every device; pictures stay where they are.

Letters: B batch, C channels, S side of the pictures. Maps hold x, y in px; (0, 0) is the top-left pixel's centre.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import torch
import torch.nn.functional as F  # noqa: N812 -- torch's own custom
from torch import Tensor

from .types import FaceBatch

__all__ = [
    "MotionRanges",
    "Warp",
    "affine_matrices",
    "bend",
    "draw_hsv_shifts",
    "draw_warp",
    "flow_maps",
    "move",
    "places_of",
    "shift_hsv",
]

NODES: Final = (3, 5, 9)
"""Grid nodes per axis of the three flow warps; one is chosen for each picture."""

_STRENGTH: Final = 0.24  # how far a node may move at most, in cells, for one of the two fields of noise
_CUTOFF: Final = 2.5  # the normal distribution of the noise ends here
_ALL: Final = slice(None)


@dataclass(frozen=True, slots=True)
class MotionRanges:
    """How far pictures may be moved.

    Attributes:
        rotation_deg: Up to this angle either way.
        scale: From 1 / (1 + scale) to 1 + scale.
        shift: Fraction of the side, along either axis, either way.
        flip: Probability of mirroring left and right.
    """

    rotation_deg: float = 10.0
    scale: float = 0.05
    shift: float = 0.05
    flip: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Warp:
    """What happens to each picture of a batch: first bent, then moved.

    Attributes:
        flow: float32 (B, S, S, 2), where in the picture each pixel of the bent one is taken from.
        motion: float32 (B, 2, 3), affine from the bent picture's pixels to the moved one's.
        flip: bool (B,), mirrored at last.
    """

    flow: Tensor
    motion: Tensor
    flip: Tensor


def places_of(batch: FaceBatch) -> tuple[int, slice]:
    """Return for how many faces chance is to be drawn, and where among them a batch's lie."""
    return batch.whole or len(batch.rgb), slice(batch.first, batch.first + len(batch.rgb))


def draw_warp(
    seed: int,
    count: int,
    size: int,
    device: torch.device | str = "cpu",
    ranges: MotionRanges | None = None,
    *,
    kept: slice = _ALL,
) -> Warp:
    """Draw how ``count`` pictures of side ``size`` are bent and moved; a pure function of its arguments.

    The flow's noise is normal, cut off at 2.5 deviations and divided by them, so within -1 to 1. With ``kept``, only
    these of the pictures are told about, as they would be among all.
    """
    ranges = ranges or MotionRanges()
    generator = torch.Generator().manual_seed(seed)
    which = torch.randint(len(NODES), (count,), generator=generator)
    noise = torch.empty(count, 2, NODES[-1] - 2, NODES[-1] - 2)
    noise = torch.nn.init.trunc_normal_(noise, a=-_CUTOFF, b=_CUTOFF, generator=generator) / _CUTOFF
    drawn = torch.rand(count, 5, generator=generator)
    spread = 2.0 * drawn - 1.0
    smallest = 1.0 / (1.0 + ranges.scale)
    motion = affine_matrices(
        rotation_deg=spread[:, 0] * ranges.rotation_deg,
        scale=smallest + drawn[:, 1] * (1.0 + ranges.scale - smallest),
        shift=spread[:, 2:4] * ranges.shift,
        size=size,
    )
    return Warp(
        flow=flow_maps(which[kept].to(device), noise[kept].to(device), size),
        motion=motion[kept].to(device),
        flip=(drawn[kept, 4] < ranges.flip).to(device),
    )


def flow_maps(which: Tensor, noise: Tensor, size: int) -> Tensor:
    """Turn noise on grid nodes into maps, float32 (B, S, S, 2).

    DeepFaceLab's two grids share their memory, one being the other transposed. Both fields of noise therefore reach
    both grids: ``x = base + 0.24 * cell * (noise 0 + transposed noise 1)`` and ``y`` is ``x`` transposed.

    Args:
        which: int64 (B,), index into ``NODES``.
        noise: float32 (B, 2, 7, 7), -1 to 1, for inner nodes; of fewer nodes, the first rows and columns count.
        size: Side S in px.
    """
    spacing, weights, moves = _grids(size, noise.device)
    inner = noise[:, 0] + noise[:, 1].transpose(1, 2)
    inner = inner * moves[which]  # B, 7, 7: in px, 0 beyond the inner nodes
    nodes = spacing[which][:, None, :] + F.pad(inner, (1, 1, 1, 1))  # B, 9, 9
    upsample = weights[which]  # B, S, 9
    x = upsample @ nodes @ upsample.transpose(1, 2)
    return torch.stack([x, x.transpose(1, 2)], dim=-1)


def _grids(size: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Return, for each of ``NODES``: nodes' places (3, 9), weights of upsampling (3, S, 9), reach in px (3, 7, 7)."""
    most = NODES[-1]
    spacing, moves = torch.zeros(len(NODES), most), torch.zeros(len(NODES), most - 2, most - 2)
    weights = torch.zeros(len(NODES), size, most)
    for i, nodes in enumerate(NODES):
        cell = size // (nodes - 1)
        spacing[i, :nodes] = torch.linspace(0, size, nodes)
        moves[i, : nodes - 2, : nodes - 2] = _STRENGTH * cell
        # bilinear from nodes to size + cell samples with half-pixel centres, then cell // 2 cropped on either side
        place = (torch.arange(size) + cell // 2 + 0.5) * nodes / (size + cell) - 0.5
        distance = (place.clamp(0, nodes - 1)[:, None] - torch.arange(nodes)).abs()
        weights[i, :, :nodes] = (1 - distance).clamp(min=0)
    return spacing.to(device), weights.to(device), moves.to(device)


def affine_matrices(rotation_deg: Tensor, scale: Tensor, shift: Tensor, size: int) -> Tensor:
    """Turn about the middle, counter-clockwise as seen, scale and shift: float32 (B, 2, 3), picture to result.

    Args:
        rotation_deg: (B,).
        scale: (B,), above 1 enlarges.
        shift: (B, 2), x y as fractions of the side.
        size: Side S in px.
    """
    angle = torch.deg2rad(rotation_deg)
    cos, sin = scale * angle.cos(), scale * angle.sin()
    middle = size // 2
    x = (1 - cos) * middle - sin * middle + shift[:, 0] * size
    y = sin * middle + (1 - cos) * middle + shift[:, 1] * size
    return torch.stack([cos, sin, x, -sin, cos, y], dim=1).view(-1, 2, 3).float()


def bend(pictures: Tensor, flow: Tensor) -> Tensor:
    """Sample float32 (B, C, S, S) at the flow's places, cubically; black lies beyond the edge."""
    return F.grid_sample(pictures, _unit(flow), mode="bicubic", padding_mode="zeros", align_corners=False)


def move(
    pictures: Tensor, motion: Tensor, flip: Tensor | None = None, interpolation: Literal["cubic", "linear"] = "cubic"
) -> Tensor:
    """Apply affine transforms (B, 2, 3) to float32 (B, C, S, S), then mirror where ``flip`` says so.

    ``cubic`` is for pictures and repeats the edge; ``linear`` is for masks, and 0 lies beyond the edge.
    """
    size = pictures.shape[-1]
    line = torch.arange(size, device=pictures.device, dtype=torch.float32)
    across = line.expand(len(pictures), size)
    if flip is not None:
        across = torch.where(flip[:, None], size - 1 - across, across)  # B, S
    linear = torch.linalg.inv(motion[:, :, :2])
    columns = across[:, None, :, None] - motion[:, None, None, :, 2][..., 0:1]  # B, 1, S, 1
    rows = line[None, :, None, None] - motion[:, None, None, :, 2][..., 1:2]  # B, S, 1, 1
    places = columns * linear[:, None, None, :, 0] + rows * linear[:, None, None, :, 1]  # B, S, S, 2
    mode, border = ("bicubic", "border") if interpolation == "cubic" else ("bilinear", "zeros")
    return F.grid_sample(pictures, _unit(places), mode=mode, padding_mode=border, align_corners=False)


def _unit(places: Tensor) -> Tensor:
    """Bring places in px to torch's -1 to 1, edge to edge."""
    size = places.shape[1]
    return places * (2.0 / size) + (1.0 / size - 1.0)


def draw_hsv_shifts(
    seed: int, count: int, power: float, device: torch.device | str = "cpu", *, kept: slice = _ALL
) -> Tensor:
    """Return (count, 3) shifts for ``shift_hsv``, from the seed alone: hue in degrees, saturation and value.

    DeepFaceLab's: the hue moves by whole degrees up to 180 * power either way, the others by up to power / 2. With
    ``kept``, only these of the rows come back.
    """
    generator = torch.Generator().manual_seed(seed)  # drawn on the CPU, so that every device gets the same
    reach = max(1, int(180 * power))
    hue = torch.randint(-reach, reach + 1, (count, 1), generator=generator).float()
    others = (torch.rand(count, 2, generator=generator) - 0.5) * power
    return torch.cat([hue, others], dim=1)[kept].to(device)


def shift_hsv(pictures: Tensor, shifts: Tensor) -> Tensor:
    """Shift hue, saturation and value of float32 (B, 3, S, S) RGB, 0 to 1; saturation and value stay within 0 to 1.

    Args:
        pictures: What to tint.
        shifts: (B, 3), hue in degrees, saturation and value added.
    """
    red, green, blue = pictures.unbind(1)
    value, lowest = pictures.amax(1), pictures.amin(1)
    chroma = value - lowest
    safe = chroma.clamp(min=1e-12)
    hue = torch.where(
        value == red,
        (green - blue) / safe,
        torch.where(value == green, (blue - red) / safe + 2, (red - green) / safe + 4),
    )  # sixths of the circle
    turned = hue + shifts[:, 0, None, None] / 60
    saturation = (chroma / value.clamp(min=1e-12) + shifts[:, 1, None, None]).clamp(0, 1)
    value = (value + shifts[:, 2, None, None]).clamp(0, 1)
    sector = (torch.tensor([5.0, 3.0, 1.0], device=pictures.device)[None, :, None, None] + turned[:, None]) % 6
    fall = torch.minimum(sector, 4 - sector).clamp(0, 1)  # B, 3, S, S
    return value[:, None] * (1 - saturation[:, None] * fall)
