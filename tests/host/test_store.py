"""Does the work folder keep results by recipe, whole, and say what changed?"""

import json

import pytest

from understudy.errors import StoreError
from understudy.store import WorkFolder, differences, digest, read_json, write_json


def test_a_digest_ignores_the_order_of_keys_and_sees_every_value():
    assert digest({"a": 1, "b": [1, 2]}) == digest({"b": [1, 2], "a": 1})
    assert digest({"a": 1}) != digest({"a": 2})
    assert digest({"a": [1, 2]}) != digest({"a": [2, 1]})


def test_differences_name_the_changed_keys():
    old = {"detector": {"settings": {"min_score": 0.5, "tiles": "off"}}, "crop_size": 256}
    new = {"detector": {"settings": {"min_score": 0.6, "tiles": "off"}}, "crop_size": 256, "extra": 1}
    assert differences(old, new) == ["detector.settings.min_score", "extra"]


def test_json_is_written_whole(tmp_path):
    write_json(tmp_path / "a.json", {"x": 1})
    assert read_json(tmp_path / "a.json") == {"x": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
    assert read_json(tmp_path / "none.json") is None


def test_a_damaged_file_is_named(tmp_path):
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(StoreError, match=r"a\.json"):
        read_json(tmp_path / "a.json")


def test_results_of_other_recipes_lie_beside_each_other_and_say_what_changed(tmp_path):
    work = WorkFolder(tmp_path / "p.work")
    work.prepare()
    first = work.artifact("extract", "anna", {"size": 256, "detector": {"name": "a"}})
    first.prepare()
    second = work.artifact("extract", "anna", {"size": 512, "detector": {"name": "a"}})
    assert first.folder != second.folder
    assert work.why_stale(first) == ""
    assert work.why_stale(second) == "size"
    assert json.loads((first.folder / "recipe.json").read_text()) == {"size": 256, "detector": {"name": "a"}}


def test_names_cannot_leave_the_folder(tmp_path):
    work = WorkFolder(tmp_path / "p.work")
    artifact = work.artifact("extract", "../../etc/x y", {})
    assert artifact.folder.parent == tmp_path / "p.work" / "extract"
    with pytest.raises(StoreError):
        work.remove(tmp_path)


def test_a_newer_work_folder_is_refused_and_left_alone(tmp_path):
    (tmp_path / "p.work").mkdir()
    write_json(tmp_path / "p.work" / "work.json", {"format": 99})
    with pytest.raises(StoreError, match="newer Understudy"):
        WorkFolder(tmp_path / "p.work")
    assert read_json(tmp_path / "p.work" / "work.json") == {"format": 99}


def test_an_unwritable_place_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        WorkFolder(tmp_path / "file" / "p.work").prepare()
