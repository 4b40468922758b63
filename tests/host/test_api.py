"""Can a program do all that the command line does: without output, stopped at will, in any thread?"""

import ast
import dataclasses
import shutil
import sys
import threading
from pathlib import Path

import pytest
from threadpoolctl import threadpool_info

import understudy
import understudy.errors
from understudy.matrix_threads import one_blas_thread
from understudy.plugins import discover

PROJECT = """
understudy: 1
name: squares
consent: {basis: synthetic, statement: Drawn squares agree to everything}
device: cpu
facesets:
  red: {clips: [red.mkv]}
  blue: {clips: [blue.mkv]}
extract:
  detector: {use: square}
  aligner: {use: square}
  masker: {use: hull}
  face_type: whole_face
  crop_size: 128
  fill_gaps_s: 0
swaps:
  - source: red
    target: blue
    face: largest
    model: {use: quick96, with: {batch_size: 2, precision: float32, TINY}, iterations: 6, training: {preview_every: 2}}
    merger: {use: overlay, with: {mask_erode_px: 2, mask_blur_px: 8}}
output:
  path: out/blue.mkv
  video: {codec: ffv1, crf: null, preset: null}
"""


@pytest.fixture
def squares(tmp_path, drawn_clip, square_plugin, monkeypatch):
    monkeypatch.syspath_prepend(str(square_plugin))
    drawn_clip(tmp_path / "red.mkv", frames=20, hue=1, codec="ffv1", options={})
    drawn_clip(tmp_path / "blue.mkv", frames=30, hue=2, codec="ffv1", options={})
    tiny = discover().models["quick96"].tiny
    settings = tiny.model_dump(mode="json", exclude={"batch_size", "precision"}, exclude_defaults=True)
    words = ", ".join(f"{key}: {value}" for key, value in settings.items()).replace("'", "")
    path = tmp_path / "squares.yaml"
    path.write_text(PROJECT.replace("TINY", words), encoding="utf-8")
    return path


class Heard(list):
    """Keeps events and the threads in which they came."""

    def __init__(self):
        self.threads = set()

    def __call__(self, event):
        self.append(event)
        self.threads.add(threading.current_thread())

    def of(self, kind):
        return [event for event in self if isinstance(event, kind)]


def twin(path, name):
    """Copy a project with its clips into a folder of its own."""
    folder = path.parent / name
    folder.mkdir()
    for part in (path, path.with_name("red.mkv"), path.with_name("blue.mkv")):
        shutil.copy(part, folder)
    return folder / path.name


def test_a_run_tells_everything_as_events_in_its_own_thread_and_prints_nothing(squares, capfd):
    heard = Heard()
    result = understudy.run(understudy.load(squares), on_event=heard)
    started = [(event.phase, event.total, event.unit) for event in heard.of(understudy.PhaseStarted)]
    finished = [(event.phase, event.done, event.total) for event in heard.of(understudy.PhaseFinished)]
    assert started == [
        ("extract red: find", 20, "frames"),
        ("extract red: cut", 20, "frames"),
        ("extract blue: find", 30, "frames"),
        ("extract blue: cut", 30, "frames"),
        ("train red-to-blue", 6, "steps"),
        ("merge blue.mkv", 30, "frames"),
    ]
    assert finished == [(phase, total, total) for phase, total, _ in started]
    steps = [event for event in heard.of(understudy.Progressed) if event.phase == "train red-to-blue"]
    assert [event.done for event in steps] == [1, 2, 3, 4, 5, 6]
    assert (steps[2].share, steps[2].note.startswith("source ")) == (0.5, True)
    previews = heard.of(understudy.PreviewWritten)
    assert [event.step for event in previews] == [1, 2, 4, 6]
    assert all(event.path.is_file() and event.path.suffix == ".png" for event in previews)
    assert [event.step for event in heard.of(understudy.CheckpointSaved)] == [1, 6]
    assert heard.of(understudy.CheckpointSaved)[-1].path.is_dir()
    assert (
        [event.path for event in heard.of(understudy.ClipWritten)]
        == list(result.outputs)
        == [squares.parent / "out" / "blue.mkv"]
    )
    assert heard.threads == {threading.current_thread()}
    assert capfd.readouterr().out == ""


def test_a_second_run_has_nothing_to_tell(squares):
    project = understudy.load(squares, set=["swaps.0.model={use: mirror}"])
    first, heard = understudy.run(project), Heard()
    assert understudy.run(project, on_event=heard) == first
    assert heard == []
    assert {row.state for row in understudy.status(project)} == {"done"}


@pytest.mark.parametrize(
    ("phase", "done"), [("extract blue: find", 4), ("extract blue: cut", 3), ("train red-to-blue", 3), ("merge", 8)]
)
def test_a_run_that_is_cancelled_anywhere_ends_as_if_it_had_not_been(squares, phase, done):
    whole = understudy.run(understudy.load(twin(squares, "whole"))).outputs[0].read_bytes()
    cancel, project = understudy.Cancel(), understudy.load(squares)

    def stop(event):
        if isinstance(event, understudy.Progressed) and event.phase.startswith(phase) and event.done >= done:
            cancel.set()

    with pytest.raises(understudy.Cancelled, match="the work done is saved"):
        understudy.run(project, on_event=stop, cancel=cancel)
    heard = Heard()
    output = understudy.run(project, on_event=heard).outputs[0]
    assert output.read_bytes() == whole
    if phase.startswith("train"):
        (training,) = [event for event in heard.of(understudy.PhaseStarted) if event.phase.startswith("train")]
        assert training.done == 3, "each step up to the one at which it was asked to stop is kept"


def test_a_set_cancel_stops_a_run_before_it_does_anything(squares):
    cancel = understudy.Cancel()
    cancel.set()
    project = understudy.load(squares)
    with pytest.raises(understudy.Cancelled):
        understudy.run(project, cancel=cancel)
    assert not project.work.exists()


def test_a_report_can_be_cancelled_and_leaves_no_page(squares):
    project, cancel = understudy.load(squares), understudy.Cancel()
    understudy.run(project, "extract")
    with pytest.raises(understudy.Cancelled):
        understudy.write_report(project, squares.parent / "page.html", on_event=lambda _: cancel.set(), cancel=cancel)
    assert not (squares.parent / "page.html").exists()
    heard = Heard()
    page = understudy.write_report(project, squares.parent / "page.html", on_event=heard)
    assert heard.of(understudy.PageWritten) == [understudy.PageWritten(page)]
    assert [faceset.name for faceset in understudy.report_figures(project).facesets] == ["red", "blue"]


def test_two_projects_run_in_two_threads_as_one_after_the_other(squares):
    alone = understudy.run(understudy.load(twin(squares, "alone"))).outputs[0].read_bytes()
    paths, outputs, failures, heard = [twin(squares, name) for name in ("left", "right")], {}, [], {}

    def work(path):
        try:
            heard[path] = Heard()
            outputs[path] = understudy.run(understudy.load(path), on_event=heard[path]).outputs[0].read_bytes()
        except BaseException as error:  # noqa: BLE001 - told to the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=work, args=(path,)) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert [outputs[path] for path in paths] == [alone, alone]
    assert [heard[path].threads for path in paths] == [{thread} for thread in threads]
    assert threading.active_count() <= 1 + len([one for one in threading.enumerate() if one.daemon])


def test_what_a_listener_raises_ends_the_run_and_the_next_goes_on(squares):
    def fail(event):
        if isinstance(event, understudy.PhaseStarted) and event.phase.startswith("merge"):
            raise ZeroDivisionError("ours")

    project = understudy.load(squares, set={"swaps.0.model": {"use": "mirror"}})
    with pytest.raises(ZeroDivisionError, match="ours"):
        understudy.run(project, on_event=fail)
    heard = Heard()
    understudy.run(project, on_event=heard)
    assert [event.phase for event in heard.of(understudy.PhaseStarted)] == ["merge blue.mkv"]


def test_check_gives_the_problems_that_load_raises(squares):
    assert understudy.check(squares) == ()
    wrong = {"swaps.0.merger.use": "glue", "extract.crop_size": "large"}
    problems = understudy.check(str(squares), wrong)
    assert any("'glue'" in problem for problem in problems)
    assert any("crop_size" in problem for problem in problems)
    with pytest.raises(understudy.ProjectError) as raised:
        understudy.load(squares, wrong)
    assert raised.value.problems == problems
    with pytest.raises(understudy.RequestError, match="there is no project file"):
        understudy.check(squares.with_name("none.yaml"))


@pytest.mark.parametrize(
    "changes",
    [
        {"swaps.0.model.iterations": 3, "output.path": Path("a=b.mkv"), "extract.masker": {"use": "hull"}},
        ["swaps.0.model.iterations=3", "output.path=a=b.mkv", "extract.masker={use: hull}"],
    ],
)
def test_values_are_changed_by_a_mapping_or_by_texts(squares, changes):
    project = understudy.load(squares, changes)
    assert (project.swaps[0].iterations, project.output.path) == (3, "a=b.mkv")
    assert understudy.load(squares, "swaps.0.model.iterations=2").swaps[0].iterations == 2


def test_a_phase_that_does_not_exist_is_refused_with_those_that_do(squares):
    with pytest.raises(understudy.RequestError, match=r"no phase 'extrct'\n.*extract, train, merge"):
        understudy.run(understudy.load(squares), ["extrct"])


def test_events_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        understudy.Message("a").text = "b"


def test_overlapping_limits_of_matrix_threads_leave_the_process_as_it_was():
    def limits():
        return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

    before, first, second = limits(), one_blas_thread(), one_blas_thread()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert set(limits()) == {1}
    second.__exit__(None, None, None)
    assert limits() == before


def test_every_error_of_the_application_can_be_caught_by_its_public_name():
    assert set(understudy.errors.__all__) <= set(understudy.__all__)


def test_every_public_name_is_there_for_type_checkers_and_for_the_interpreter():
    tree = ast.parse(Path(understudy.__file__).read_text(encoding="utf-8"))
    (typed,) = [node for node in tree.body if isinstance(node, ast.If)]
    imported = {alias.name for node in typed.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert imported == set(understudy.__all__) - {"__version__"}
    assert all(getattr(understudy, name) is not None for name in understudy.__all__)
    assert set(understudy.__all__) <= set(dir(understudy))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = understudy.nonsense
    functions = [name for name in understudy.__all__ if callable(getattr(understudy, name)) and name.islower()]
    assert {name for name in functions if not getattr(understudy, name).__doc__} == set()
    assert not {f"understudy.{name}" for name in understudy.__all__} & set(sys.modules), "a module hides a function"
