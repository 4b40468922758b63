"""Does the list of encoders say what each stores and where it goes?"""

from __future__ import annotations

import json

import pytest
from av.codec import Codec
from typer.testing import CliRunner

from understudy.cli import app
from understudy.encoders import encoder_options, trial
from understudy.encoders.catalogue import TRAITS, encoder_named, stored_formats
from understudy.encoders.listing import encoder_rows

HERE = [name for name, traits in TRAITS.items() if encoder_named(name) and not traits.vendor]


@pytest.fixture(autouse=True)
def no_cards(monkeypatch):
    monkeypatch.setattr(trial, "_card_fault", lambda name, vendor: f"does not open: no {vendor} device")


def test_rows_say_what_an_encoder_stores():
    rows = {row.name: row for row in encoder_rows()}
    x265, ffv1, prores = rows["libx265"], rows["ffv1"], rows["prores_ks"]
    assert (x265.bits, x265.alpha, x265.lossless) == ((8, 10, 12), False, "asked")
    assert {"4:2:0", "4:2:2", "4:4:4"} <= set(x265.chroma)
    assert (ffv1.alpha, ffv1.lossless, ".mov" in ffv1.files, ".mkv" in ffv1.files) == (True, "always", False, True)
    assert (prores.bits, prores.alpha, prores.lossless) == ((10,), True, "no")
    assert prores.defaults["profile"] == "hq"
    assert rows["png"].files[0] == ".png"
    assert all(bool(row.hardware) == bool(row.fault) for row in rows.values())


def test_the_command_prints_a_table_and_json():
    table = CliRunner().invoke(app, ["encoders"]).stdout
    assert table.startswith("encoder ")
    assert "libsvtav1" in table
    rows = json.loads(CliRunner().invoke(app, ["encoders", "--json"]).stdout)
    assert {"name", "family", "pixel_formats", "lossless", "hardware", "fault", "files"} <= set(rows[0])
    assert len(encoder_rows(is_every=True)) > len(rows)


@pytest.mark.parametrize("name", HERE)
@pytest.mark.parametrize("lossless", [False, True])
def test_every_encoder_of_the_catalogue_takes_what_it_is_told(name, lossless):
    codec = Codec(name, "w")
    if lossless and TRAITS[name].lossless is None:
        return
    for pixel_format in stored_formats(codec)[:3]:
        options = encoder_options(codec, pixel_format, {}, lossless=lossless)
        assert trial.option_fault(codec, options, pixel_format) == "", pixel_format


def test_a_stated_measure_takes_the_place_of_ours():
    x264 = Codec("libx264", "w")
    assert encoder_options(x264, "yuv420p", {}, lossless=False) == {"crf": "16", "preset": "medium"}
    assert encoder_options(x264, "yuv420p", {"crf": "20"}, lossless=False) == {"crf": "20", "preset": "medium"}
    assert encoder_options(x264, "yuv420p", {"qp": "0"}, lossless=False) == {"qp": "0", "preset": "medium"}
    assert encoder_options(Codec("libx265", "w"), "yuv420p", {"x265-params": "aq-mode=1"}, lossless=True) == {
        "x265-params": "lossless=1:aq-mode=1",
        "preset": "medium",
    }
