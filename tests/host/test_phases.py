"""Does a project run from clips to a recast clip, do only what is missing, and refuse what cannot be done?"""

import shutil

import av
import numpy as np
import pytest

from understudy.errors import MediaError, PluginFailedError, RequestError, StageYieldError
from understudy.learning import swap_artifact
from understudy.phases import clean, clean_plan, run, status
from understudy.plugins import discover
from understudy.progress import Silent
from understudy.project import load_project
from understudy.store import WorkFolder, read_json, write_json

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
    model: {use: quick96, with: {batch_size: 2, precision: float32, TINY}, iterations: 4}
    merger: {use: overlay, with: {mask_erode_px: 2, mask_blur_px: 8}}
output:
  path: out/blue.mkv
  video: {codec: ffv1, crf: null, preset: null}
"""


class Listener(Silent):
    """Keeps what the work says."""

    def __init__(self):
        self.lines, self.phases = [], []

    def say(self, text):
        self.lines.append(text)

    def start(self, phase, total, unit, *, done=0, device=""):
        self.phases.append((phase, total, done))


@pytest.fixture
def registry(square_plugin, monkeypatch):
    monkeypatch.syspath_prepend(str(square_plugin))
    return discover()


@pytest.fixture(scope="session")
def tiny_settings():
    """Give the tiny quick96's settings as YAML, without those the project sets itself."""
    tiny = discover().models["quick96"].tiny
    settings = tiny.model_dump(mode="json", exclude={"batch_size", "precision"}, exclude_defaults=True)
    return ", ".join(f"{key}: {value}" for key, value in settings.items()).replace("'", "")


@pytest.fixture
def squares(tmp_path, drawn_clip, tiny_settings):
    drawn_clip(tmp_path / "red.mkv", frames=20, hue=1, codec="ffv1", options={})
    drawn_clip(tmp_path / "blue.mkv", frames=30, hue=2, codec="ffv1", options={}, without_face=(7,))
    path = tmp_path / "squares.yaml"
    path.write_text(PROJECT.replace("TINY", tiny_settings))
    return path


def planes(path):
    with av.open(str(path)) as container:
        return [(frame.pts, frame.to_ndarray()) for frame in container.decode(video=0)]


def test_one_project_file_makes_a_recast_clip(squares, registry, tmp_path):
    listener = Listener()
    project = load_project(squares, registry)
    result = run(project, progress=listener)
    assert result.outputs == (tmp_path / "out" / "blue.mkv",)
    before, after = planes(tmp_path / "blue.mkv"), planes(result.outputs[0])
    assert [pts for pts, _ in after] == [pts for pts, _ in before]
    changed = [float(np.mean(new != old)) for (_, old), (_, new) in zip(before, after, strict=True)]
    assert changed[7] == 0.0  # no face there: the frame is passed on untouched
    assert all(0.02 < share < 0.5 for number, share in enumerate(changed) if number != 7)
    phases = [phase for phase, _, _ in listener.phases]
    extracted = [f"extract {name}: {step}" for name in ("red", "blue") for step in ("find", "cut")]
    assert phases == [*extracted, "train red-to-blue", "merge blue.mkv"]
    with av.open(str(result.outputs[0])) as container:
        tags = {key.lower(): value for key, value in container.metadata.items()}
    assert "synthetic" in tags["comment"].lower()
    assert tags["consent_statement"] == "Drawn squares agree to everything"

    again = Listener()
    stamp = result.outputs[0].stat().st_mtime_ns
    run(load_project(squares, registry), progress=again)
    assert again.phases == []
    assert result.outputs[0].stat().st_mtime_ns == stamp
    assert {row.state for row in status(project)} == {"done"}


def test_changing_the_merger_merges_again_and_trains_nothing(squares, registry):
    run(load_project(squares, registry), progress=Silent())
    changed = load_project(squares, registry, ["swaps.0.merger.with.mask_blur_px=20"])
    states = {row.phase: row for row in status(changed)}
    assert (states["extract"].state, states["train"].state) == ("done", "done")
    assert states["merge"].state == "stale"
    assert "mask_blur_px" in states["merge"].why
    listener = Listener()
    run(changed, progress=listener)
    assert [phase.split()[0] for phase, _, _ in listener.phases] == ["merge"]


def test_more_iterations_go_on_from_the_last_checkpoint(squares, registry):
    run(load_project(squares, registry), phases=("extract", "train"), progress=Silent())
    listener = Listener()
    run(load_project(squares, registry, ["swaps.0.model.iterations=6"]), phases=("train",), progress=listener)
    assert [(total, done) for _, total, done in listener.phases] == [(6, 4)]


def test_clean_names_old_results_and_frees_them_only(squares, registry):
    project = load_project(squares, registry)
    run(project, phases=("extract",), progress=Silent())
    assert clean_plan(project) == ()
    other = load_project(squares, registry, ["extract.crop_size=64"])
    plan = clean_plan(other)
    assert len(plan) == 2
    assert all(garbage.bytes > 1000 and garbage.path.is_dir() for garbage in plan)
    assert clean(other, plan) == sum(garbage.bytes for garbage in plan)
    assert not any(garbage.path.exists() for garbage in plan)


def test_a_deleted_picture_is_left_out_and_its_frame_untouched(squares, registry, tmp_path):
    project = load_project(squares, registry)
    run(project, phases=("extract",), progress=Silent())
    (picture,) = (tmp_path / "squares.work" / "extract").glob("blue-*/faces/*_0000003_0.png")
    picture.unlink()
    result = run(project, progress=Silent())
    before, after = planes(tmp_path / "blue.mkv"), planes(result.outputs[0])
    assert np.array_equal(before[3][1], after[3][1])
    assert not np.array_equal(before[4][1], after[4][1])


def test_samples_outside_the_mask_are_bit_identical(squares, registry, tmp_path):
    """The hull lies inside the square of 64 px, so nothing changes further apart than that."""
    result = run(load_project(squares, registry), progress=Silent())
    for (_, old), (_, new) in zip(planes(tmp_path / "blue.mkv"), planes(result.outputs[0]), strict=True):
        for before, after in zip(old, new, strict=True):  # the planes Y, U, V of 4:4:4
            rows, columns = np.nonzero(before != after)
            if len(rows):
                assert np.ptp(rows) < 64
                assert np.ptp(columns) < 64


def test_a_clip_that_was_replaced_is_noticed(squares, registry, tmp_path, drawn_clip):
    project = load_project(squares, registry)
    run(project, progress=Silent())
    drawn_clip(tmp_path / "blue.mkv", frames=26, hue=3, codec="ffv1", options={})
    with pytest.raises(
        RequestError, match=r"blue\.mkv is not the footage any more .*'blue'.*\n  put the former one back"
    ):
        run(project, phases=("merge",), progress=Silent())
    listener = Listener()
    result = run(project, progress=listener)
    assert "blue.mkv is another file than the one that faces were taken from: they are taken anew" in listener.lines
    assert len(planes(result.outputs[0])) == 26
    again = Listener()
    run(project, progress=again)
    assert again.lines == []


def test_ranges_merge_otherwise_for_a_part(squares, registry, tmp_path):
    first = planes(run(load_project(squares, registry), progress=Silent()).outputs[0])
    squares.write_text(
        squares.read_text().replace(
            "output:\n",
            "    ranges:\n      - {from: 10, to: 20, merger: {with: {mask_erode_px: 40}}}\noutput:\n",
        )
    )
    second = planes(run(load_project(squares, registry), progress=Silent()).outputs[0])
    differs = [not np.array_equal(a[1], b[1]) for a, b in zip(first, second, strict=True)]
    assert differs == [10 <= number < 20 for number in range(30)]


def test_a_model_that_needs_no_training_goes_straight_to_the_merge(squares, registry, tmp_path):
    text = squares.read_text()
    start, end = text.index("    model:"), text.index("    merger:")
    squares.write_text(text[:start] + "    model: {use: mirror}\n" + text[end:])
    listener = Listener()
    project = load_project(squares, registry)
    result = run(project, progress=listener)
    assert [phase.split()[0] for phase, _, _ in listener.phases] == ["extract"] * 4 + ["merge"]
    assert [row.phase for row in status(project)] == ["extract", "extract", "predict", "merge"]
    changed = [
        not np.array_equal(a[1], b[1])
        for a, b in zip(planes(tmp_path / "blue.mkv"), planes(result.outputs[0]), strict=True)
    ]
    assert changed == [number != 7 for number in range(30)]


def test_nothing_is_merged_without_consent(squares, registry):
    squares.write_text(squares.read_text().replace("consent: {", "# consent: {"))
    project = load_project(squares, registry)
    with pytest.raises(RequestError, match="consent"):
        run(project, progress=Silent())
    assert not project.work.exists()  # said before any work


def test_a_clip_without_a_face_is_said(squares, registry, tmp_path, drawn_clip):
    drawn_clip(tmp_path / "red.mkv", frames=5, codec="ffv1", options={}, without_face=range(5))
    with pytest.raises(StageYieldError, match=r"no face.*red\.mkv"):
        run(load_project(squares, registry), phases=("extract",), progress=Silent())


def test_a_truncated_clip_gives_what_decodes(squares, registry, tmp_path):
    path = tmp_path / "blue.mkv"
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    project = load_project(squares, registry)
    result = run(project, progress=Silent())
    kept = planes(result.outputs[0])
    assert 10 <= len(kept) < 30


def test_a_file_that_is_no_video_is_named(squares, registry, tmp_path):
    (tmp_path / "blue.mkv").write_text("no video")
    with pytest.raises(MediaError, match=r"blue\.mkv"):
        run(load_project(squares, registry), progress=Silent())


def test_a_plugin_that_raises_is_named_and_its_work_kept(squares, registry, tmp_path):
    project = load_project(squares, registry, ["extract.detector.with.fail_at_pts=600"])
    with pytest.raises(PluginFailedError, match=r"detector 'square' \(from square-stage\).*square root of nothing"):
        run(project, phases=("extract",), progress=Silent())


def test_a_newer_work_folder_is_left_alone(squares, registry):
    project = load_project(squares, registry)
    project.work.mkdir()
    write_json(project.work / "work.json", {"format": 99})
    with pytest.raises(Exception, match="newer Understudy"):
        run(project, progress=Silent())
    assert read_json(project.work / "work.json") == {"format": 99}


def test_merging_before_training_says_what_to_run(squares, registry):
    project = load_project(squares, registry)
    with pytest.raises(RequestError, match="extract"):
        run(project, phases=("merge",), progress=Silent())
    run(project, phases=("extract",), progress=Silent())
    with pytest.raises(RequestError, match="train"):
        run(project, phases=("merge",), progress=Silent())


def test_two_swaps_and_a_clip_with_two_outputs(squares, registry, tmp_path):
    shutil.copy(tmp_path / "blue.mkv", tmp_path / "blue2.mkv")
    text = squares.read_text()
    text = text.replace("clips: [blue.mkv]", "clips: [blue.mkv, green.mkv]").replace("out/blue.mkv", "out/{clip}.mkv")
    shutil.copy(tmp_path / "red.mkv", tmp_path / "green.mkv")
    squares.write_text(text.replace("face: largest", "face: all"))
    result = run(load_project(squares, registry), progress=Silent())
    assert [path.name for path in result.outputs] == ["blue.mkv", "green.mkv"]
    assert [len(planes(path)) for path in result.outputs] == [30, 20]


def test_an_output_that_was_deleted_is_joined_again(squares, registry):
    project = load_project(squares, registry)
    (output,) = run(project, progress=Silent()).outputs
    content = output.read_bytes()
    output.unlink()
    assert [row.state for row in status(project) if row.phase == "merge"] == ["partial"]
    listener = Listener()
    run(project, progress=listener)
    assert listener.phases == []
    assert output.read_bytes() == content


CAST = """
people: {left: {tracks: {blue: [0, 1, 2]}}, nobody: {tracks: {blue: [%s]}}}
swaps:
  - cast: {left: red, nobody: red}
    target: blue
    model: {use: mirror}
"""


@pytest.fixture
def cast(squares, registry, tmp_path, drawn_clip):
    """Give a function that loads a project of two people, the second by a track; each clip shows one of them."""
    drawn_clip(tmp_path / "green.mkv", frames=20, hue=5, codec="ffv1", options={})
    text = squares.read_text().replace("[blue.mkv]", "[blue.mkv, green.mkv]").replace("out/blue", "out/{clip}")
    head, tail = text[: text.index("swaps:")], text[text.index("    merger:") :]

    def load(track):
        squares.write_text(head + CAST % track + tail)
        return load_project(squares, registry)

    return load


def test_a_person_of_a_cast_may_be_missing_from_a_clip(cast, tmp_path):
    listener = Listener()
    result = run(cast("3, 4"), progress=listener)
    assert [path.name for path in result.outputs] == ["blue.mkv", "green.mkv"]
    for path in result.outputs:
        before, after = planes(tmp_path / path.name), planes(path)
        changed = [not np.array_equal(a[1], b[1]) for a, b in zip(before, after, strict=True)]
        assert changed == [path.name != "blue.mkv" or number != 7 for number in range(len(before))]
    assert not any("both put on" in line for line in listener.lines)


def test_two_of_a_cast_who_are_one_are_spoken_of(cast):
    listener = Listener()
    run(cast(0), progress=listener)
    (line,) = (line for line in listener.lines if "both put on" in line)
    assert "{track: 0}" in line
    assert "{track: [0, 1, 2]}" in line


def test_swaps_onto_several_people_are_trained_apart(cast):
    project = cast("3, 4")
    work = WorkFolder(project.work)
    names = [swap_artifact(work, swap).name for swap in project.swaps]
    assert names == ["red-to-blue-left", "red-to-blue-nobody"]
    assert len({swap_artifact(work, swap).folder for swap in project.swaps}) == 2
