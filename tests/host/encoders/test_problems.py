"""Are an encoder that is not there, its hardware, its formats and its settings spoken of before any work?"""

from __future__ import annotations

import pytest

from understudy.encoders import catalogue, trial
from understudy.project.encoders import encoder_problems
from understudy.project.form import VideoForm


def problem(pattern="out/{clip}.mp4", **stated):
    (found,) = encoder_problems(VideoForm(**stated), pattern)
    return ".".join(map(str, found.loc)), found.text


@pytest.fixture
def no_cards(monkeypatch):
    """Play a machine without any hardware that encodes."""
    monkeypatch.setattr(trial, "_card_fault", lambda name, vendor: f"does not open: no {vendor} device")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("x264", "Did you mean 'libx264'? For h264 this build has libx264, libx264rgb"),
        ("h264_videotoolbox", "in software: libx264."),
        ("hevc_mediacodec", "For hevc this build has libx265"),
        ("librav1e", "in software: libsvtav1."),
        ("cinepack", "To see them all: understudy encoders"),
    ],
)
def test_an_encoder_that_is_missing_is_told_with_those_of_its_family(asked, words):
    place, text = problem(codec=asked)
    assert place == "output.video.codec"
    assert text.startswith(f"no encoder is called {asked!r}.")
    assert words in text


def test_hardware_that_is_not_there_is_said_when_the_project_is_checked(no_cards):
    if catalogue.encoder_named("hevc_nvenc") is None:
        pytest.skip("this build of FFmpeg has no hevc_nvenc")
    place, text = problem(codec="hevc_nvenc")
    assert place == "output.video.codec"
    assert text.startswith("hevc_nvenc does not open: no NVIDIA device")
    assert "in software: libx265." in text


def test_a_driver_that_ends_its_process_ends_only_the_trial(monkeypatch):
    monkeypatch.setattr(trial.sys, "executable", "/bin/false")
    trial._card_fault.cache_clear()
    assert trial._card_fault("h264_nvenc", "NVIDIA").startswith("ends its process: the NVIDIA driver")
    trial._card_fault.cache_clear()


def test_a_trial_in_a_process_of_its_own_says_what_the_encoder_said():
    assert trial.frame_fault("libx264", "yuv420p") == ""
    assert trial.frame_fault("prores_ks", "yuv420p") != ""
    trial._card_fault.cache_clear()
    assert trial._card_fault("libx264", "Nobody's") == ""
    trial._card_fault.cache_clear()


def test_a_wrong_pixel_format_is_told_with_all_that_are_right():
    place, text = problem(codec="prores_ks", pixel_format="yuv420p")
    assert place == "output.video.pixel_format"
    assert text.endswith("It takes: yuv422p10le, yuv444p10le, yuva444p10le.")


@pytest.mark.parametrize("codec", ["prores_ks", "dnxhd", "libvpx"])
def test_a_codec_that_always_loses_cannot_be_lossless(codec):
    place, text = problem(codec=codec, lossless=True)
    assert place == "output.video.lossless"
    assert "These can: libx264, libx265, libsvtav1, libvpx-vp9, ffv1." in text


@pytest.mark.parametrize(
    ("stated", "place"),
    [
        ({"crf": 16}, "output.video.crf"),
        ({"options": {"qp": "3"}}, "output.video.options.qp"),
        ({"codec": "libx265", "options": {"x265-params": "crf=20"}}, "output.video.options.x265-params"),
    ],
)
def test_lossless_and_a_quality_contradict_each_other(stated, place):
    assert problem(lossless=True, **stated)[0] == place


def test_an_encoder_without_crf_names_its_own_measure():
    assert problem(codec="prores_ks", crf=16)[1].endswith("its quality is set by options: {profile: ...}")


def test_a_setting_that_suits_one_of_the_formats_is_no_problem():
    assert encoder_problems(VideoForm(codec="dnxhd", options={"profile": "dnxhr_444"})) == []
    assert problem(codec="dnxhd", options={"profile": "dnxhr_444"}, pixel_format="yuv422p")[0].endswith("profile")


def test_settings_that_only_together_are_refused_are_told():
    place, text = problem(codec="libx264", options={"profile": "baseline"}, lossless=True)
    assert (place, "not all together" in text) == ("output.video.options", True)


def test_what_is_copied_from_the_source_is_not_stated_besides():
    assert problem(codec="copy-from-source", crf=16) == (
        "output.video.crf",
        "copy-from-source takes crf from the clip; drop it, or name a codec",
    )


def test_pictures_of_a_sequence_are_coded_as_their_suffix_says():
    assert encoder_problems(VideoForm(), "out/{clip}.%06d.exr") == []
    assert problem("out/%04d.png", codec="libx264") == (
        "output.video.codec",
        ".png pictures are coded as png, not as libx264; drop it",
    )
