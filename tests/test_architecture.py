"""Does the code keep to the rules that a machine can check: walls, late imports, sizes, docstrings, public names?"""

from __future__ import annotations

import ast
import inspect
import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import understudy
import understudy_sdk
from understudy import hookspecs
from understudy.plugins import STAGES

REPOSITORY = Path(__file__).resolve().parents[1]
ROOTS = [REPOSITORY / "host", REPOSITORY / "sdk", REPOSITORY / "plugins"]
PUBLIC_NAMES = Path(__file__).parent / "data" / "public_names.txt"

COMPUTING = ["torch", "cv2", "mediapipe", "onnxruntime", "ai_edge_litert"]
"""Libraries that load when a stage is built, and never before."""

HEAVY = [*COMPUTING, "numpy", "pydantic", "pluggy", "av", "ruamel", "safetensors", "skimage", "psutil"]
"""Libraries that ``understudy --help`` has no use for."""

FILE_LINES = 500
CLASS_LINES = 250
FUNCTION_LINES = 60


def sources() -> list[Path]:
    return sorted(path for root in ROOTS for path in root.rglob("*.py"))


def name_of(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


def trees() -> Iterator[tuple[str, ast.Module]]:
    for path in sources():
        yield name_of(path), ast.parse(path.read_text(encoding="utf-8"))


def definitions() -> Iterator[tuple[str, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]]:
    for name, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{name}:{node.lineno} {node.name}", node


def lines_of(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def loaded_after(code: str, libraries: list[str]) -> list[str]:
    """Run code in a fresh interpreter and return which of the libraries it has loaded."""
    report = f"\nimport json, sys\nprint(json.dumps([name for name in {libraries!r} if name in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code + report], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_there_is_code_to_check():
    assert {path.relative_to(REPOSITORY).parts[0] for path in sources()} == {"host", "sdk", "plugins"}


def test_the_import_walls_stand():
    command = Path(sys.executable).with_name("lint-imports")
    if not command.exists():
        pytest.skip("import-linter is not installed beside this Python")
    done = subprocess.run([command, "--no-cache"], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Contracts: 4 kept, 0 broken" in done.stdout


def test_importing_the_application_loads_nothing_heavy():
    assert loaded_after("import understudy\ndir(understudy)", HEAVY) == []


def test_discovery_loads_no_library_that_computes():
    code = "from understudy.plugins import discover\nassert len(discover().rows) >= 6"
    assert loaded_after(code, COMPUTING) == []


def test_checking_a_project_loads_no_library_that_computes(tmp_path):
    code = f"""
from pathlib import Path
import understudy
path = understudy.start_project(Path({str(tmp_path / "p")!r}))
for name in ("source.mp4", "target.mp4"):
    (path.parent / "footage" / name).touch()
assert understudy.load(path).swaps and not understudy.check(path)
"""
    assert loaded_after(code, COMPUTING) == []


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["run", "--help"], ["weights", "--help"]])
def test_help_loads_nothing_heavy(arguments):
    code = f"""
import sys
sys.argv = ["understudy", *{arguments!r}]
from understudy.cli import main
try:
    main()
except SystemExit as stop:
    assert not stop.code, stop.code
"""
    loaded = loaded_after(code, HEAVY)
    if arguments[0][0] != "-":
        loaded = [name for name in loaded if name != "pydantic"]  # newer typer reads a command's arguments with it
    assert loaded == []


def test_every_file_opens_with_the_question_it_answers():
    silent = [name for name, tree in trees() if not (ast.get_docstring(tree) or "").partition("\n")[0].strip()]
    assert silent == []


def test_no_file_is_a_drawer_for_odds_and_ends():
    drawers = {"utils.py", "util.py", "helpers.py", "helper.py", "common.py", "misc.py"}
    assert [name_of(path) for path in sources() if path.name in drawers] == []


def test_no_file_is_too_long():
    lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in sources()}
    assert {name: length for name, length in lengths.items() if length > FILE_LINES} == {}


def test_no_class_is_too_long():
    lengths = {name: lines_of(node) for name, node in definitions() if isinstance(node, ast.ClassDef)}
    assert {name: length for name, length in lengths.items() if length > CLASS_LINES} == {}


def test_no_function_is_too_long():
    lengths = {name: lines_of(node) for name, node in definitions() if not isinstance(node, ast.ClassDef)}
    assert {name: length for name, length in lengths.items() if length > FUNCTION_LINES} == {}


def test_each_stage_has_one_hook_that_is_documented():
    hooks = dict(inspect.getmembers(hookspecs, lambda value: hasattr(value, f"{understudy_sdk.hooks.NAMESPACE}_spec")))
    assert set(hooks) == {f"understudy_{stage}s" for stage in STAGES}
    for name, hook in hooks.items():
        summary = (inspect.getdoc(hook) or "").partition("\n")[0]
        assert summary.startswith(f"Offer {name.removeprefix('understudy_')}: "), name
        assert summary.endswith("."), name
        assert list(inspect.signature(hook).parameters) == [], f"{name}: document its arguments before it has any"


def test_public_names_are_those_that_were_promised():
    promised = PUBLIC_NAMES.read_text(encoding="utf-8").split()
    packages = (understudy, understudy_sdk)
    found = [f"{package.__name__}.{name}" for package in packages for name in sorted(package.__all__)]
    assert found == promised, "a name was added or removed: edit tests/data/public_names.txt if that is meant"
    assert all(hasattr(package, name) for package in packages for name in package.__all__)


def test_all_three_packages_tell_their_types():
    packages = ["host/understudy", "sdk/understudy_sdk", "plugins/understudy_plugins"]
    assert [package for package in packages if not (REPOSITORY / package / "py.typed").is_file()] == []


def test_built_ins_are_announced_as_a_stranger_would():
    points = [point for point in entry_points(group="understudy") if point.value.startswith("understudy_plugins.")]
    assert {point.value.split(".")[1] for point in points} == set(STAGES)
