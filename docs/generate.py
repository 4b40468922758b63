"""Writes the tables of the documentation that come from the code: ``python docs/generate.py``, or ``make docs``.

A table stands between two lines of a page, ``<!-- generated: settings masker hull -->`` and ``<!-- end -->``, and is
written anew from settings models, weight declarations, metrics, keys and commands. ``--check`` writes nothing and fails
where a page is not as it would be written.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from writing.commands import commands_pages
from writing.project_file import EVERY, project_keys
from writing.python_names import names_table
from writing.tables import form_table, table

from understudy.corrections import _FileForm
from understudy.encoders.catalogue import TRAITS
from understudy.facesets.groups import GROUPINGS
from understudy.facesets.metrics import METRICS
from understudy.plugins import Registry, discover
from understudy.project.form import EXTRACT_DEFAULTS, ExtractForm, LayerForm

ROOT: Final = Path(__file__).resolve().parents[1]
MARKED: Final = re.compile(r"(<!-- generated: ([^>]+?) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def pages() -> list[Path]:
    """Return the pages that may hold generated parts."""
    return sorted((ROOT / "docs").rglob("*.md"))


def refreshed(text: str) -> str:
    """Return a page's text with its generated parts written anew."""
    return MARKED.sub(lambda found: f"{found[1]}\n{_written(found[2])}\n\n{found[4]}", text)


def _written(words: str) -> str:
    kind, *arguments = words.split()
    return WRITERS[kind](*arguments)


@cache
def _registry() -> Registry:
    return discover()


def settings_table(stage: str, name: str) -> str:
    """Return a plugin's settings as a table."""
    return form_table(_registry().offer(stage, name).spec.config, {})


def layer_table() -> str:
    """Return the keys of a project's ``output.layer`` as a table."""
    return form_table(LayerForm, {"alpha": "as the kind has it", "path": "out/{clip}-{swap}"})


def extract_table() -> str:
    """Return the keys of a project's ``extract`` as a table."""
    return form_table(ExtractForm, {**EXTRACT_DEFAULTS, "detect_every": EVERY}, {
        "detector": "Finds faces: `{use: NAME, with: {SETTING: VALUE}}`.",
        "aligner": "Places landmarks on them.",
        "masker": "Says where in a crop the face is: one, or `{join: minimum, of: [...]}` for several.",
    })  # fmt: skip


def weights_table(stage: str, name: str) -> str:
    """Return the weight files that a plugin can need as a table."""
    weights = _registry().offer(stage, name).spec.weights
    if not weights:
        return "It needs no weight file."
    rows = [
        (f"`{one.name}`", f"{one.size / 1e6:.1f} MB", one.code_licence, one.weights_licence,
         "yes" if one.commercial else "no")
        for one in weights
    ]  # fmt: skip
    return table(("file", "size", "code", "weights", "paid work"), rows)


def metrics_table() -> str:
    """Return the metrics of ``faceset sort`` as a table."""
    rows = [(f"`{one.name}`", one.summary, one.elsewhere or "-") for one in METRICS.values()]
    return table(("metric", "what it says", "elsewhere"), rows)


def groupings_list() -> str:
    """Return the groupings of ``faceset sort`` in a sentence."""
    return f"Groupings: {', '.join(f'`{name}`' for name in GROUPINGS)}."


def plugins_table() -> str:
    """Return every built-in plugin with its page as a table."""
    registry = _registry()
    rows = [
        (stage, f"[`{name}`](plugins/{stage}-{name}.md)", offer.spec.summary,
         "-" if not offer.spec.weights else "yes" if all(one.commercial for one in offer.spec.weights) else "no")
        for stage in ("detector", "aligner", "masker", "recognizer", "model", "enhancer", "merger")
        for name, offer in registry.offers(stage).items()
        if offer.origin.distribution == "understudy"
    ]  # fmt: skip
    return table(("stage", "plugin", "what it is", "weights allow paid work"), rows)


def faces_schema() -> str:
    """Return the JSON schema of a file of faces as a block."""
    return f"```json\n{json.dumps(_untitled(_FileForm.model_json_schema()), indent=1)}\n```"


def _untitled(node: Any) -> Any:
    """Return a schema without the titles that pydantic makes of names."""
    if isinstance(node, dict):
        return {key: _untitled(inner) for key, inner in node.items() if key != "title"}
    return [_untitled(inner) for inner in node] if isinstance(node, list) else node


def encoders_table() -> str:
    """Return what each encoder of the catalogue is told, by default and to lose nothing."""

    def listed(options: Mapping[str, str]) -> str:
        return " ".join(f"`{name}={text}`" for name, text in options.items())

    rows = []
    for name, traits in TRAITS.items():
        profiles = ", ".join(f"{listed(more)} for {form}" for form, more in traits.by_format.items())
        lossless = "no" if traits.lossless is None else listed(traits.lossless) or "always"
        rows.append((f"`{name}`", traits.vendor or "-", " ".join(filter(None, (listed(traits.fine), profiles))) or "-",
                     lossless))  # fmt: skip
    return table(("encoder", "hardware", "told, unless stated", "lossless"), rows)


WRITERS: Final[dict[str, Callable[..., str]]] = {
    "settings": settings_table,
    "weights": weights_table,
    "extract": extract_table,
    "metrics": metrics_table,
    "groupings": groupings_list,
    "plugins": plugins_table,
    "faces-schema": faces_schema,
    "commands": commands_pages,
    "project-keys": project_keys,
    "encoders": encoders_table,
    "python": names_table,
    "layer": layer_table,
}


def main(words: list[str]) -> None:
    """Write the generated parts of all pages, or check them."""
    stale = []
    for path in pages():
        text = path.read_text(encoding="utf-8")
        if (new := refreshed(text)) != text:
            stale.append(str(path.relative_to(ROOT)))
            if "--check" not in words:
                path.write_text(new, encoding="utf-8")
    if stale and "--check" in words:
        sys.exit(f"not up to date: {', '.join(stale)}\n  to write them: python docs/generate.py")
    print("\n".join(f"written: {name}" for name in stale) or "all pages are up to date")


if __name__ == "__main__":
    main(sys.argv[1:])
