"""Which DFM stands in for one where there is no file, as in tests?"""

from __future__ import annotations

from typing import Final

import numpy as np

from understudy_sdk.onnx_files.graph import node, value, written

__all__ = ["untrained_file"]

_UNTRAINED_SIZE: Final = 64


def untrained_file() -> bytes:
    """Return a DFM that gives faces back as they are; its masks are the blue and the red."""
    side = ("batch", _UNTRAINED_SIZE, _UNTRAINED_SIZE)
    takes = {"out_face_mask:0": np.eye(3, 1), "out_celeb_face:0": np.eye(3), "out_celeb_face_mask:0": np.eye(3, 1, -2)}
    return written(
        [node("MatMul", ("in_face:0", f"weight of {name}"), name) for name in takes],
        {f"weight of {name}": matrix.astype(np.float32) for name, matrix in takes.items()},
        [value("in_face:0", (*side, 3))],
        [value(name, (*side, matrix.shape[1])) for name, matrix in takes.items()],
    )
