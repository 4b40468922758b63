"""What must the package of a plugin do, so that finding it is quick and the host can change behind it?"""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .promises import about, expect

__all__ = ["HEAVY", "ImportCost", "PackageContract", "cost_of_import"]

HEAVY: Final = (
    *("torch", "cv2", "mediapipe", "onnxruntime", "ai_edge_litert", "tensorflow", "jax"),
    *("skimage", "scipy", "sklearn", "matplotlib", "PIL", "av"),
)
"""Libraries that load when a stage is built, and never when plugins are found."""

_HOSTS: Final = ("understudy", "understudy_plugins")
_PATIENCE_S: Final = 60.0
_LOOK: Final = """
import json, sys, time
import understudy_sdk
before, start = set(sys.modules), time.perf_counter()
try:
    __import__(sys.argv[1])
    error = ""
except BaseException as raised:
    error = f"{type(raised).__name__}: {raised}"
seconds = time.perf_counter() - start
print("\\n" + json.dumps({"seconds": seconds, "modules": sorted(set(sys.modules) - before), "error": error}))
"""


@dataclass(frozen=True, slots=True)
class ImportCost:
    """What importing a plugin's module costs, in a fresh interpreter that has ``understudy_sdk`` already.

    Attributes:
        seconds: How long it takes; 0 where that is not known.
        modules: What is loaded with it.
        error: What it raised, or that it did not come back; else empty.
    """

    seconds: float
    modules: tuple[str, ...]
    error: str = ""

    @property
    def heavy(self) -> list[str]:
        """Libraries among the modules that compute, and have to wait."""
        return [name for name in HEAVY if name in self.modules]


def cost_of_import(module: str) -> ImportCost:
    """Import a module in a fresh interpreter with this one's search path, and say what that costs."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-c", _LOOK, module]
    try:
        done = subprocess.run(  # noqa: S603 - this interpreter, and the module that the host would import
            command, env=environment, capture_output=True, text=True, check=False, timeout=_PATIENCE_S
        )
    except subprocess.TimeoutExpired:
        return ImportCost(0.0, (), f"the import has not come back after {_PATIENCE_S:g} s")
    if done.returncode != 0 or not done.stdout.strip():
        last = (done.stderr.strip().splitlines() or ["nothing said"])[-1]
        return ImportCost(0.0, (), f"the interpreter ended with {done.returncode}: {last}")
    facts = json.loads(done.stdout.splitlines()[-1])
    return ImportCost(facts["seconds"], tuple(facts["modules"]), facts["error"])


class PackageContract:
    """What every package of a plugin must do. Subclass, give a ``module`` fixture: its entry point's module, done."""

    def cost(self, module: str) -> ImportCost:
        """Return what importing it costs; for one that has looked already."""
        return cost_of_import(module)

    @about("import")
    def test_finding_it_loads_nothing_heavy(self, module: str) -> None:
        """Importing it loads no library that computes; those arrive in ``build``."""
        cost = self.cost(module)
        expect(not cost.error, f"{module} imports", cost.error)
        expect(not cost.heavy, f"{module} loads none of {', '.join(HEAVY)}", f"it loads {', '.join(cost.heavy)}")

    @about("import")
    def test_imports_nothing_of_the_host(self, module: str) -> None:
        """Of Understudy it imports understudy_sdk alone, which keeps its names."""
        own = module.partition(".")[0]
        strangers = [name for name in _HOSTS if name != own]
        found = [
            f"{path.name}, line {line}: {name}"
            for path in _files_of(module)
            for line, name in _imports(path)
            if name.partition(".")[0] in strangers
        ]
        expect(not found, "imports of understudy_sdk alone", "; ".join(found))


def _files_of(module: str) -> list[Path]:
    """Return the module's own file, or all files of its package."""
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        return []
    origin = Path(spec.origin)
    return sorted(origin.parent.rglob("*.py")) if spec.submodule_search_locations else [origin]


def _imports(path: Path) -> Iterator[tuple[int, str]]:
    """Yield every absolute import of a file, as its line and the module's name."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError):
        return  # importing it says so in better words
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.lineno, node.module
