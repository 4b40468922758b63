"""How fast are S3FD and FAN here, against ``face-alignment``'s, on the same weights, frames and boxes in one run?

The weights are drawn, not learnt, and then fitted in their last layers alone, so that both programs have boxes to sort
out and heat maps with real peaks. Single figures of a shared machine mean little: compare the ratios. Needs the package
face-alignment. ``python bench/faces.py --help`` lists what can be chosen.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from understudy.plugins import discover
from understudy_sdk import Face, Frame, Resources

CLIP = Path(__file__).resolve().parents[2] / "shared" / "footage" / "scene-interior.mp4"
SIZE = (640, 360)
BOX_SIDE_PX = 70.0

State = dict[str, torch.Tensor]


def frames_of(clip: Path | None, count: int) -> list[Frame]:
    """Return some frames of a clip, evenly apart, or drawn ones, all 640 x 360."""
    if clip is None:
        from understudy_sdk.testing.values import face_frame

        centres = np.linspace(0.3, 0.7, count)
        return [face_frame(*SIZE, centre=(centre, 0.5), pts=pts) for pts, centre in enumerate(centres)]
    import av

    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        step = max(1, (stream.frames or count) // count)
        chosen = (picture for index, picture in enumerate(container.decode(stream)) if index % step == 0)
        pictures = [picture for picture, _ in zip(chosen, range(count), strict=False)]
    small = [picture.reformat(*SIZE, format="rgb24").to_ndarray() for picture in pictures]
    return [Frame(rgb, pts, Fraction(1, 25)) for pts, rgb in enumerate(small)]


def boxes_of(count: int) -> np.ndarray:
    """Return as many boxes as there are faces in a frame, side by side, float32 (N, 4)."""
    x = np.linspace(0, SIZE[0], count + 2)[1:-1]
    half = BOX_SIDE_PX / 2
    return np.stack([x - half, np.full(count, 180 - half), x + half, np.full(count, 180 + half)], axis=1).astype("f4")


# -- weights --


def drawn_state(network: torch.nn.Module, gain: float) -> State:
    """Return weights of a network of face-alignment's, drawn so that pictures come through; seeded."""
    generator, state = torch.Generator().manual_seed(0), network.state_dict()
    for name, tensor in state.items():
        noise = torch.randn(tensor.shape, generator=generator)
        if tensor.ndim == 4:
            tensor.copy_(noise * gain * (2 / tensor[0].numel()) ** 0.5)
        elif name.endswith("running_var") or (tensor.ndim == 1 and name.endswith("weight") and "norm" not in name):
            tensor.copy_(1 + 0.1 * noise.abs())
        elif name.endswith(("bias", "running_mean")):
            tensor.copy_(0.05 * noise)
    return state


@torch.inference_mode()
def detector_state(frame: Frame) -> State:
    """Return S3FD's weights, so fitted to a frame that a few cells are taken for faces and some more are candidates."""
    from face_alignment.detection.sfd.net_s3fd import s3fd

    network = s3fd().eval()
    network.load_state_dict(drawn_state(network, 1.0))
    state = network.state_dict()
    state["conv1_1.weight"] /= 64  # pictures count to 255
    for tensor in (state[name] for name in state if name.endswith("norm.weight")):
        tensor.fill_(10.0)
    for name in [name for name in state if "mbox_conf" in name]:
        state[name].zero_()
        if name.endswith("bias"):
            state[name][:-1] = 20.0  # the background everywhere
    generator = torch.Generator().manual_seed(1)
    for name in ("conv5_3_norm_mbox", "fc7_mbox"):
        weight = state[f"{name}_conf.weight"][1]
        weight.copy_(torch.randn(weight.shape, generator=generator) * weight.numel() ** -0.5)
        state[f"{name}_conf.bias"].zero_()
    inputs = torch.from_numpy(frame.rgb.copy()).permute(2, 0, 1)[None].float().flip(1)
    levels = network(inputs - torch.tensor([104.0, 117.0, 123.0]).view(1, 3, 1, 1))
    for name, scores, offsets in (("conv5_3_norm_mbox", *levels[4:6]), ("fc7_mbox", *levels[6:8])):
        ranked = scores[0, 1].flatten().sort(descending=True).values
        limit = float(ranked[4] + ranked[5]) / 2
        slope = 2.94 / (limit - float(ranked[60]))  # five cells reach a score of 0.5, sixty one of 0.05
        state[f"{name}_conf.weight"][1] *= slope
        state[f"{name}_conf.bias"][1] = -slope * limit
        state[f"{name}_loc.weight"] *= 0.5 / float(offsets.std())
    return state


@torch.inference_mode()
def aligner_state(aligner_on: Callable[[State], Any], frame: Frame, box: np.ndarray) -> State:
    """Return FAN's weights, whose heat maps of that face peak, at height 1, each at another place.

    The last layer is the linear filter that tells the features at a place from all others' (Fisher's discriminant).
    """
    from face_alignment.models import FAN

    network = FAN(4).eval()
    network.load_state_dict(drawn_state(network, 0.5))
    seen: list[torch.Tensor] = []
    network.l3.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    peer = aligner_on(network.state_dict())
    peer.face_alignment_net = network
    peer.get_landmarks_from_image(frame.rgb.copy(), detected_faces=[box.astype(np.float64)])
    state = network.state_dict()
    filters, biases = peaked(seen[0][0].permute(1, 2, 0).reshape(-1, 256).double())
    state["l3.weight"], state["l3.bias"] = filters[:, :, None, None].float(), biases.float()
    return state


def peaked(features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return filters (68, 256) and biases (68,) for features (4096, 256): the clearest peaks of a grid of places."""
    middle = features.mean(dim=0)
    centred = features - middle
    scatter = centred.T @ centred / len(centred)
    scatter += torch.eye(256) * scatter.diagonal().mean() * 0.1
    grid = torch.arange(5, 60, 3)
    rows, columns = (values.flatten() for values in torch.meshgrid(grid, grid, indexing="ij"))
    places = rows * 64 + columns
    filters = torch.linalg.solve(scatter, centred[places].T).T
    filters /= (filters * centred[places]).sum(dim=1, keepdim=True)
    answers = (centred @ filters.T).T.reshape(-1, 64, 64)
    for answer, row, column in zip(answers, rows, columns, strict=True):
        answer[row - 2 : row + 3, column - 2 : column + 3] = -1.0  # the hill itself
    clearest = answers.flatten(1).amax(dim=1).argsort()[:68]
    return filters[clearest], -(filters[clearest] @ middle)


# -- both programs --


def peer_detector(state: State) -> Any:
    """Return face-alignment's detector with these weights."""
    from face_alignment.detection.sfd.net_s3fd import s3fd
    from face_alignment.detection.sfd.sfd_detector import SFDDetector

    detector = object.__new__(SFDDetector)  # its constructor would fetch weights
    detector.device, detector.verbose, detector.filter_threshold = "cpu", False, 0.5
    detector.face_detector = s3fd().eval()
    detector.face_detector.load_state_dict(state)
    return detector


def peer_aligner(state: State, flip: bool, compiled: bool = False) -> Any:
    """Return face-alignment with these weights; boxes are handed to it."""
    from face_alignment import FaceAlignment, LandmarksType
    from face_alignment.detection.core import FaceDetector
    from face_alignment.models import FAN

    aligner = object.__new__(FaceAlignment)
    aligner.device, aligner.dtype, aligner.max_batch_size = "cpu", torch.float32, 1
    aligner.flip_input, aligner.landmarks_type = flip, LandmarksType.TWO_D
    aligner.face_detector = FaceDetector("cpu", verbose=False)
    network = FAN(4).eval()
    network.load_state_dict(state)
    aligner.face_alignment_net = torch.compile(network) if compiled else network
    return aligner


def ours(stage: str, name: str, state: State, folder: Path, **settings: Any) -> Any:
    """Return one of the built-in stages with these weights."""
    path = folder / f"{name}.pth"
    if not path.exists():
        torch.save(state, path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    spec = discover().offer(stage, name).spec
    config = spec.config(weights="file", weights_file=str(path), weights_sha256=sha256, **settings)
    return spec.build(config, Resources(device="cpu", weights=_none, threads=torch.get_num_threads()))


def _none(weight: Any) -> Path:
    raise SystemExit(f"{weight.name} is not used here")


DETECTING = {"search_size": SIZE[0], "min_size_px": 0, "extend_chin": 0.0}
ALIGNING = {"passes": 1, "crop": "face_alignment"}


@dataclass
class Programs:
    """What is compared: face-alignment's stages and ours, ours also in float32."""

    detectors: dict[str, Any] = field(default_factory=dict)
    aligners: dict[str, Any] = field(default_factory=dict)


def programs(args: argparse.Namespace, frame: Frame, boxes: np.ndarray, folder: Path) -> Programs:
    """Build them all with the same weights."""
    found = detector_state(frame)
    placed = aligner_state(lambda state: peer_aligner(state, flip=False), frame, boxes[0])
    made = Programs({"theirs": peer_detector(found)}, {"theirs": peer_aligner(placed, args.flip, args.compile)})
    settings = ALIGNING | {"flip": args.flip}
    for key, precision in (("ours", args.precision), ("exact", "float32")):
        made.detectors[key] = ours("detector", "s3fd", found, folder, precision=precision, **DETECTING)
        made.aligners[key] = ours("aligner", "fan", placed, folder, precision=precision, **settings)
    made.aligners["alike"] = ours("aligner", "fan", placed, folder, precision="float32", subpixel="quarter", **settings)
    return made


# -- measuring --


def timed(work: Callable[[Frame], Any], frames: list[Frame]) -> list[float]:
    """Return the seconds that each frame takes."""
    taken = []
    for frame in frames:
        start = time.perf_counter()
        work(frame)
        taken.append(time.perf_counter() - start)
    return taken


def measure(args: argparse.Namespace) -> dict[str, Any]:
    """Measure everything and return it as JSON values."""
    frames, boxes = frames_of(args.clip, args.frames), boxes_of(args.faces)
    faces = [Face(box, 0.9) for box in boxes]
    with tempfile.TemporaryDirectory() as folder:
        both = programs(args, frames[0], boxes, Path(folder))
    work: dict[str, Callable[[Frame], Any]] = {
        "their detector": lambda frame: both.detectors["theirs"].detect_from_image(frame.rgb.copy()),
        "our detector": lambda frame: both.detectors["ours"].detect([frame]),
        "their aligner": lambda frame: both.aligners["theirs"].get_landmarks_from_image(
            frame.rgb.copy(), detected_faces=list(boxes.astype(np.float64))
        ),
        "our aligner": lambda frame: both.aligners["ours"].align([frame], [faces]),
    }
    seconds: dict[str, list[float]] = {name: [] for name in work}
    for do in work.values():
        timed(do, frames[:1])  # warm
    for _ in range(args.rounds):
        for name, do in work.items():
            seconds[name] += timed(do, frames)
    return report(args, {name: median(taken) for name, taken in seconds.items()}) | {
        "boxes": box_accuracy(both, frames),
        "landmarks": landmark_accuracy(both, frames[0], faces[:1]),
    }


def report(args: argparse.Namespace, seconds: Mapping[str, float]) -> dict[str, Any]:
    """Return the figures of speed."""
    rows = {}
    for who in ("their", "our"):
        detecting, aligning = seconds[f"{who} detector"], seconds[f"{who} aligner"]
        rows[{"their": "face-alignment", "our": "understudy"}[who]] = {
            "detector_ms_per_frame": 1000 * detecting,
            "aligner_ms_per_face": 1000 * aligning / args.faces,
            "frames_per_s": 1 / (detecting + aligning),
        }
    theirs, mine = rows["face-alignment"], rows["understudy"]
    return {
        "threads": torch.get_num_threads(),
        "precision": args.precision,
        "faces_per_frame": args.faces,
        "flip": args.flip,
        "speed": rows,
        "ratio": {
            "detector": theirs["detector_ms_per_frame"] / mine["detector_ms_per_frame"],
            "aligner": theirs["aligner_ms_per_face"] / mine["aligner_ms_per_face"],
            "frames_per_s": mine["frames_per_s"] / theirs["frames_per_s"],
        },
    }


def box_accuracy(both: Programs, frames: list[Frame]) -> dict[str, Any]:
    """Return how far our boxes lie from our float32's, and these from face-alignment's: the corners, in px."""
    exact = [np.array([face.box for face in found]) for found in both.detectors["exact"].detect(frames)]
    mine = [np.array([face.box for face in found]) for found in both.detectors["ours"].detect(frames)]
    theirs = [np.array(both.detectors["theirs"].detect_from_image(frame.rgb.copy()))[:, :4] for frame in frames]
    return {
        "per_frame": float(np.mean([len(found) for found in exact])),
        "from_float32": _nearest(mine, exact),
        "float32_from_face_alignment": _nearest(exact, theirs),
    }


def _nearest(found: list[np.ndarray], expected: list[np.ndarray]) -> dict[str, float]:
    """Return the distances of each frame's boxes from the nearest of the other's."""
    apart = [
        np.abs(box - others).max(axis=1).min()
        for boxes, others in zip(found, expected, strict=True)
        for box in boxes
        if len(others)
    ]
    return _figures(np.array(apart))


def landmark_accuracy(both: Programs, frame: Frame, faces: list[Face]) -> dict[str, Any]:
    """Return the same of the landmarks of the face whose heat maps have real peaks.

    Against face-alignment with its own way between pixels; it cuts its landmarks to whole pixels, and so do we here.
    """
    exact, alike, mine = (
        both.aligners[name].align([frame], [faces])[0][0].landmarks for name in ("exact", "alike", "ours")
    )
    boxes = [face.box.astype(np.float64) for face in faces]
    theirs = both.aligners["theirs"].get_landmarks_from_image(frame.rgb.copy(), detected_faces=boxes)[0]
    return {
        "from_float32": _figures(np.hypot(*(mine - exact).T)),
        "float32_from_face_alignment": _figures(np.hypot(*(np.trunc(alike) - theirs).T)),
    }


def _figures(apart: np.ndarray) -> dict[str, float]:
    if not len(apart):
        return {"count": 0}
    shares = {"median_px": 0.5, "p90_px": 0.9, "max_px": 1.0}
    return {"count": len(apart)} | {name: float(np.quantile(apart, share)) for name, share in shares.items()}


def print_table(found: Mapping[str, Any]) -> None:
    """Print the figures as text."""
    settings = ", ".join(f"{name} {found[name]}" for name in ("threads", "precision", "faces_per_frame", "flip"))
    print(f"{settings}\n\n{'':<16}{'detector':>16}{'aligner':>16}{'both':>16}")
    for name, row in found["speed"].items():
        detecting, aligning = (
            f"{row['detector_ms_per_frame']:.0f} ms/frame",
            f"{row['aligner_ms_per_face']:.0f} ms/face",
        )
        print(f"{name:<16}{detecting:>16}{aligning:>16}{row['frames_per_s']:>9.2f} frames/s")
    ratio = found["ratio"]
    print(f"{'times as fast':<16}{ratio['detector']:>16.2f}{ratio['aligner']:>16.2f}{ratio['frames_per_s']:>16.2f}\n")
    for what in ("boxes", "landmarks"):
        for against in ("from_float32", "float32_from_face_alignment"):
            figures = "  ".join(f"{name} {value:.3g}" for name, value in found[what][against].items())
            print(f"{what} {against.replace('_', ' ')}: {figures}")


def main() -> None:
    """Parse what is asked, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", type=Path, nargs="?", default=CLIP if CLIP.is_file() else None)
    parser.add_argument("--frames", type=int, default=4)
    parser.add_argument("--faces", type=int, default=1, help="per frame")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", default="auto", choices=["auto", "float32", "bfloat16"])
    parser.add_argument(
        "--flip", action="store_true", help="both average with the mirrored face, face-alignment's default"
    )
    parser.add_argument("--compile", action="store_true", help="face-alignment compiles its FAN; needs a C++ compiler")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    if args.clip is not None and not args.clip.is_file():
        raise SystemExit(f"no such clip: {args.clip}; leave it out to have frames drawn")
    torch.set_num_threads(args.threads)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = measure(args)
    print(json.dumps(found, indent=1)) if args.json else print_table(found)


if __name__ == "__main__":
    main()
