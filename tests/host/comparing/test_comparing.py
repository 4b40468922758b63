"""Are combinations made, shared, measured, kept, and laid side by side, those that cannot work among them?"""

import json

import av
import pytest
from ruamel.yaml import YAML

import understudy
from understudy.cli import app
from understudy.lock import locked
from understudy.pictures import decode_picture
from understudy.provenance.verdict import verify
from understudy.video import probe


class Heard(list):
    """Keeps events."""

    def __call__(self, event):
        self.append(event)

    def phases(self):
        return [event.phase for event in self if isinstance(event, understudy.PhaseStarted)]

    def lines(self):
        return [event.text for event in self if isinstance(event, understudy.Message)]

    def made(self):
        return [line for line in self.lines() if line.startswith("comparing ")]


def matrix(folder, axes):
    path = folder / "matrix.yaml"
    with path.open("w", encoding="utf-8") as file:
        YAML(typ="safe").dump(axes, file)
    return path


def test_combinations_share_what_is_common_and_say_why_they_cannot_work(squares, quick96):
    axes = {
        "masker": ["hull", {"use": "mesh", "label": "needs a mesh"}],
        "model": ["mirror", quick96],
        "merger": ["overlay", {"use": "laplacian"}],
    }
    heard = Heard()
    found = understudy.compare(
        squares, {}, matrix=matrix(squares.parent, axes), frames="3-4, 20", iterations=2, on_event=heard
    )
    assert [row.label for row in found.rows] == [
        f"{masker} / {model} / {merger}"
        for masker in ("hull", "needs a mesh")
        for model in ("mirror", "learner")
        for merger in ("overlay", "laplacian")
    ]
    works, fails = found.rows[:4], found.rows[4:]
    assert [row.steps for row in works] == [(0,), (0,), (2,), (2,)]
    assert all("mesh" in row.why and not row.figures for row in fails)
    assert heard.phases().count("extract blue: find") == 1
    assert heard.phases().count("train red-to-blue") == 1
    figures = [row.figures for row in works]
    assert all(one["detected"] == pytest.approx(100 * 29 / 30) for one in figures)
    assert all(
        {"seam", "flicker", "detect_s", "align_s", "mask_s", "swap_s", "merge_s", "memory_mb"} <= one.keys()
        for one in figures
    )
    assert ["reconstruction" in one for one in figures] == [False, False, True, True]
    assert found.spans == ((3, 5), (20, 21))
    for name in ("seam", "swap_s"):
        least = min(one[name] for one in figures)
        assert [name in row.best for row in works] == [one[name] == least for one in figures]


def test_what_is_written_says_what_it_is_and_needs_nothing_else(squares):
    out = squares.parent / "review" / "compare.html"
    found = understudy.compare(squares, {"merger": ["overlay", "laplacian"]}, out=out)
    text = out.read_text(encoding="utf-8")
    assert (found.page, found.sheet, found.clip) == (out, out.with_suffix(".png"), out.with_suffix(".mp4"))
    assert "Synthetic media: a face in this clip was replaced" in text
    assert text.count("red on blue by mirror") == 2, "each swap that is shown is named"
    assert "Drawn squares agree to everything" in text
    assert text.count("★") >= 1
    assert "data:video/mp4;base64," in text
    assert "data:image/jpeg;base64," in text
    assert not [word for word in ("http://", "https://", "<script", 'src="/') if word in text.replace("http-equiv", "")]
    with av.open(str(found.clip)) as container:
        assert container.metadata["synthetic_media"] == "true"
        assert "Drawn squares agree" in container.metadata["comment"]
    assert len(probe(found.clip).pts) == sum(stop - first for first, stop in found.spans) == 12
    assert [verify(path).manifest.state for path in (found.clip, found.sheet)] == ["own key", "own key"]
    height, width = decode_picture(found.sheet.read_bytes(), "sheet").shape[:2]
    assert width > height > 3 * 200


def test_what_is_finished_is_kept_when_a_comparison_stops_and_not_made_again(squares):
    cancel, heard = understudy.Cancel(), Heard()

    def stop(event):
        heard(event)
        if heard.lines()[-1:] == ["comparing laplacian"]:
            cancel.set()

    wanted = {"merger": ["overlay", "laplacian", "raw"]}
    with pytest.raises(understudy.Cancelled):
        understudy.compare(squares, wanted, on_event=stop, cancel=cancel)
    assert [line for line in heard.lines() if line.startswith("comparing")] == [
        "comparing overlay",
        "comparing laplacian",
    ]
    again = Heard()
    found = understudy.compare(squares, wanted, on_event=again)
    assert again.made() == ["comparing laplacian", "comparing raw"]
    assert "predict blue.mkv" not in again.phases(), "what the model answered is kept"
    third = Heard()
    assert understudy.compare(squares, wanted, on_event=third).rows == found.rows
    assert third.phases() == ["side by side"]


def test_a_comparison_leaves_the_project_as_it_is_and_clean_says_what_it_left(squares):
    project = understudy.load(squares)
    understudy.run(project)
    before = understudy.status(project)
    axes = {"detector": ["square", {"use": "square", "with": {"level": 90}, "label": "dark"}]}
    heard = Heard()
    understudy.compare(squares, {}, matrix=matrix(squares.parent, axes), on_event=heard)
    assert heard.phases().count("extract blue: find") == 1, "the project's own detector has looked already"
    assert understudy.status(project) == before
    why = {(garbage.path.parent.name, garbage.why) for garbage in understudy.clean_plan(project)}
    assert ("extract", "made with other detector, aligner, masker or crops, for the comparison of dark") in why
    assert ("compare", "figures and pictures of a comparison") in why
    understudy.clean(project, understudy.clean_plan(project))
    assert understudy.clean_plan(project) == ()
    assert understudy.status(project) == before


def test_a_work_folder_in_use_stops_the_comparison_and_is_no_fault_of_a_combination(squares):
    with (
        locked(squares.with_suffix(".work"), "merging"),
        pytest.raises(understudy.StoreError, match=r"is in use: process .* is merging"),
    ):
        understudy.compare(squares, {"merger": ["overlay", "raw"]})


def test_nothing_is_compared_without_consent(squares):
    text = squares.read_text(encoding="utf-8")
    squares.write_text(
        "\n".join(line for line in text.splitlines() if not line.startswith("consent")), encoding="utf-8"
    )
    with pytest.raises(understudy.RequestError, match="states no consent"):
        understudy.compare(squares, {"merger": ["overlay"]})
    assert not squares.with_suffix(".work").exists()


def test_the_command_prints_paths_or_json(squares):
    from typer.testing import CliRunner

    done = CliRunner().invoke(app, ["compare", str(squares), "--merger", "overlay,raw", "--frames", "3", "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert [row["label"] for row in told["rows"]] == ["overlay", "raw"]
    assert told["frames"] == [3]
    assert all(row["works"] and row["figures"]["seam"] > 0 for row in told["rows"])
    done = CliRunner().invoke(app, ["compare", str(squares), "--merger", "overlay,raw", "--frames", "3"])
    assert done.stdout.splitlines() == [told["page"], told["sheet"], told["side_by_side"]]


def test_a_comparison_of_which_nothing_works_has_a_page_with_the_reasons_and_fails(squares):
    from typer.testing import CliRunner

    done = CliRunner().invoke(app, ["compare", str(squares), "--masker", "mesh"])
    assert isinstance(done.exception, understudy.UnderstudyError)
    assert "none of the combinations works" in str(done.exception)
    assert "mesh" in (squares.parent / "squares.work" / "report" / "compare.html").read_text(encoding="utf-8")
