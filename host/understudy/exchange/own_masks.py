"""How does a masker plugin make the masks that another program's faces came without?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from understudy.answers import check_masks
from understudy.errors import RequestError, UnknownPluginError
from understudy.plugins import Registry, blaming
from understudy_sdk import Crop, Resources
from understudy_sdk.types import U8

from .importing import CropMasker

__all__ = ["crop_masker"]


def crop_masker(registry: Registry, name: str, resources: Resources) -> CropMasker:
    """Return a masker with the settings it has by default, ready to mask imported faces.

    Raises:
        UnknownPluginError: Nobody offers it.
        RequestError: It needs a dense mesh, which no imported face has.
        PluginFailedError: It raised something of its own.
    """
    offers = registry.offers("masker")
    if name not in offers:
        raise UnknownPluginError("masker", name, offers)
    offer = offers[name]
    if offer.spec.needs_mesh:
        others = ", ".join(other for other, one in sorted(offers.items()) if not one.spec.needs_mesh)
        raise RequestError(f"the masker {name!r} needs a dense mesh, and faces of other programs have none\n"
                           f"  without one work: {others or 'none'}")  # fmt: skip
    with blaming(offer, "being built"):
        masker = offer.spec.build(offer.spec.config(), resources)

    def mask(crops: Sequence[Crop]) -> list[U8]:
        with blaming(offer, "masking imported faces"):
            masks = check_masks(masker.mask(crops), crops)
            return [np.asarray(np.rint(one.values * 255), np.uint8) for one in masks]

    return mask
