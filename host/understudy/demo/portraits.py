"""Which portraits does the demo bring to life, and whose are they?

Both are works of the United States' government and in the public domain; they arrive with scikit-image and matplotlib.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from understudy.errors import RequestError
from understudy_sdk.types import U8

__all__ = ["Portrait", "load_portraits"]


@dataclass(frozen=True, slots=True, eq=False)
class Portrait:
    """A still picture with one face.

    Attributes:
        name: Short name, also of the faceset and the clip.
        credit: Who is shown, and by whom.
        rgb: uint8 (H, W, 3), RGB; both sides even.
        seed: Chooses the performance.
    """

    name: str
    credit: str
    rgb: U8
    seed: int


def load_portraits() -> tuple[Portrait, Portrait]:
    """Return both portraits, cut to head and shoulders, 512 px wide.

    Raises:
        RequestError: Where the packages that carry them are missing.
    """
    try:
        from matplotlib.cbook import get_sample_data  # noqa: PLC0415 - an extra that only the demo needs
        from skimage.data import astronaut  # noqa: PLC0415
    except ImportError as error:
        raise RequestError(
            f"the demo needs the portraits of matplotlib and scikit-image, but {error.name} is not installed\n"
            "  to get them: pip install 'understudy[demo]'"
        ) from error
    hopper_bgr = cv2.imread(str(get_sample_data("grace_hopper.jpg", asfileobj=False)))
    assert hopper_bgr is not None
    hopper = cv2.cvtColor(hopper_bgr, cv2.COLOR_BGR2RGB)[16:528]
    collins_portrait: U8 = astronaut()  # type: ignore[no-untyped-call] # scikit-image has no types
    collins = cv2.resize(collins_portrait[0:320, 64:384], (512, 512), interpolation=cv2.INTER_LANCZOS4)
    return (
        Portrait("astronaut", "Eileen Collins, photographed by NASA", _bytes(collins), seed=4),
        Portrait("hopper", "Grace Hopper, photographed by James S. Davis, US Navy", _bytes(hopper), seed=9),
    )


def _bytes(picture: npt.NDArray[np.generic]) -> U8:
    return np.ascontiguousarray(picture, dtype=np.uint8)
