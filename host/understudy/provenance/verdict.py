"""What does a file tell about itself, layer by layer, and does it hold together?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from understudy.errors import MediaError
from understudy.video import probe
from understudy.video.container import open_media

from .finding import FOUND, FoundMark, find_mark
from .manifest import CONSENT, INGREDIENTS, OUTPUT, SWAP, TOOLS, WATERMARK
from .pattern import SCHEME
from .reading import ReadManifest, assertion, read_manifest

__all__ = ["MarkState", "Verdict", "verify"]

MarkState = Literal["as stated", "another message", "found", "not found", "none stated", "too little"]

_TAGS: Final = (
    "synthetic_media",
    "digital_source_type",
    "consent_basis",
    "consent_statement",
    "made_with",
    "comment",
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found in a file.

    Attributes:
        path: The file.
        manifest: Its manifest and the state of the signature.
        mark: The watermark.
        expected: The message that the manifest names for it, or None.
        tags: The container's tags that tell of it.
    """

    path: Path
    manifest: ReadManifest
    mark: FoundMark
    expected: int | None
    tags: Mapping[str, str]

    @property
    def mark_state(self) -> MarkState:
        """How watermark and manifest go together.

        ``found``: no manifest names a message. ``none stated``: nor is there one, and the manifest is valid.
        ``too little``: it was not found in the one picture there is, or there is none that can be looked at.
        """
        if not self.mark.is_there:
            if self.manifest.is_valid and self.expected is None:
                return "none stated"
            return "not found" if self.mark.frames > 1 else "too little"
        if self.expected is None:
            return "found"
        is_same = self.mark.is_known and (self.mark.score < FOUND or self.mark.payload == self.expected)
        return "as stated" if is_same else "another message"

    @property
    def holds(self) -> bool:
        """Whether the signature is valid and the watermark as it states, as far as there is enough to find one."""
        return self.manifest.is_valid and self.mark_state in {"as stated", "none stated", "too little"}

    def edits(self) -> list[dict[str, Any]]:
        """Return what was done to the clip, an entry for each swap."""
        actions = assertion(self.manifest, "c2pa.actions.v2").get("actions")
        done = [one.get("parameters") for one in _dicts(actions)]
        return [swap for one in done if isinstance(one, dict) and isinstance(swap := one.get(SWAP), dict)]

    def consent(self) -> dict[str, Any]:
        """Return basis and statement of the consent, by the manifest; empty where it has none."""
        return assertion(self.manifest, CONSENT)

    def kind(self) -> str:
        """Return what the file is by the manifest, such as ``clip`` or ``layer``; empty where it does not say."""
        return str(assertion(self.manifest, OUTPUT).get("kind", ""))

    def tools(self) -> tuple[str, list[dict[str, Any]]]:
        """Return Understudy's version and the plugins that had a part, by the manifest."""
        tools = assertion(self.manifest, TOOLS)
        return str(tools.get("understudy", "")), _dicts(tools.get("plugins"))

    def ingredients(self) -> list[dict[str, Any]]:
        """Return what the clip was made of, by the manifest."""
        return _dicts(assertion(self.manifest, INGREDIENTS).get("ingredients"))

    def as_json(self) -> dict[str, Any]:
        """Return all of it as JSON values."""
        version, plugins = self.tools()
        return {
            "file": str(self.path),
            "kind": self.kind() or None,
            "holds": self.holds,
            "signature": {
                "state": self.manifest.state,
                "signer": self.manifest.signer,
                "in": str(self.manifest.place) if self.manifest.place else None,
                "faults": list(self.manifest.faults),
            },
            "watermark": {
                "state": self.mark_state,
                "score": round(self.mark.score, 2),
                "needed": FOUND,
                "payload": f"{self.mark.payload:06x}" if self.mark.score >= FOUND else None,
                "stated": None if self.expected is None else f"{self.expected:06x}",
                "frames": self.mark.frames,
            },
            "understudy": version,
            "swaps": self.edits(),
            "plugins": plugins,
            "consent": self.consent(),
            "ingredients": self.ingredients(),
            "tags": dict(self.tags),
        }


def verify(path: Path) -> Verdict:
    """Read everything that a clip, a picture or a folder of pictures tells about itself; nothing is fetched.

    Raises:
        MediaError: It cannot be read; or shows no picture, and no manifest stands for it.
    """
    manifest = read_manifest(path)
    expected = _stated_payload(manifest)
    try:
        probe(path)
    except MediaError:
        if manifest.state == "none":
            raise
        return Verdict(path, manifest, FoundMark(0.0, 0, 0), expected, {})
    return Verdict(path, manifest, find_mark(path, expected), expected, _tags_of(path))


def _stated_payload(manifest: ReadManifest) -> int | None:
    stated = assertion(manifest, WATERMARK)
    payload = stated.get("payload")
    if stated.get("scheme") != SCHEME or not isinstance(payload, str):
        return None
    try:
        value = int(payload, 16)
    except ValueError:
        return None
    return value if 0 <= value < 1 << 24 else None


def _tags_of(path: Path) -> dict[str, str]:
    if path.is_dir():
        return {}
    with open_media(path) as container:
        tags = {key.lower(): value for key, value in container.metadata.items()}
    return {key: tags[key] for key in _TAGS if key in tags}


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
