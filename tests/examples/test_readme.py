"""Does every block of the READMEs work as it stands?"""

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from typer.main import get_command
from typer.testing import CliRunner

import understudy.cli
from understudy.plugins import discover
from understudy.project import load_project

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
GUIDE = (ROOT / "sdk" / "understudy_sdk" / "README.md").read_text(encoding="utf-8")


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def files(text):
    """Return the blocks that stand under a line with nothing but a file's name, by that name."""
    return dict(re.findall(r"^`([\w./-]+)`\n\n```\w+\n(.*?)^```$", text, re.DOTALL | re.MULTILINE))


def install(folder, package, entry_points):
    """Make a folder look as if pip had installed a package into it."""
    metadata = folder / f"{package.replace('-', '_')}-0.1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 0.1.0\n", encoding="utf-8")
    lines = [f"{name} = {value}\n" for name, value in entry_points.items()]
    (metadata / "entry_points.txt").write_text("[understudy]\n" + "".join(lines), encoding="utf-8")


def commands():
    """Return every line of every console block."""
    texts = [README, GUIDE, (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")]
    return sorted({line for text in texts for block in blocks(text, "console") for line in block.splitlines() if line})


@pytest.mark.parametrize("line", commands())
def test_every_command_exists_with_its_options(line):
    program, *words = line.split()
    if program == "make":
        targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        assert words[0] in targets
    elif program == "understudy":
        command = get_command(understudy.cli.app)
        while words and hasattr(command, "commands"):
            assert words[0] in command.commands
            command = command.commands[words.pop(0)]
        options = {name for parameter in command.params for name in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options
    else:
        assert line in {
            "pip install -e understudy-oval",
            "pip install -e understudy-oval[dev]",
            "pytest understudy-oval",
            "mypy --strict understudy-oval/understudy_oval",
        }


def test_every_command_of_the_table_exists():
    known = set(get_command(understudy.cli.app).commands)
    table = README.split("## Commands")[1].split("##")[0]
    named = set(re.findall(r"^\| `understudy (\w+)", table, re.MULTILINE)) | {"train", "merge"}
    assert named == known


@pytest.mark.parametrize("text", blocks(README, "yaml"), ids=lambda text: text.splitlines()[1])
def test_every_project_is_sound(text, beside_plain_clips):
    project = load_project(beside_plain_clips("project.yaml", text), discover())
    assert project.swaps


def test_the_table_of_stages_names_what_is_built_in():
    registry = discover()
    for stage, names in re.findall(r"^\| (\w+) \| .* \| (`.*`) \|$", README, re.MULTILINE):
        ours = {name for name, offer in registry.offers(stage).items() if offer.origin.distribution == "understudy"}
        assert set(re.findall(r"`(\w+)`", names)) == ours


def test_the_plugin_in_ten_lines_keeps_the_contract(tmp_path):
    (code,) = [block for block in blocks(README, "python") if "hookimpl" in block]
    assert len([line for line in code.splitlines() if line.strip()]) <= 12
    (tmp_path / "everything.py").write_text(code, encoding="utf-8")
    install(tmp_path, "understudy-everything", {"everything": "everything"})
    (tmp_path / "test_everything.py").write_text(
        "import pytest\n"
        "from understudy.plugins import discover\n"
        "from understudy_sdk.testing.masker import MaskerContract\n"
        "from understudy_sdk.testing.values import offline_cpu\n\n\n"
        "class TestEverything(MaskerContract):\n"
        "    @pytest.fixture\n"
        "    def masker(self):\n"
        "        spec = discover().maskers['everything']\n"
        "        return spec.build(spec.tiny, offline_cpu())\n",
        encoding="utf-8",
    )
    assert_passes(tmp_path, "test_everything.py")


@pytest.fixture
def oval(tmp_path):
    """Write the package that the guide shows; tests of the author's path install and run those of all stages."""
    (line,) = (line for line in commands() if " plugins new " in line)
    folder = tmp_path / "understudy-oval"
    result = CliRunner().invoke(understudy.cli.app, [*line.split()[1:], "--folder", str(folder)])
    assert result.exit_code == 0, result.output
    return folder


def test_the_guide_shows_what_the_command_writes(oval):
    shown = files(GUIDE)
    assert set(shown) == {
        "pyproject.toml",
        "understudy_oval/__init__.py",
        "understudy_oval/masker.py",
        "tests/test_oval.py",
    }
    assert {name: (oval / name).read_text(encoding="utf-8") for name in shown} == shown
    settings = YAML(typ="safe").load(blocks(GUIDE, "yaml")[0])["extract"]["masker"]["with"]
    assert (
        settings
        == YAML(typ="safe").load(blocks((oval / "README.md").read_text(), "yaml")[0])["extract"]["masker"]["with"]
    )


def test_the_guide_shows_what_a_check_prints(oval):
    (shown,) = (block for block in blocks(GUIDE, "text") if "wrong" in block)
    path = oval / "understudy_oval" / "masker.py"
    code = path.read_text(encoding="utf-8")
    path.write_text(code.replace("soft, np.float32", "soft, np.float64"), encoding="utf-8")
    printed = CliRunner().invoke(understudy.cli.app, ["plugins", "check", str(oval)]).stdout.splitlines()
    assert printed[0].rpartition(" in ")[0] == shown.splitlines()[0].rpartition(" in ")[0]
    assert [line for line in shown.splitlines()[1:] if line not in printed] == []


def test_every_module_that_the_guide_names_is_there():
    named = set(re.findall(r"`(understudy_sdk(?:\.\w+)*)`", GUIDE.split("## What the SDK has for you")[1]))
    assert len(named) > 20
    assert [name for name in named if not importlib.import_module(name).__all__] == []


def assert_passes(folder, test_file):
    done = python(folder, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder), test_file)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


def python(folder, *words):
    environment = {**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200"}
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
