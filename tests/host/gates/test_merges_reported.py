"""Does the report say how merged clips measure, and show which frames stick out?"""

from __future__ import annotations

import json
import re

import pytest

from understudy.gates import FaceFigures, FrameFigures
from understudy.gates.records import write_figures
from understudy.report import gather, write_report
from understudy.report.merge_section import _runs

from .conftest import Listener


@pytest.fixture
def told(project):
    """Give a function that reports, and returns the page's part about merges, the figures, and what was said."""

    def report(*changes):
        listener, loaded = Listener(), project.load(*changes)
        page = write_report(loaded, listener).read_text()
        part = page.partition('<section class="merged"')[2].partition("<footer>")[0]
        return part, json.loads(json.dumps(gather(loaded, listener).to_json()))["merges"], listener.said

    return report


def changed(project, **figures):
    """Change what is written down of the face in frame 5."""
    record = project.records()[1]
    frames = [FrameFigures.of(json.loads(line)) for line in record.read_text().splitlines()]
    face = frames[2].faces[0].row() | figures
    write_figures(record, [*frames[:2], FrameFigures(5, figures.get("outside", 0), False, (FaceFigures.of(face),))])


def test_nothing_is_told_before_anything_is_merged(project, told):
    project.run(phases=("extract",))
    part, merges, _ = told()
    assert (part, merges) == ("", [])


def test_a_merge_without_fault_has_figures_and_no_list(project, told, monkeypatch):
    monkeypatch.setattr("understudy.gates.limits.MEASURES", ())  # so that nothing of this loud clip sticks out
    project.run()
    part, (merge,), _ = told()
    counts = {name: merge[name] for name in ("frames", "done", "measured", "whole")}
    assert (merge["name"], counts) == ("blue.mkv", {"frames": 7, "done": 7, "measured": 7, "whole": 1})
    assert (merge["outside"], merge["sticking_out"]) == (0, [])
    (swap,) = merge["swaps"]
    assert (swap["name"], swap["faces"]) == ("red on blue", 6)
    low, median, high = swap["spreads"]["seam"]
    assert 0 < low <= median <= high
    assert "Seam energy" in part
    assert part.count("<svg") == 4
    assert "Frames that stick out" not in part
    assert "warning" not in part


def test_frames_that_stick_out_are_listed_by_timecode_with_tiles(project, told):
    project.run()
    changed(project, seam=77.0, outside=9)
    part, (merge,), _ = told()
    found = {one["measure"]: one for one in merge["sticking_out"] if one["frame"] == 5}
    assert (found["outside"]["timecode"], found["outside"]["value"], found["outside"]["face"]) == ("00:00:00:05", 9, "")
    assert (found["seam"]["timecode"], found["seam"]["value"], found["seam"]["track"]) == ("00:00:00:05", 77.0, 0)
    assert "9 samples changed outside the mask" in part
    assert re.search(r"<td>00:00:00:05</td>.*77\.00", part)
    assert part.count("frame 5 before") == part.count("frame 5 merged") == 1
    (project.folder / "out.mkv").unlink()
    assert told()[0].count("frame 5 merged") == 0  # whose picture is gone


def test_frames_that_were_never_measured_are_told_of_with_what_to_do(project, told):
    project.run()
    project.records()[1].unlink()
    part, (merge,), said = told()
    assert (merge["done"], merge["measured"]) == (7, 4)
    assert "<code>understudy merge p.yaml --measure</code>" in part
    assert any("3 of 7 merged frames were never measured" in text for text in said)
    project.run(measure=True)
    assert "--measure" not in told()[0]


def test_a_damaged_record_is_told_of_and_does_not_end_the_report(project, told):
    project.run()
    project.records()[0].write_text("no figures")
    part, merges, said = told()
    assert (part, merges) == ("", [])
    assert any("blue.mkv: the merge has no figures: " in text and "cannot be read" in text for text in said)


def test_frames_that_follow_each_other_are_one_row(project, told):
    project.run()
    for number, record in enumerate(project.records()):
        frames = [FrameFigures.of(json.loads(line)) for line in record.read_text().splitlines()]
        write_figures(record, [FrameFigures(one.frame, int(one.frame not in {2, 5}), False) for one in frames])
        assert number < 3
    _, (merge,), _ = told()
    report = gather(project.load(), Listener()).merges[0]
    assert [[one.frame for one in run] for run in _runs(report.sticking_out)] == [[0, 1], [3, 4], [6]]
    assert merge["outside"] == 5
