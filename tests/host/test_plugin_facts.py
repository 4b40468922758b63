"""Is all told of a plugin that a user needs before choosing it: settings, limits, weights, licences, paid work?"""

from __future__ import annotations

import json
from typing import Annotated, Literal

import pytest
from pydantic import Field

from understudy.plugin_facts import SettingFacts, facts_of, paid_work, row_facts, settings_of
from understudy.plugins import Offer, Origin, PluginRow, Registry
from understudy_sdk import CHANGEABLE, INPUT_PATH, StageConfig, StageSpec, UrlSource, WeightFile


class ToldConfig(StageConfig):
    """Settings of every kind."""

    depth: Annotated[int, Field(ge=1, lt=9, multiple_of=2, description="How deep.", json_schema_extra=CHANGEABLE)] = 4
    mode: Annotated[Literal["fast", "fine"], Field(description="How.")] = "fast"
    file: Annotated[str, Field(pattern="x$", json_schema_extra=INPUT_PATH)] = ""
    sides: Annotated[tuple[int, ...], Field(min_length=1)] = (1, 2)
    needed: float


WEIGHTS = {
    paid: WeightFile(
        name=f"{paid}.bin", sha256="0" * 64, size=1, code_licence="MIT", weights_licence="own terms", commercial=paid,
        sources=(UrlSource("https://example.org/x"),),
    )
    for paid in (True, False)
}  # fmt: skip


def offer(**facts):
    spec = StageSpec(name="told", summary="Tells.", config=ToldConfig, tiny=StageConfig(), build=print, **facts)
    return Offer("masker", spec, Origin("tell", "acme-face", "1.2", "Apache-2.0"))


def test_settings_with_their_limits():
    assert settings_of(ToldConfig) == [
        SettingFacts(
            "depth", "integer (>= 1, < 9, multiple of 2)", "4", "How deep. May change without starting training again."
        ),
        SettingFacts("mode", "fast | fine", "fast", "How."),
        SettingFacts("file", "string (like x$)", "empty", "A file or folder, relative to the project."),
        SettingFacts("sides", "list of integer (items >= 1)", "[1, 2]", ""),
        SettingFacts("needed", "number", "", ""),
    ]


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({}, "yes"),
        ({"weights": (WEIGHTS[True],)}, "yes"),
        ({"weights": (WEIGHTS[True], WEIGHTS[False])}, "no"),
        ({"weights": (WEIGHTS[False],), "weights_for": lambda config: ()}, "some settings"),
        ({"commercial": False}, "no"),
    ],
)
def test_whether_paid_work_is_allowed(facts, told):
    one = offer(**facts)
    assert paid_work(one) == told
    row = PluginRow("tell", "acme-face", "1.2", "masker", "told", "Tells.", "ok", "")
    assert row_facts(row, Registry([one], [row]))["paid_work"] == told


def test_a_row_without_an_offer_tells_nothing_of_paid_work():
    row = PluginRow("torn", "b-house", "2.0", "", "", "", "failed", "SyntaxError")
    assert row_facts(row, Registry([offer()], [row]))["paid_work"] is None


def test_the_facts_are_json():
    facts = json.loads(json.dumps(facts_of(offer(weights=(WEIGHTS[False],)))))
    assert (facts["distribution"], facts["version"], facts["licence"]) == ("acme-face", "1.2", "Apache-2.0")
    assert facts["weights"][0]["sources"] == ["https://example.org/x"]
    assert facts["weights"][0]["commercial"] is False
    assert facts["settings"]["properties"]["depth"]["exclusiveMaximum"] == 9
