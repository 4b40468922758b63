"""How does a manifest get into a file, or beside one that cannot hold it?"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import c2pa

from understudy.aside import whole_file
from understudy_sdk import UnderstudyError

from .keys import Signer
from .manifest import Ingredient

__all__ = ["BESIDE", "MEDIA_TYPES", "SigningError", "media_type", "sidecar_of", "sign"]

MEDIA_TYPES: Final[Mapping[str, str]] = {
    ".avi": "video/avi",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".mp4": "video/mp4",
    ".png": "image/png",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".webp": "image/webp",
}
"""By suffix, the files that hold a manifest themselves."""

BESIDE: Final = "application/octet-stream"
"""What all others are taken for; their manifest lies beside them."""

_SETTINGS: Final = {"builder": {"thumbnail": {"enabled": False}}}


class SigningError(UnderstudyError):
    """A file could not be signed; it is as it was."""


def media_type(path: Path) -> str:
    """Return the media type by which a file is signed and read."""
    return MEDIA_TYPES.get(path.suffix.lower(), BESIDE)


def sidecar_of(path: Path) -> Path:
    """Return where the manifest of a file lies that cannot hold it: ``clip.mkv.c2pa``."""
    return path.with_name(f"{path.name}.c2pa")


def sign(
    path: Path,
    manifest: Mapping[str, Any],
    ingredients: Sequence[Ingredient],
    signer: Signer,
    *,
    with_history: bool = True,
) -> Path:
    """Sign a file, and return the file that holds the manifest: itself, or one beside it.

    The file appears with its manifest whole or stays as it was. No network is used, and no thumbnail is made.

    Args:
        path: A finished file.
        manifest: What is stated about it.
        ingredients: What it was made of; actions name them by their labels.
        signer: Whose key.
        with_history: Whether a manifest that the target has itself comes along; to find it the target is read.

    Raises:
        SigningError: The library refuses the certificate, the manifest or the file.
        StoreError: The disk does not take the result.
    """
    kind, beside = media_type(path), sidecar_of(path)
    beside.unlink(missing_ok=True)  # of an earlier file of that name
    try:
        builder = _builder(dict(manifest) | {"format": kind}, ingredients, with_history=with_history)
        info = c2pa.C2paSignerInfo(signer.algorithm.encode(), signer.chain, signer.key, None)
        with c2pa.Signer.from_info(info) as ready, path.open("rb") as file:
            if kind != BESIDE:
                with whole_file(path) as part, part.open("w+b") as signed:
                    builder.sign(ready, kind, file, signed)
                return path
            builder.set_no_embed()
            content = builder.sign(ready, kind, file, io.BytesIO())
        with whole_file(beside) as part:
            part.write_bytes(content)
    except c2pa.C2paError as error:
        raise SigningError(str(error)) from error
    return beside


def _builder(manifest: Mapping[str, Any], ingredients: Sequence[Ingredient], *, with_history: bool) -> c2pa.Builder:
    context = c2pa.Context(settings=c2pa.Settings.from_dict(_SETTINGS))
    builder = c2pa.Builder(json.dumps(manifest), context)
    for one in ingredients:
        stated = {
            "title": one.title,
            "relationship": "parentOf" if one.role == "target" else "componentOf",
            "label": one.label,
            "description": f"sha256:{one.sha256}",
        }
        _add(builder, one, stated, with_history=with_history and one.role == "target")
    return builder


def _add(builder: c2pa.Builder, one: Ingredient, stated: dict[str, str], *, with_history: bool) -> None:
    """Add an ingredient, with its own manifest, where it has one, if its history is to be kept."""
    kind = media_type(one.path)
    if with_history and kind != BESIDE:
        with one.path.open("rb") as file:
            try:
                builder.add_ingredient(json.dumps(stated | {"format": kind}), kind, file)
            except c2pa.C2paError:
                pass  # a file that the library does not understand is still named by its hash, below
            else:
                return
    named = io.BytesIO(one.sha256.encode())
    builder.add_ingredient(json.dumps(stated | {"format": BESIDE}), BESIDE, named)
