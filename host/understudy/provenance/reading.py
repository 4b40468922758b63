"""What does a file's manifest say, and does its signature hold?

Manifests come from strangers: everything in them is looked at before it is believed to be of a certain kind.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal

import c2pa

from understudy.errors import MediaError

from .keys import own_root, trusted_roots
from .sequences import folder_faults, list_of
from .signing import BESIDE, media_type, sidecar_of

__all__ = ["ReadManifest", "SignatureState", "assertion", "read_manifest"]

SignatureState = Literal["none", "invalid", "unknown signer", "own key", "trusted"]

_OFFLINE: Final = {"verify": {"remote_manifest_fetch": False, "ocsp_fetch": False}}
_UNTRUSTED: Final = "signingCredential.untrusted"


@dataclass(frozen=True, slots=True)
class ReadManifest:
    """A file's manifest.

    Attributes:
        state: ``none``: there is no manifest. ``invalid``: it does not belong to this file as it is, or is damaged.
            The others are valid: by somebody whom nothing here tells of, by this machine's own key, or by one whose
            root certificate the user trusts.
        place: The file that holds it, where there is one.
        stated: The active manifest.
        signer: Who signed, by the certificate's own words.
        faults: What is wrong, in the library's words.
    """

    state: SignatureState
    place: Path | None = None
    stated: Mapping[str, Any] = field(default_factory=dict)
    signer: str = ""
    faults: tuple[str, ...] = ()

    @property
    def is_valid(self) -> bool:
        """Whether file and manifest are as they were signed, whoever did so."""
        return self.state not in {"none", "invalid"}


def read_manifest(path: Path) -> ReadManifest:
    """Read the manifest in a file, or beside it, or that of the folder of pictures it lies in; nothing is fetched.

    Raises:
        MediaError: The file cannot be read.
    """
    found = ReadManifest("none") if path.is_dir() else _judged(path)
    listed = list_of(path)
    if found.state != "none" or listed is None:
        return found
    found = _judged(listed)
    try:
        faults = folder_faults(listed, None if path.is_dir() else path.name)
    except OSError as error:
        raise MediaError(path, f"cannot be read ({error.strerror})", "check the path and your rights") from error
    return replace(found, state="invalid", faults=(*found.faults, *faults)) if faults else found


def _judged(path: Path) -> ReadManifest:
    """Read a file's own manifest, and tell by whose key it is signed."""
    own, trusted = own_root(), trusted_roots()
    found = _read(path, "\n".join(root for root in (own, trusted) if root))
    if found.state == "trusted" and own and _read(path, own).state == "trusted":
        return replace(found, state="own key")
    return found


def assertion(manifest: ReadManifest, label: str) -> dict[str, Any]:
    """Return what a manifest asserts under a label; empty where there is nothing or nothing of that kind."""
    for one in _dicts(manifest.stated.get("assertions")):
        data = one.get("data")
        if one.get("label") == label and isinstance(data, dict):
            return data
    return {}


def _read(path: Path, roots: str) -> ReadManifest:
    beside = sidecar_of(path)
    settings = _OFFLINE | ({"trust": {"user_anchors": roots}} if roots else {})
    context = c2pa.Context(settings=c2pa.Settings.from_dict(settings))
    place = beside if beside.is_file() else path
    try:
        with path.open("rb") as file:
            if place is beside:
                reader = c2pa.Reader(BESIDE, file, beside.read_bytes(), context=context)
            elif media_type(path) == BESIDE:
                return ReadManifest("none")
            else:
                reader = c2pa.Reader(media_type(path), file, context=context)
            with reader:
                return _understood(json.loads(reader.json()), reader.get_validation_state(), place)
    except c2pa.C2paError.ManifestNotFound:
        return ReadManifest("none")
    except c2pa.C2paError as error:
        return ReadManifest("invalid", place, faults=(str(error),))
    except OSError as error:
        raise MediaError(path, f"cannot be read ({error.strerror})", "check the path and your rights") from error


def _understood(store: Any, validation: str | None, place: Path) -> ReadManifest:
    if not isinstance(store, dict):
        return ReadManifest("invalid", place, faults=("the manifest is of an unknown form",))
    manifests, active = store.get("manifests"), store.get("active_manifest")
    stated = manifests.get(active) if isinstance(manifests, dict) else None
    stated = stated if isinstance(stated, dict) else {}
    signature = stated.get("signature_info")
    signature = signature if isinstance(signature, dict) else {}
    signer = ", ".join(str(signature[key]) for key in ("common_name", "issuer") if signature.get(key))
    faults = tuple(
        f"{one.get('code')}: {one.get('explanation', '')}"
        for one in _dicts(store.get("validation_status"))
        if one.get("code") != _UNTRUSTED
    )
    states: dict[str | None, SignatureState] = {"Valid": "unknown signer", "Trusted": "trusted"}
    return ReadManifest(states.get(validation, "invalid"), place, stated, signer, faults)


def _dicts(value: Any) -> Iterator[dict[str, Any]]:
    yield from (one for one in (value if isinstance(value, list) else []) if isinstance(one, dict))
