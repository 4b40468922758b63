"""Which modules of a plugin import the host? They see it from outside, and it may change under them: none may.

The files are read, not run. What only type checkers see, and a package's own tests, do not count.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import understudy_sdk

from .distributions import OWN

__all__ = ["host_imports"]

_SIGN: Final = re.compile(rb"\b" + OWN.encode() + rb"\b")
_MOST_FILES: Final = 2000
_INSTEAD: Final = {
    "weights": "Resources.weights gives the path of a declared WeightFile",
    "devices": "Resources.device names the device",
    "errors": "understudy_sdk.errors has StageError for what the user can mend",
    "hookspecs": "understudy_sdk has hookimpl",
    "project": "settings arrive as the plugin's own StageConfig",
    "video": "frames arrive as understudy_sdk.Frame",
}


def host_imports(module: str) -> str:
    """Say which modules of a plugin's package import the host and what to use instead; nothing where none does."""
    found = []
    for path, name in _files(module):
        try:
            text = path.read_bytes()
            tree = ast.parse(text) if _SIGN.search(text) else None
        except (OSError, SyntaxError, ValueError):
            continue  # what cannot be read fails when it is loaded, and is told then
        for line, imported, names in _imports(tree) if tree is not None else ():
            found.append(f"{name} (line {line}) imports {imported}; {_advice(imported, names)}")
    return "\n  ".join(found[:5] + ([f"and {len(found) - 5} more"] if len(found) > 5 else []))


def _files(module: str) -> Iterator[tuple[Path, str]]:
    """Yield the plugin's files with their modules' names: the whole package that its entry point lies in."""
    top, spec = module.partition(".")[0], None
    try:
        spec = find_spec(top)
    except (ImportError, ValueError):
        return
    folders = list(spec.submodule_search_locations or ()) if spec else []
    if spec is None or not folders:
        if spec is not None and spec.origin and spec.origin.endswith(".py"):
            yield Path(spec.origin), top
        return
    if _is_shared(spec):  # a namespace that several packages share: the part in which the plugin lies
        part = "/".join(module.split(".")[1:2])
        folders = [f"{folder}/{part}" for folder in folders]
        top = ".".join(module.split(".")[:2])
    for folder in map(Path, folders):
        single = folder.with_suffix(".py")
        paths = sorted(folder.rglob("*.py"))[:_MOST_FILES] if folder.is_dir() else [single] * single.is_file()
        for path in paths:
            inner = path.relative_to(folder).with_suffix("").parts if folder.is_dir() else ()
            if not any(part in {"tests", "testing"} or part.startswith("test_") for part in inner):
                yield path, ".".join([top, *(part for part in inner if part != "__init__")])


def _is_shared(spec: ModuleSpec) -> bool:
    return spec.origin is None


def _imports(tree: ast.AST) -> Iterator[tuple[int, str, list[str]]]:
    """Yield each import of the host in a module: line, module, names taken from it."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            for other in node.orelse:
                yield from _imports(ast.Module([other], []))
            continue
        if isinstance(node, ast.Import):
            yield from ((node.lineno, one.name, []) for one in node.names if _is_host(one.name))
        elif isinstance(node, ast.ImportFrom) and not node.level and _is_host(node.module or ""):
            yield node.lineno, str(node.module), [one.name for one in node.names]
        elif isinstance(node, ast.Call) and (named := _named_by_text(node)):
            yield node.lineno, named, []
        yield from _imports(node)


def _named_by_text(call: ast.Call) -> str:
    """Return the host's module that ``import_module("...")`` or ``__import__("...")`` names, if it is one."""
    function = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    first = call.args[0] if call.args else None
    if function in {"import_module", "__import__"} and isinstance(first, ast.Constant) and _is_host(str(first.value)):
        return str(first.value)
    return ""


def _is_host(module: str) -> bool:
    return module.partition(".")[0] == OWN


def _advice(module: str, names: list[str]) -> str:
    public = [name for name in names if name in understudy_sdk.__all__]
    if public:
        return f"take {', '.join(public)} from understudy_sdk"
    room = module.partition(".")[2].partition(".")[0] or next(iter(names), "")
    return _INSTEAD.get(room, "a plugin imports understudy_sdk alone")
