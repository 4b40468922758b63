"""What does a new plugin begin with? A package that installs, is listed, checked and runs as it stands."""

from __future__ import annotations

import re
import textwrap
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template
from typing import Final

from understudy import __version__
from understudy.errors import RequestError
from understudy.plugins import Registry
from understudy_sdk import API_VERSION

from .naming import Names, names_of

__all__ = ["templates", "write_package"]

_REQUIREMENTS: Final = {
    "cv2": "opencv-python-headless>=4.12",
    "numpy": "numpy>=2.0",
    "pydantic": "pydantic>=2.9",
    "torch": "torch>=2.6",
}
_LINE: Final = 120


def templates(stage: str) -> Traversable:
    """Return the folder of what is written for a stage, or for ``package``, what every plugin has."""
    return files("understudy.authoring").joinpath("templates", stage)


def write_package(plugin: str, stage: str, folder: Path | None, registry: Registry) -> tuple[Names, Path]:
    """Write a new plugin's package and return what it is called and its folder.

    Args:
        plugin: What a project is to write after ``use:``; snake_case.
        stage: What it plays.
        folder: Where it goes; beside what is here, by the distribution's name, where nothing is said.
        registry: What is installed; a new plugin has none of its names.

    Raises:
        RequestError: A name is not possible, or the folder is there already or cannot be made.
    """
    names = names_of(plugin, stage, registry)
    place = folder or Path(names.distribution)
    if place.exists():
        raise RequestError(f"{place} is there already\n  name a folder that is not: --folder DIR")
    contents = _contents(names)
    try:
        for path, text in contents.items():
            (place / path).parent.mkdir(parents=True, exist_ok=True)
            (place / path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise RequestError(f"the folder {place} cannot be made: {error.strerror or error}") from error
    return names, place


def _contents(names: Names) -> dict[str, str]:
    """Return the text of every file of a new package, by its path in the package's folder."""
    words = {
        "name": names.plugin,
        "stage": names.stage,
        "distribution": names.distribution,
        "module": names.module,
        "Class": names.class_stem,
        "api_version": str(API_VERSION),
    }
    own, common = templates(names.stage), templates("package")
    code = {
        f"{names.module}/__init__.py": _filled(own / "offer.py.tmpl", words),
        f"{names.module}/{names.stage}.py": _filled(own / "work.py.tmpl", words),
        f"{names.module}/py.typed": "",
        f"tests/test_{names.plugin}.py": _filled(own / "test.py.tmpl", words),
    }
    words["dependencies"] = _dependencies("\n".join(code.values()))
    words["about"] = own.joinpath("about.txt").read_text(encoding="utf-8").strip()
    words["use"] = _filled(own / "use.yaml.tmpl", words)
    pages = {name: _filled(common / f"{name}.tmpl", words) for name in ("pyproject.toml", "README.md")}
    return {"pyproject.toml": pages["pyproject.toml"], "README.md": _wrapped(pages["README.md"]), **code}


def _filled(template: Traversable, words: dict[str, str]) -> str:
    return Template(template.read_text(encoding="utf-8")).substitute(words)


def _dependencies(code: str) -> str:
    """Return what the code imports, as requirements in TOML's form."""
    imported = set(re.findall(r"^(?:import|from) (\w+)", code, re.MULTILINE))
    least = ".".join(__version__.split(".")[:2])
    wanted = [f"understudy>={least}", *(_REQUIREMENTS[name] for name in sorted(imported & _REQUIREMENTS.keys()))]
    return ", ".join(f'"{requirement}"' for requirement in wanted)


def _wrapped(page: str) -> str:
    """Break the lines of running text that have become too long."""
    lines = [
        textwrap.wrap(line, _LINE, break_on_hyphens=False, break_long_words=False) if len(line) > _LINE else [line]
        for line in page.splitlines()
    ]
    return "\n".join(part for broken in lines for part in broken) + "\n"
