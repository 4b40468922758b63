"""Does the JSON schema say what the checker says?"""

from __future__ import annotations

import json

from understudy.project import project_schema


def resolve(schema: dict, node: dict) -> dict:
    return schema["$defs"][node["$ref"].removeprefix("#/$defs/")] if "$ref" in node else node


def test_every_reference_leads_somewhere(fake_registry):
    schema = project_schema(fake_registry)
    text = json.dumps(schema)
    wanted = {part.partition('"')[0] for part in text.split('"#/$defs/')[1:]}
    assert wanted == set(schema["$defs"])


def test_the_settings_of_a_stage_depend_on_the_plugin(fake_registry):
    schema = project_schema(fake_registry)
    extract = resolve(schema, schema["properties"]["extract"])
    detector = resolve(schema, extract["properties"]["detector"])
    assert detector["properties"]["use"]["enum"] == ["finder", "seeker"]
    (settings,) = [
        resolve(schema, rule["then"]["properties"]["with"])
        for rule in detector["allOf"]
        if rule["if"]["properties"]["use"]["const"] == "finder"
    ]
    assert settings["properties"]["min_score"]["maximum"] == 1
    assert settings["additionalProperties"] is False


def test_a_model_has_iterations_and_a_range_may_leave_the_name_out(fake_registry):
    definitions = project_schema(fake_registry)["$defs"]
    assert "iterations" in definitions["model"]["properties"]
    assert definitions["merger"]["required"] == ["use"]
    assert "required" not in definitions["merger_of_range"]
    assert definitions["RangeForm"]["required"] == ["from", "to"]


def test_what_keyframes_may_say_depends_on_the_merger_that_holds(fake_registry):
    definitions = project_schema(fake_registry)["$defs"]
    swap, part = definitions["SwapForm"]["allOf"][:2], definitions["RangeForm"]["allOf"]

    def keyed(rule: dict) -> str:
        return rule["properties"]["keyframes"]["items"]["properties"]["merger"]["$ref"]

    names = ["#/$defs/merger.blender", "#/$defs/merger.paster"]
    assert [rule["if"]["properties"]["merger"]["properties"]["use"]["const"] for rule in swap] == ["blender", "paster"]
    assert [keyed(rule["then"]["allOf"][0]) for rule in swap] == names
    below = [rule["then"]["allOf"][1]["properties"]["ranges"]["items"] for rule in swap]
    assert [keyed(rule["then"]) for rule in below] == names
    assert below[0]["if"] == {"properties": {"merger": {"not": {"required": ["use"]}}}}
    assert [keyed(rule["then"]) for rule in part] == names


def test_keyframes_may_say_of_a_model_what_decides_its_swaps(fake_registry):
    rules = project_schema(fake_registry)["$defs"]["SwapForm"]["allOf"][2:]
    said = [rule["then"]["properties"]["keyframes"]["items"]["properties"]["model"] for rule in rules]
    assert said == [
        {"propertyNames": {"enum": ["morph"]}, "$ref": "#/$defs/model.learner"},
        {"propertyNames": {"enum": []}, "$ref": "#/$defs/model.player"},
    ]
