"""Does each command call what it should, print where it should, and exit as it should?"""

from __future__ import annotations

import errno
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import understudy
from understudy import errors
from understudy.cli import main
from understudy.doctor import Finding
from understudy.plugins import PluginRow, Registry
from understudy_sdk import MissingWeightsError, UnderstudyError


@pytest.fixture
def cli(monkeypatch, capsys):
    """Give a runner of commands: exit code, stdout, stderr."""

    def run(*arguments: object):
        monkeypatch.setattr(sys, "argv", ["understudy", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
        out, err = capsys.readouterr()
        return SimpleNamespace(code=stop.value.code, out=out, err=err)

    return run


@pytest.fixture
def project(project_file, fake_registry, monkeypatch):
    """Give a right project file; the plugins it names are fakes."""
    monkeypatch.setattr("understudy.plugins.discover", lambda *_: fake_registry)
    return project_file()


@pytest.fixture
def ran(monkeypatch):
    """Give the calls that ``understudy.phases.run`` received in its stead."""
    calls = []

    def run(project, *, phases, progress, for_s=None, cancel=None, jobs=1, measure=False):
        calls.append(SimpleNamespace(project=project, phases=tuple(phases), for_s=for_s))
        progress.start("extract anna", 4, "frames", done=1, device="cpu")
        progress.advance(3)
        progress.finish()
        progress.say("one frame could not be decoded")
        return SimpleNamespace(outputs=(Path("out/done.mp4"),) if "merge" in phases else (), layers=())

    monkeypatch.setattr("understudy.phases.run", run)
    return calls


def test_version(cli):
    done = cli("--version")
    assert (done.code, done.out) == (0, f"{understudy.__version__}\n")


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["check"], ["check", "a", "--nonsense"], ["run", "a", "--only", "x"]]
)
def test_a_wrong_request_exits_2(cli, arguments):
    done = cli(*arguments)
    assert (done.code, done.out) == (2, "")
    assert "Error" in done.err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UnderstudyError("x"), 1),
        (errors.TrainingError("x"), 1),
        (errors.StoreError("x"), 1),
        (errors.PluginFailedError("model", "a", "b", "c", KeyError()), 1),
        (errors.RequestError("x"), 2),
        (errors.ProjectError(Path("a.yaml"), ["x"]), 2),
        (errors.DeviceError("x"), 2),
        (errors.UnknownPluginError("model", "a", []), 2),
        (errors.WeightsError("x"), 3),
        (MissingWeightsError("a.bin", ["there"]), 3),
        (errors.MediaError(Path("a.mp4"), "is no video"), 4),
        (OSError(errno.ENOSPC, "No space left on device"), 4),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_becomes_its_exit_code(cli, project, monkeypatch, error, code):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("understudy.phases.run", fail)
    done = cli("run", project)
    assert (done.code, done.out) == (code, "")
    assert done.err.startswith("error: ")
    assert "Traceback" not in done.err


def test_an_interrupt_exits_130_and_says_that_the_work_is_saved(cli, project, monkeypatch):
    def fail(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("understudy.phases.run", fail)
    done = cli("run", project)
    assert done.code == 130
    assert "the work done is saved" in done.err


@pytest.mark.parametrize("error", [ZeroDivisionError("ours"), PermissionError(errno.EACCES, "ours")])
def test_a_bug_keeps_its_traceback(cli, project, monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("understudy.phases.run", fail)
    monkeypatch.setattr(sys, "argv", ["understudy", "run", str(project)])
    with pytest.raises(type(error), match="ours"):
        main()


@pytest.mark.parametrize(
    ("arguments", "phases"),
    [
        (["run"], ("extract", "train", "merge")),
        (["run", "--only", "train"], ("train",)),
        (["extract"], ("extract",)),
        (["train"], ("train",)),
        (["merge"], ("merge",)),
    ],
)
def test_commands_run_their_phases(cli, project, ran, arguments, phases):
    done = cli(*arguments, project)
    assert done.code == 0
    (call,) = ran
    assert (call.phases, call.project.path) == (phases, project)
    assert done.out == ("out/done.mp4\n" if "merge" in phases else "")


def test_progress_goes_to_stderr_in_whole_lines(cli, project, ran):
    first, second = cli("run", project).err.splitlines()
    assert first.startswith("extract anna: 4 of 4 frames, 3 of them now in ")
    assert first.endswith("/s) on cpu")
    assert second == "one frame could not be decoded"


def test_overrides_reach_the_project(cli, project, ran):
    assert cli("run", project, "--set", "swaps.0.seed=7", "--set", "device=cpu").code == 0
    assert (ran[0].project.swaps[0].seed, ran[0].project.device) == (7, "cpu")
    done = cli("run", project, "--set", "swaps.0.sed=7")
    assert done.code == 2
    assert "--set swaps.0.sed: unknown key. Did you mean 'seed'?" in done.err
    assert len(ran) == 1


def test_check(cli, project):
    done = cli("check", project)
    assert (done.code, done.out) == (0, f"{project}: ok (facesets: 2, swaps: 1)\n")
    assert "states no consent yet" in done.err


def test_check_as_json(cli, project):
    done = cli("check", project, "--json")
    facts = json.loads(done.out)
    assert (facts["ok"], facts["swaps"], facts["problems"]) == (True, 1, [])
    project.write_text(project.read_text().replace("blender", "blendr"))
    done = cli("check", project, "--json")
    assert done.code == 2
    (problem,) = json.loads(done.out)["problems"]
    assert problem == f"{project}:13:19: swaps.0.merger.use: no merger is called 'blendr'. Did you mean 'blender'?"
    assert problem in done.err


def test_new_makes_a_project_that_checks_once_its_clips_are_there(cli, tmp_path):
    folder = tmp_path / "deep" / "film"
    done = cli("new", folder)
    path = folder / "project.yaml"
    assert (done.code, done.out) == (0, f"{path}\n")
    done = cli("check", path)
    assert done.code == 2
    assert done.err.count("there is no file") == 2
    for clip in ("source.mp4", "target.mp4"):
        (folder / "footage" / clip).touch()
    assert cli("check", path).code == 0


def test_new_touches_no_folder_that_holds_something(cli, tmp_path):
    (tmp_path / "mine").touch()
    done = cli("new", tmp_path)
    assert done.code == 2
    assert "is not empty" in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


STATUS = [
    {"phase": "extract", "name": "anna", "state": "done", "done": 448, "total": 448, "why": ""},
    {"phase": "merge", "name": "scene", "state": "stale", "done": 0, "total": 9, "why": "merger"},
]


@pytest.fixture
def standing(monkeypatch):
    from understudy.phases import PhaseStatus

    monkeypatch.setattr("understudy.phases.status", lambda project: tuple(PhaseStatus(**row) for row in STATUS))


def test_status(cli, project, standing):
    lines = cli("status", project).out.splitlines()
    assert [line.split() for line in lines] == [
        ["phase", "name", "state", "done", "why"],
        ["extract", "anna", "done", "448/448"],
        ["merge", "scene", "stale", "0/9", "merger"],
    ]
    assert json.loads(cli("status", project, "--json").out) == STATUS


@pytest.fixture
def garbage(monkeypatch):
    """Give the list of what was freed; two results could be."""
    from understudy.phases import Garbage

    plan = (Garbage(Path("/w/old"), 2_500_000, "other model"), Garbage(Path("/w/older"), 500, "other crops"))
    freed = []
    monkeypatch.setattr("understudy.phases.clean_plan", lambda project: plan)
    monkeypatch.setattr("understudy.phases.clean", lambda project, plan: freed.extend(plan) or 2_500_500)
    return freed


def test_clean_says_what_it_would_free_and_frees_nothing_by_itself(cli, project, garbage):
    done = cli("clean", project)
    assert [line.split() for line in done.out.splitlines()] == [
        ["2.5", "MB", "/w/old", "(other", "model)"],
        ["500", "B", "/w/older", "(other", "crops)"],
    ]
    assert f"to free 2.5 MB: understudy clean {project} --yes" in done.err
    assert garbage == []


def test_clean_frees_when_told_to(cli, project, garbage):
    assert cli("clean", project, "--yes").out.endswith("freed 2.5 MB\n")
    assert len(garbage) == 2


@pytest.mark.parametrize(("answer", "count"), [("y", 2), ("n", 0)])
def test_clean_asks_on_a_terminal(cli, project, garbage, monkeypatch, answer, count):
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.confirm", lambda text, **_: answer == "y")
    assert cli("clean", project).code == 0
    assert len(garbage) == count


def test_clean_with_nothing_to_free(cli, project, monkeypatch):
    monkeypatch.setattr("understudy.phases.clean_plan", lambda project: ())
    assert cli("clean", project, "--yes").out == "nothing to free\n"


def test_report_and_demo_print_where_their_files_are(cli, project, monkeypatch, tmp_path):
    monkeypatch.setattr("understudy.report.write_report", lambda project, progress, out: out or Path("report.html"))
    assert cli("report", project).out == "report.html\n"
    assert cli("report", project, "--out", "mine.html").out == "mine.html\n"
    result = SimpleNamespace(paths=(("recast clip", tmp_path / "new.mp4"),))
    monkeypatch.setattr("understudy.demo.run_demo", lambda folder, progress: result if folder == tmp_path else None)
    done = cli("demo", tmp_path)
    assert done.out.splitlines()[1].split() == ["recast", "clip", str(tmp_path / "new.mp4")]


@pytest.fixture
def broken(fake_registry, monkeypatch):
    """Let one plugin of the registry be fine and one broken."""
    rows = [
        PluginRow("fakes", "a-house", "1.0", "masker", "outline", "Draws lines.", "ok", ""),
        PluginRow("torn", "b-house", "2.0", "", "", "", "failed", "SyntaxError: line 3"),
    ]
    offers = [offer for stage in ("masker", "detector", "model") for offer in fake_registry.offers(stage).values()]
    monkeypatch.setattr("understudy.plugins.discover", lambda *_: Registry(offers, rows))


def test_plugins_list(cli, broken):
    done = cli("plugins", "list")
    assert [line.split() for line in done.out.splitlines()][1:] == [
        ["masker", "outline", "ok", "a-house", "1.0", "yes", "Draws", "lines."]
    ]
    assert "1 more are not usable; to see why: understudy plugins list --all" in done.err
    done = cli("plugins", "list", "--all")
    assert "torn (from b-house 2.0) is failed:\n  SyntaxError: line 3" in done.out
    rows = json.loads(cli("plugins", "list", "--all", "--json").out)
    assert [(row["entry_point"], row["status"], row["reason"]) for row in rows] == [
        ("fakes", "ok", ""),
        ("torn", "failed", "SyntaxError: line 3"),
    ]


def test_plugins_show(cli, broken):
    done = cli("plugins", "show", "finder")
    assert "min_score: number (>= 0, <= 1) = 0.5" in done.out
    assert "range: full | short = full" in done.out
    (facts,) = json.loads(cli("plugins", "show", "learner", "--json").out)
    assert (facts["stage"], facts["distribution"], facts["revision"]) == ("model", "understudy-fakes", 3)
    assert facts["settings"]["properties"]["resolution"]["multipleOf"] == 16
    (row,) = json.loads(cli("plugins", "show", "torn", "--json").out)
    assert (row["status"], row["reason"]) == ("failed", "SyntaxError: line 3")
    assert "torn (from b-house 2.0) is failed:\n  SyntaxError: line 3" in cli("plugins", "show", "torn").out
    done = cli("plugins", "show", "lerner")
    assert done.code == 2
    assert "Did you mean 'learner'?" in done.err


def test_schema(cli, tmp_path, monkeypatch, fake_registry):
    monkeypatch.setattr("understudy.plugins.discover", lambda *_: fake_registry)
    printed = json.loads(cli("schema").out)
    assert printed["required"] == ["understudy", "facesets"]
    target = tmp_path / "project.schema.json"
    assert cli("schema", "-o", target).out == f"{target}\n"
    assert json.loads(target.read_text()) == printed
    assert cli("schema", "-o", tmp_path / "no" / "x.json").code == 2


def test_doctor_exits_1_with_what_mends_it(cli, monkeypatch):
    findings = [Finding("device", "cpu"), Finding("weights a.bin", "missing", "wrong", "understudy weights pull a.bin")]
    monkeypatch.setattr("understudy.doctor.examine", lambda project: tuple(findings))
    done = cli("doctor")
    assert done.code == 1
    assert done.out.splitlines()[2].split() == ["wrong", "weights", "a.bin", "missing"]
    assert "weights a.bin: understudy weights pull a.bin" in done.err
    assert json.loads(cli("doctor", "--json").out)[0]["what"] == "device"
    findings.pop()
    assert cli("doctor").code == 0


@pytest.mark.parametrize(("text", "wanted_s"), [("90s", 90), ("45m", 2700), ("2h30m", 9000), ("1d", 86400)])
def test_a_training_ends_after_the_time_that_is_given(cli, project, ran, text, wanted_s):
    assert cli("train", project, "--for", text).code == 0
    assert [(call.phases, call.for_s) for call in ran] == [(("train",), wanted_s)]


@pytest.mark.parametrize("text", ["soon", "5", "0s", "-3m", "3m2", ""])
def test_what_is_no_time_is_refused(cli, project, ran, text):
    done = cli("train", project, f"--for={text}")
    assert (done.code, ran) == (2, [])
    assert "2h30m" in done.err
