"""How does a model of ours become a DFM file, and does the file swap as the model does?

A DFM is an ONNX file with the inputs and outputs that DeepFaceLab gives it; what such files leave unsaid (face type,
author, licence, consent) stands in its metadata.
"""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import torch

from understudy import __version__
from understudy.aside import whole_file
from understudy.errors import RequestError
from understudy.plugins import Registry, blaming
from understudy_sdk import DfmPlayer

from .exchangers import exchanger_of
from .learnt import Learnt, find_learnt

__all__ = ["DfmOptions", "ExportedDfm", "export_dfm"]

_FACE: Final = "in_face:0"
_MORPH: Final = "morph_value:0"
_OUTPUTS: Final = (("out_face_mask:0", 1), ("out_celeb_face:0", 3), ("out_celeb_face_mask:0", 1))
_BATCHES: Final = (1, 3)
_MORPHS: Final = (0.0, 0.5, 1.0)
_MOST_ERROR: Final = 1e-3
_MOST_HALF_ERROR: Final = 2e-2  # five of 255 levels; eleven binary digits give about a tenth of it
_MOST_BYTES: Final = 2**31 - (1 << 20)  # no protobuf message is larger; a little is for the graph

F32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ExportedDfm:
    """A DFM file that was written and checked.

    Attributes:
        path: The file.
        size: Side of its faces in px.
        face_type: Which part of the head it takes.
        has_morph: Whether it takes a morph value.
        step: How many steps its model has learnt.
        error: The largest difference from the model in any output, of 1.
        bytes: How large it is.
        remarks: Damaged checkpoints that were passed over, in words.
    """

    path: Path
    size: int
    face_type: str
    has_morph: bool
    step: int
    error: float
    bytes: int
    remarks: Sequence[str]


@dataclass(frozen=True, slots=True)
class DfmOptions:
    """How a DFM is to be written.

    Attributes:
        is_half: Convolutions in float16.
        opset: Version of ONNX's operators; DeepFaceLab's own files have 12.
        author: Who made it.
        licence: What others may do with it.
    """

    is_half: bool = False
    opset: int = 12
    author: str = ""
    licence: str = ""


def export_dfm(
    what: Path, out: Path, registry: Registry, options: DfmOptions | None = None, *, swap: int | None = None
) -> ExportedDfm:
    """Write a learnt model as a DFM file, which is kept only where it swaps as the model does.

    Args:
        what: A project file, or a checkpoint's folder.
        out: The file to make.
        registry: The installed stages.
        options: How.
        swap: Which of the project's swaps, from 1.

    Raises:
        RequestError: It is not clear what is meant, there is no DFM of such a model, ``out`` is there already, or what
            writes ONNX is not installed.
        StoreError: The disk does not take it.
    """
    options = options or DfmOptions()
    if out.exists():
        raise RequestError(f"{out} is there already; nothing is written over\n  name another file, or remove it")
    _require_onnx()
    learnt = find_learnt(what, registry, swap)
    taker = exchanger_of(learnt.offer)
    with blaming(learnt.offer, "giving its network for a DFM"):
        player = taker.exchange.player(learnt.config, learnt.checkpoint.weights())
    if player is None:
        raise RequestError(f"there are no DFM files of the {learnt.offer.stage} {learnt.offer.spec.name!r}")
    content = _written(player, _facts(learnt, player, options), options)
    error = _error(content, player)
    _require_alike(error, _MOST_HALF_ERROR if options.is_half else _MOST_ERROR, options)
    with whole_file(out) as part:
        part.write_bytes(content)
    spec, step = player.crop_spec, learnt.checkpoint.state.step
    face_type = str(spec.face_type)
    return ExportedDfm(out, spec.size, face_type, player.has_morph, step, error, len(content), learnt.passed_over)


def _require_onnx() -> None:
    """Raise RequestError where what writes and checks ONNX is not installed."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # onnxruntime 1.29 and later report their use to their makers otherwise
    try:
        import onnx  # noqa: F401, PLC0415 - an extra, as is the next one
        import onnxruntime  # noqa: F401, PLC0415
    except ImportError as error:
        raise RequestError(
            f"writing DFM files needs onnx and onnxruntime, which do not load here: {error}\n"
            '  install them: pip install "understudy[export]"'
        ) from error


def _facts(learnt: Learnt, player: DfmPlayer, options: DfmOptions) -> dict[str, str]:
    return {
        "face_type": str(player.crop_spec.face_type),
        "model": learnt.offer.spec.name,
        "iterations": str(learnt.checkpoint.state.step),
        "made_with": f"Understudy {__version__}",
        "author": options.author,
        "licence": options.licence,
        "consent": learnt.consent,
    }


def _written(player: DfmPlayer, facts: Mapping[str, str], options: DfmOptions) -> bytes:
    """Return a DFM file's content."""
    import onnx  # noqa: PLC0415 - an extra, and heavy

    from . import onnx_graph  # noqa: PLC0415 - as above

    size = player.crop_spec.size
    if sum(value.nbytes for value in player.network.state_dict().values()) > _MOST_BYTES:
        raise RequestError("the model is larger than 2 GB, which no ONNX file can be\n  take smaller widths")
    model = onnx.load_from_string(_exported(player, options.opset))
    onnx_graph.state_sizes(model, _OUTPUTS, size)
    onnx_graph.plain_weights(model)
    if options.is_half:
        onnx_graph.halve(model)
    model.producer_name, model.producer_version = "Understudy", __version__
    onnx_graph.write_metadata(model, facts)
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content


def _exported(player: DfmPlayer, opset: int) -> bytes:
    """Return the network as torch writes it. Its older exporter knows the operators that players of DFM files know."""
    faces = torch.rand(2, player.crop_spec.size, player.crop_spec.size, 3)  # a batch of 1 may be taken for a constant
    examples: tuple[torch.Tensor, ...] = (faces, torch.ones(1)) if player.has_morph else (faces,)
    outputs = [name for name, _ in _OUTPUTS]
    network = player.network.eval().requires_grad_(False)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        path = Path(folder) / "as-exported.onnx"
        warnings.simplefilter("ignore")  # that there is a newer exporter, which writes no operators this old
        torch.onnx.export(
            network,
            examples,
            path,
            dynamo=False,
            opset_version=opset,
            input_names=[_FACE, _MORPH][: len(examples)],
            output_names=outputs,
            dynamic_axes={name: {0: "batch"} for name in (_FACE, *outputs)},
        )
        return path.read_bytes()


def _error(content: bytes, player: DfmPlayer) -> float:
    """Return the largest difference between what a file and its network answer to random faces."""
    from . import onnx_graph  # noqa: PLC0415 - brings onnx and onnxruntime

    random = np.random.default_rng(0)
    worst = 0.0
    for count in _BATCHES:
        faces = random.random((count, player.crop_spec.size, player.crop_spec.size, 3), np.float32)
        for morph in _MORPHS if player.has_morph else (None,):
            inputs: dict[str, F32] = {_FACE: faces}
            if morph is not None:
                inputs[_MORPH] = np.array([morph], np.float32)
            with torch.no_grad():
                wanted = player.network(*map(torch.from_numpy, inputs.values()))
            for found, want in zip(onnx_graph.run_graph(content, inputs), wanted, strict=True):
                worst = max(worst, _difference(found, want.numpy()))
    return worst


def _difference(found: F32, wanted: F32) -> float:
    if found.shape != wanted.shape or not np.isfinite(found).all():
        return float("inf")
    return float(np.abs(found - wanted).max())


def _require_alike(error: float, most: float, options: DfmOptions) -> None:
    if error <= most:
        return
    advice = "leave --half out" if options.is_half else "report this, with the versions of torch and onnxruntime"
    raise RequestError(
        f"the DFM would not swap as the model does: an output is off by {error:.2g} of 1, where {most:g} is the most; "
        f"no file was kept\n  {advice}"
    )
