"""What must every offer say about itself, whatever its stage?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import ValidationError

from understudy_sdk.errors import MissingWeightsError
from understudy_sdk.stages import (
    FollowingAligner,
    Resources,
    StageConfig,
    StageSpec,
    TrainableMasker,
    TrainableModel,
)

from .promises import BrokenPromiseError, about, expect
from .values import offline_cpu

__all__ = ["OfferContract"]

_LIMITS: Final = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "enum", "const")
_SUMMARY_CHARACTERS: Final = 120


class OfferContract:
    """What every offer must say. Subclass, give a ``spec`` fixture, done."""

    def resources(self) -> Resources:
        """Return what the stage is built with; without the weight files it needs, it is not built here."""
        return offline_cpu()

    @about("settings")
    def test_has_a_name_and_one_line_about_itself(self, spec: StageSpec[Any]) -> None:
        """Its name is snake_case, its summary one line."""
        expect(re.fullmatch(r"[a-z][a-z0-9_]*", spec.name) is not None, "a name in snake_case", repr(spec.name))
        summary = spec.summary.strip()
        is_line = bool(summary) and "\n" not in summary and len(summary) <= _SUMMARY_CHARACTERS
        expect(is_line, f"a summary of one line, up to {_SUMMARY_CHARACTERS} characters", repr(spec.summary))
        expect(spec.revision >= 1, "a revision of 1 or more", spec.revision)

    @about("settings")
    def test_settings_are_strict(self, spec: StageSpec[Any]) -> None:
        """Its settings are a StageConfig with a default for each, that refuses unknown keys; ``tiny`` is one of it."""
        config: object = spec.config
        is_config = isinstance(config, type) and issubclass(config, StageConfig)
        expect(is_config, "settings that are a class derived from StageConfig", repr(config))
        expect(type(spec.tiny) is spec.config, f"tiny of {spec.config.__name__}", type(spec.tiny).__name__)
        try:
            spec.config()
        except ValidationError as error:  # what is wrong with no setting alone, the user is to choose
            faults = "; ".join(f"{fault['loc'][0]}: {fault['msg']}" for fault in error.errors() if fault["loc"])
            expect(not faults, "a default for every setting, that keeps its limits", faults)
        try:
            spec.config(**{"no such setting": 1})
        except ValidationError:
            return
        raise BrokenPromiseError("an unknown setting is refused", "it is taken; leave extra='forbid' as it is")

    @about("settings")
    def test_settings_survive_the_project_file(self, spec: StageSpec[Any]) -> None:
        """Written as JSON and read back, settings are the same."""
        again = spec.config.model_validate(spec.tiny.model_dump(mode="json", by_alias=True))
        expect(again == spec.tiny, f"{spec.tiny!r} again", repr(again))

    @about("settings")
    def test_every_setting_is_described(self, spec: StageSpec[Any]) -> None:
        """Its settings have a docstring, and each of them a description for ``understudy plugins show``."""
        inherits = spec.config.__doc__ in {None, "", StageConfig.__doc__}
        expect(spec.config is StageConfig or not inherits, f"a docstring on {spec.config.__name__}", "none")
        silent = [name for name, facts in _settings(spec) if not str(facts.get("description", "")).strip()]
        expect(not silent, "a description of every setting: Field(description=...)", f"none for {', '.join(silent)}")

    @about("settings")
    def test_every_number_has_a_limit(self, spec: StageSpec[Any]) -> None:
        """Settings that are numbers say how small or large they may be."""
        free = [name for name, facts in _settings(spec) if _is_unlimited(facts, _definitions(spec))]
        expect(not free, "a limit on every number: Field(ge=..., le=...)", f"none for {', '.join(free)}")

    @about("licence")
    def test_weights_say_their_terms_and_where_they_are(self, spec: StageSpec[Any]) -> None:
        """Every weight file states the licences of its code and of the weights, its size, and where it can be had."""
        for weight in spec.weights:
            for name in ("code_licence", "weights_licence"):
                stated = bool(str(getattr(weight, name)).strip())
                expect(stated, f"{name} of {weight.name}: an SPDX name, or words", "an empty text")
            expect(weight.size > 0, f"the size of {weight.name} in bytes", weight.size)
            expect(bool(weight.sources), f"a place where {weight.name} can be had", "none")
        names = [weight.name for weight in spec.weights]
        expect(len(names) == len(set(names)), "another name for each weight file", names)

    @about("licence")
    def test_names_the_weights_that_settings_need(self, spec: StageSpec[Any]) -> None:
        """``weights_for`` gives, for ``tiny``, weight files that the offer declares."""
        declared = {weight.name for weight in spec.weights}
        needed = [weight.name for weight in spec.weights_needed(spec.tiny)]
        strange = ", ".join(name for name in needed if name not in declared)
        expect(not strange, f"files of weights ({', '.join(sorted(declared)) or 'none'})", strange)

    @about("answers")
    def test_builds_what_it_says(self, spec: StageSpec[Any]) -> None:
        """``learns`` and ``follows`` are what the stage that is built can do."""
        try:
            stage = spec.build(spec.tiny, self.resources())
        except MissingWeightsError:
            return
        can_learn = isinstance(stage, TrainableModel | TrainableMasker)
        expect(can_learn == spec.learns, f"learns={can_learn}, as {type(stage).__name__} is", f"learns={spec.learns}")
        can_follow = isinstance(stage, FollowingAligner)
        expect(can_follow or not spec.follows, f"a follow() of {type(stage).__name__}, for follows=True", "none")


def _settings(spec: StageSpec[Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield from spec.config.model_json_schema(by_alias=True).get("properties", {}).items()


def _definitions(spec: StageSpec[Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = spec.config.model_json_schema(by_alias=True).get("$defs", {})
    return found


def _is_unlimited(facts: Mapping[str, Any], definitions: Mapping[str, Any]) -> bool:
    """Whether a setting's JSON schema admits any number at all."""
    if "$ref" in facts:
        return _is_unlimited(definitions[facts["$ref"].rpartition("/")[2]], definitions)
    choices = [*facts.get("anyOf", ()), *facts.get("prefixItems", ())]
    if isinstance(facts.get("items"), dict):
        choices.append(facts["items"])
    if any(_is_unlimited(choice, definitions) for choice in choices):
        return True
    return facts.get("type") in {"integer", "number"} and not any(key in facts for key in _LIMITS)
