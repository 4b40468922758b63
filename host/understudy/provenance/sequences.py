"""How does a folder of pictures say what it is?

A list of SHA-256 sums, ``SHA256SUMS`` as ``sha256sum --check`` reads it, names every file in the folder, and a manifest
beside the list signs it. Pictures of a kind that holds a manifest have their own as well, for they travel alone.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from understudy.aside import PART, whole_file

from .keys import Signer
from .manifest import Ingredient
from .signing import BESIDE, media_type, sidecar_of, sign

__all__ = ["LIST_NAME", "folder_faults", "list_of", "listed_sums", "sign_folder"]

LIST_NAME: Final = "SHA256SUMS"

_LINE: Final = re.compile(r"([0-9a-f]{64}) [ *](.+)")
_NAMED: Final = 5
"""Files that are named where many differ; the others are counted."""


def list_of(path: Path) -> Path | None:
    """Return the list that a folder has, or that names a file in its folder; None where there is none."""
    found = (path if path.is_dir() else path.parent) / LIST_NAME
    if not found.is_file() or path == found or not sidecar_of(found).is_file():
        return None
    return found if path.is_dir() or path.name in listed_sums(found) else None


def sign_folder(folder: Path, manifest: Mapping[str, Any], ingredients: Sequence[Ingredient], signer: Signer) -> Path:
    """Sign every picture that can hold a manifest, then the list of all files; return the file that holds the latter.

    Raises:
        SigningError: The library refuses the certificate, the manifest or a file.
        StoreError: The disk does not take the result.
    """

    def one(path: Path) -> None:
        sign(path, dict(manifest) | {"title": path.name}, ingredients, signer, with_history=False)

    files = _files_of(folder)
    holding = [path for path in files if media_type(path) != BESIDE]
    with ThreadPoolExecutor(max_workers=min(os.cpu_count() or 1, 8)) as pool:
        for _ in pool.map(one, holding):
            pass
    listed = folder / LIST_NAME
    with whole_file(listed) as part:
        part.write_text("".join(f"{_sum_of(path)}  {path.name}\n" for path in files), encoding="utf-8", newline="\n")
    return sign(listed, dict(manifest) | {"title": folder.name}, ingredients, signer)


def listed_sums(listed: Path) -> dict[str, str]:
    """Return the sums of a list by file name; what is no line of such a list is passed over."""
    try:
        lines = listed.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return {}
    return {found[2]: found[1] for line in lines if (found := _LINE.fullmatch(line))}


def folder_faults(listed: Path, only: str | None = None) -> list[str]:
    """Say in which way files are not those of the list; with ``only`` just that one is looked at."""
    folder, sums = listed.parent, listed_sums(listed)
    there = {path.name: path for path in _files_of(folder)}
    names = sums if only is None else {only: sums.get(only, "")}
    missing = [name for name in names if name not in there]
    changed = [name for name, wanted in names.items() if name in there and _sum_of(there[name]) != wanted]
    added = [name for name in there if name not in sums] if only is None else []
    groups = (("missing", missing), ("changed", changed), ("not listed", added))
    return [f"{what}: {_some(names)}" for what, names in groups if names]


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _files_of(folder: Path) -> list[Path]:
    return sorted(path for path in _visible(folder) if path.name not in {LIST_NAME, sidecar_of(Path(LIST_NAME)).name})


def _visible(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_file() and not path.name.startswith(".") and not path.name.endswith(PART):
            yield path


def _sum_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
