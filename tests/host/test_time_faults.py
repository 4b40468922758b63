"""Is each range, keyframe and fade that does not fit its clip named with its place, before any work?"""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from understudy.cli import app
from understudy.errors import ProjectError
from understudy.merging import check_times
from understudy.phases import run
from understudy.progress import Silent
from understudy.project import load_project

RANGES = "    ranges:\n      - {from: 5, to: 9, merger: {with: {mask_blur_px: 2}}}\n"


@pytest.fixture
def faults(project_file, fake_registry, drawn_clip, tmp_path):
    """Give a function that returns the problems of a swap's lines, on a clip of 24 frames, 25 a second."""

    def find(text: str, top: str = "") -> list[str]:
        path = project_file((RANGES, text), ("facesets:", f"{top}facesets:"))
        if not (tmp_path / "scene.mp4").stat().st_size:
            drawn_clip(tmp_path / "scene.mp4")
        try:
            check_times(load_project(path, fake_registry))
        except ProjectError as error:
            return [problem.replace(str(path), "cast.yaml") for problem in error.problems]
        return []

    return find


LENGTH = "scene.mp4 has 24 frames (0.960 s)"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("keyframes: [{at: 24, opacity: 0}]", f"14:22: swaps.0.keyframes.0.at: 24 lies beyond the clip: {LENGTH}"),
        (
            "keyframes: [{at: 0, opacity: 0}, {at: '00:00:05:00', opacity: 1}]",
            f"14:43: swaps.0.keyframes.1.at: 00:00:05:00 lies beyond the clip: {LENGTH}",
        ),
        (
            "keyframes: [{at: 9, opacity: 0}, {at: 5, opacity: 1}]",
            (
                "14:43: swaps.0.keyframes.1.at: must lie after the keyframe before it, but 5 does not lie after 9; "
                "write keyframes in the order of time"
            ),
        ),
        (
            "keyframes: [{at: 9, opacity: 0}, {at: '00:00:00:05', opacity: 1}]",
            "14:43: swaps.0.keyframes.1.at: must lie after the keyframe before it, but 00:00:00:05 does not lie",
        ),
        (
            "keyframes: [{at: 9, opacity: 0}, {at: 9, opacity: 1}]",
            "14:43: swaps.0.keyframes.1.at: is the moment of the keyframe before it, keyframes.0, too; join the two",
        ),
        (
            "keyframes: [{at: 9, merger: {mask_blr_px: 3}}]",
            "14:34: swaps.0.keyframes.0.merger.mask_blr_px: unknown key. Did you mean 'mask_blur_px'?",
        ),
        (
            "keyframes: [{at: 9, merger: {mask_blur_px: wide}}]",
            "14:48: swaps.0.keyframes.0.merger.mask_blur_px: must be a whole number, but is 'wide'",
        ),
        (
            "keyframes: [{at: 9, merger: {mask_blur_px: -2}}]",
            "14:48: swaps.0.keyframes.0.merger.mask_blur_px: must be at least 0, but is -2",
        ),
        ("keyframes: [{at: 9}]", "14:17: swaps.0.keyframes.0: states no value: give merger: {SETTING: VALUE},"),
        (
            "keyframes: [{at: 9, opacity: 0, then: smoth}]",
            "14:43: swaps.0.keyframes.0.then: must be 'linear', 'smooth' or 'hold', but is 'smoth'. Did you mean",
        ),
        (
            "keyframes: [{at: '00:00:00;05', opacity: 0}]",
            (
                "14:22: swaps.0.keyframes.0.at: 00:00:00;05 is drop-frame time code, which counts 29.97 or 59.94 "
                "frames in a second, but the clip has 25; write 00:00:00:05"
            ),
        ),
        ("opacity: 1.5", "14:14: swaps.0.opacity: must be at most 1, but is 1.5"),
        (
            "keyframes: [{at: 9, opacity: 0}]\n    opacity: 0.5",
            "15:14: swaps.0.opacity: does nothing, because keyframes state the opacity; drop one of them",
        ),
        ("fade_in: 30", "14:14: swaps.0.fade_in: takes 30 frames, but the clip has 24 frames"),
        ("fade_in: 0.5", "14:14: swaps.0.fade_in: must be a number of frames, seconds such as 0.5s, HH:MM:SS:FF or"),
        (
            "fade_in: 14\n    fade_out: 0.48s",
            "15:15: swaps.0.fade_out: begins before fade_in is over: they take 14 frames and 0.48s, but the clip",
        ),
        (
            "ranges: [{from: 5, to: 9, opacity: 1, fade_out: 00:00:00:05}]",
            "14:53: swaps.0.ranges.0.fade_out: takes 00:00:00:05, but the range has 4 frames",
        ),
        (
            "ranges: [{from: 5, to: 9, skip: true, fade_out: 6, fade_in: 16}]",
            "14:53: swaps.0.ranges.0.fade_out: takes 6 frames, but before it there are only 5 frames",
        ),
        (
            "ranges: [{from: 5, to: 9, skip: true, fade_in: 16}]",
            "14:52: swaps.0.ranges.0.fade_in: takes 16 frames, but after the range there are only 15 frames",
        ),
        (
            "ranges: [{from: 24, to: 90, skip: true}]",
            f"14:14: swaps.0.ranges.0: covers no frame from 24 to 90: {LENGTH}",
        ),
        (
            "ranges: [{from: 20, to: '00:00:00:10', skip: true}]",
            f"14:14: swaps.0.ranges.0: covers no frame from 20 to 00:00:00:10: {LENGTH}",
        ),
        (
            "ranges: [{from: 5, to: 9}]",
            "14:14: swaps.0.ranges.0: changes nothing: state merger:, skip:, opacity:, a fade or keyframes:",
        ),
        (
            "ranges: [{from: 5, to: 9, skip: true, opacity: 1}]",
            "14:14: swaps.0.ranges.0: skips its faces, so opacity: would do nothing; drop it, or skip:",
        ),
        (
            "ranges: [{from: 5, to: 9, keyframes: [{at: 12, opacity: 1}]}]",
            f"14:48: swaps.0.ranges.0.keyframes.0.at: 12 lies outside the range: {LENGTH}",
        ),
        (
            "ranges: [{from: 5, to: 9, face: largest, skip: true}]",
            (
                "14:37: swaps.0.ranges.0.face: must be {track: NUMBER}, {track: [NUMBERS]}, {person: NAME} or {like: "
                "PICTURE}, but is 'largest'"
            ),
        ),
        (
            "ranges: [{from: 5, to: 9, face: {person: bob}, skip: true}]",
            "14:37: swaps.0.ranges.0.face: needs a recognizer to tell people apart: name one under extract.recognizer",
        ),
        (
            "ranges: [{from: 5, to: 9, face: {like: bob.png}, skip: true}]",
            "14:44: swaps.0.ranges.0.face.like: there is no file",
        ),
    ],
)  # fmt: skip
def test_one_fault(faults, text, problem):
    found = faults(f"    {text}\n")
    assert any(line.startswith(f"cast.yaml:{problem}") for line in found), found


def test_what_fits_is_no_fault(faults):
    assert not faults(
        "    fade_in: 12\n    fade_out: 0.48s\n    keyframes: [{at: 0, opacity: 0}, {at: 23, opacity: 1}]\n"
        "    ranges:\n      - {from: 5, to: 900, opacity: 1, fade_out: 19}\n"
        "      - {from: 5, to: 9, skip: true, fade_out: 5, fade_in: 15}\n"
        "      - {from: 5, to: 9, keyframes: [{at: 5, opacity: 1}, {at: 9, opacity: 0}]}\n"
    )


def test_all_faults_come_at_once(faults):
    found = faults(
        "    keyframes: [{at: 24, opacity: 0}, {at: '00:00:09.000', opacity: 1}]\n"
        "    ranges: [{from: '00:00:00:30', to: 9, skip: true}, {from: 30, to: 40, skip: true}]\n"
    )
    places = ("14:22", "14:44", "15:21", "15:56")
    assert [line.split(": ")[0] for line in found] == [f"cast.yaml:{at}" for at in places]


def test_the_clips_own_time_code_has_to_be_there(faults):
    (found,) = faults("    ranges: [{from: '01:00:00:05', to: 9, skip: true}]\n", top="timecode: clip\n")
    assert found == (
        "cast.yaml:15:21: swaps.0.ranges.0.from: 01:00:00:05 is to be counted as the clip's own time code, but "
        "scene.mp4 carries none; drop timecode: clip and count from 00:00:00:00"
    )


def test_a_project_without_moments_reads_no_clip(project_file, fake_registry):
    check_times(load_project(project_file((RANGES, "")), fake_registry))  # whose clips are empty files


def test_a_run_refuses_before_any_work(project_file, fake_registry, drawn_clip, tmp_path):
    path = project_file(
        (RANGES, "    fade_in: 30\n"), ("facesets:", "consent: {basis: synthetic, statement: x}\nfacesets:")
    )
    drawn_clip(tmp_path / "scene.mp4")
    with pytest.raises(ProjectError, match="takes 30 frames, but the clip has 24"):
        run(load_project(path, fake_registry), progress=Silent())
    assert not (tmp_path / "cast.work").exists()


def test_check_says_what_it_could_not_compare(project_file, monkeypatch, fake_registry):
    monkeypatch.setattr("understudy.project.discover_for", lambda *_: fake_registry)
    done = CliRunner().invoke(app, ["check", str(project_file())])
    assert done.exit_code == 0
    assert "ranges and keyframes are not compared with the clips yet" in done.output
