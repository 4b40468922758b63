"""Are the documentation's tables up to date, its projects sound, its pictures there and its commands real?"""

from __future__ import annotations

import importlib.util
import inspect
import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from typer.main import get_command

import understudy.cli
from understudy import hookspecs
from understudy.plugins import discover
from understudy.project import load_project

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
BUILT_IN = sorted(
    f"{stage}-{name}"
    for stage in ("detector", "aligner", "masker", "recognizer", "model", "enhancer", "merger")
    for name, offer in discover().offers(stage).items()
    if offer.origin.distribution == "understudy"
)
BASE = """
understudy: 1
consent: {basis: synthetic, statement: a test}
facesets:
  anna: {clips: [footage/actor-a.mp4]}
  scene: {clips: [footage/scene-interior.mp4]}
extract:
  detector: {use: mediapipe}
  aligner: {use: mediapipe}
  masker: {use: hull}
swaps:
  - source: anna
    target: scene
    model: {use: quick96}
    merger: {use: seamless_clone}
"""


def name_of(path):
    return str(path.relative_to(DOCS))


def blocks(path, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


@pytest.fixture
def generator(monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS))
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_all_that_is_generated_is_as_it_would_be_written(generator):
    refreshed = generator.refreshed
    stale = [name_of(page) for page in PAGES if refreshed(text := page.read_text(encoding="utf-8")) != text]
    assert stale == [], "run: .venv/bin/python docs/generate.py"


def test_a_changed_option_makes_the_page_of_commands_stale(generator, monkeypatch):
    text = (DOCS / "commands.md").read_text(encoding="utf-8")
    command = get_command(understudy.cli.app)
    for option in command.commands["doctor"].params:
        option.help = "Other words."
    monkeypatch.setitem(generator.commands_pages.__globals__, "get_command", lambda app: command)
    assert generator.refreshed(text) != text


def test_every_command_and_every_key_says_what_it_means():
    for page in ("commands", "project-file"):
        rows = re.findall(r"^\| (.+) \|$", (DOCS / f"{page}.md").read_text(encoding="utf-8"), re.MULTILINE)
        assert [row for row in rows if not row.split(" | ")[-1].strip()] == []


def test_every_built_in_plugin_has_a_page_with_its_picture_settings_and_weights():
    assert sorted(page.stem for page in (DOCS / "plugins").glob("*.md")) == BUILT_IN
    for name in BUILT_IN:
        text = (DOCS / "plugins" / f"{name}.md").read_text(encoding="utf-8")
        assert f"](../images/{name}.jpg)" in text, name
        for kind in ("settings", "weights"):
            assert f"<!-- generated: {kind} {name.replace('-', ' ', 1)} -->" in text, (name, kind)
        assert blocks(DOCS / "plugins" / f"{name}.md", "yaml"), name
        for heading in ("When to choose it", "Limits"):
            assert f"\n## {heading}\n" in text, (name, heading)


def test_every_picture_is_shown_and_small():
    pictures = {path.name: path.stat().st_size for path in (DOCS / "images").iterdir()}
    texts = [page.read_text(encoding="utf-8") for page in [*PAGES, ROOT / "README.md"]]
    shown = {name for text in texts for name in re.findall(r"!\[[^\]]+\]\([\w./-]*images/([\w.-]+)\)", text)}
    assert shown == set(pictures)
    assert {name: size for name, size in pictures.items() if size > 80_000} == {}
    assert sum(pictures.values()) < 1_400_000


@pytest.mark.parametrize(
    "page", [*PAGES, ROOT / "README.md", ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md"], ids=str
)
def test_every_link_leads_somewhere(page):
    for target, _, anchor in re.findall(
        r"\]\(([\w./-]+\.\w+|examples|)(#([\w-]+))?\)", page.read_text(encoding="utf-8")
    ):
        linked = page.parent / target if target else page
        assert linked.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", linked.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_hook_is_documented_with_its_exact_arguments():
    guide = (ROOT / "sdk" / "understudy_sdk" / "README.md").read_text(encoding="utf-8")
    hooks = [hook for name, hook in inspect.getmembers(hookspecs, inspect.isfunction) if name.startswith("understudy_")]
    assert len(hooks) == 7
    for hook in hooks:
        (offered,) = re.findall(r"StageSpec\[\w+\]", str(hook.__annotations__["return"]))
        signature = f"{hook.__name__}({', '.join(inspect.signature(hook).parameters)})"
        assert f"| `{signature}` | `{offered}` |" in guide, signature


def test_every_hook_is_tested():
    for name, _ in inspect.getmembers(hookspecs, inspect.isfunction):
        if name.startswith("understudy_"):
            assert (ROOT / "tests" / "plugins" / f"test_{name.removeprefix('understudy_')}.py").is_file(), name


YAML_BLOCKS = [(page, number) for page in PAGES for number in range(len(blocks(page, "yaml")))]


@pytest.mark.parametrize(("page", "number"), YAML_BLOCKS, ids=lambda value: getattr(value, "stem", str(value)))
def test_every_project_is_sound(page, number, tmp_path):
    yaml = YAML(typ="safe")
    data = laid_over(yaml.load(BASE), yaml.load(blocks(page, "yaml")[number]))
    put_files(data, tmp_path)
    with (tmp_path / "project.yaml").open("w", encoding="utf-8") as file:
        yaml.dump(data, file)
    project = load_project(tmp_path / "project.yaml", discover())
    assert project.swaps


def laid_over(base, over):
    """Return a project with a page's part of one laid over it; a stage that is named stands for itself."""
    for key, value in over.items():
        is_whole = key == "facesets" or not (isinstance(value, dict) and isinstance(base.get(key), dict))
        base[key] = value if is_whole or "use" in value or "of" in value else laid_over(base[key], value)
    for name in ("anna", "scene"):
        if "facesets" in base:
            base["facesets"].setdefault(name, {"clips": [f"footage/{name}.mp4"]})
    return base


def put_files(node, folder, key=""):
    """Make a file at every place that a project names one."""
    if isinstance(node, dict):
        for inner, value in node.items():
            put_files(value, folder, key if key == "mattes" else inner)
    elif isinstance(node, list):
        for value in node:
            put_files(value, folder, key)
    elif key in {"clips", "file", "like", "mattes", "weights", "weights_file", "faces"}:
        path = folder / node / "index.sqlite" if key == "faces" else folder / node
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


COMMANDS = sorted({
    line for page in PAGES for block in blocks(page, "console") for line in block.splitlines() if line.strip()
})  # fmt: skip


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_exists_with_its_options(line):
    program, *words = line.split()
    assert program == "understudy"
    command = get_command(understudy.cli.app)
    while words and hasattr(command, "commands"):
        assert words[0] in command.commands
        command = command.commands[words.pop(0)]
    options = {name for parameter in command.params for name in parameter.opts}
    assert {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)} <= options


@pytest.mark.parametrize("group", ["faceset", "faces"])
def test_every_command_of_a_group_is_described(group):
    page = {"faceset": "faceset", "faces": "faces-json"}[group]
    text = (DOCS / "tools" / f"{page}.md").read_text(encoding="utf-8")
    for name in get_command(understudy.cli.app).commands[group].commands:
        assert re.search(rf"^\| .*`(understudy {group} )?{name}\b", text, re.MULTILINE), name
