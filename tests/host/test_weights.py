"""Are weight files found, checked, fetched and imported as promised?"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import urllib.request
import zipfile
from email.message import Message

import pytest

from understudy import weights as weights_module
from understudy.errors import WeightsError
from understudy.weights import WeightCache
from understudy_sdk import MissingWeightsError, UrlSource, WeightFile, WheelSource

CONTENT = b"numbers that know faces" * 100
MEMBER = "fakeweights/deep/net.tflite"


def declared(*sources, content: bytes = CONTENT, name: str = "net.tflite") -> WeightFile:
    return WeightFile(
        name=name,
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        code_licence="MIT",
        weights_licence="CC0-1.0",
        commercial=True,
        sources=sources,
    )


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("UNDERSTUDY_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("UNDERSTUDY_WEIGHTS", raising=False)


@pytest.fixture
def wheel_index(tmp_path, monkeypatch):
    """Give a maker of wheels in a folder that pip takes for its only index; no network is used."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.delenv("PIP_CONFIG_FILE", raising=False)

    def make(members: dict[str, bytes], tag: str = "py3-none-any") -> None:
        info = "fakeweights-1.0.dist-info"
        files = {
            **members,
            f"{info}/METADATA": b"Metadata-Version: 2.1\nName: fakeweights\nVersion: 1.0\n",
            f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n".encode(),
        }
        record = "".join(f"{name},{_record_hash(data)},{len(data)}\n" for name, data in files.items())
        with zipfile.ZipFile(folder / f"fakeweights-1.0-{tag}.whl", "w") as wheel:
            for name, data in {**files, f"{info}/RECORD": (record + f"{info}/RECORD,,\n").encode()}.items():
                wheel.writestr(name, data)

    return make


def _record_hash(data: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


@pytest.fixture
def web(monkeypatch):
    """Give a dictionary of addresses to contents that stands for the web."""
    pages: dict[str, bytes] = {}

    def urlopen(url, timeout):
        if url not in pages:
            raise urllib.request.HTTPError(url, 404, "Not Found", Message(), None)
        answer = io.BytesIO(pages[url])
        answer.geturl = lambda: pages.get("redirect", url)
        return answer

    monkeypatch.setattr("understudy.weight_sources.urllib.request.urlopen", urlopen)
    return pages


def silent(text: str) -> None:
    """Say nothing."""


def test_a_missing_file_is_named_with_its_sources_and_the_command():
    weight = declared(WheelSource("fakeweights==1.0", MEMBER), UrlSource("https://example.org/net"))
    with pytest.raises(MissingWeightsError) as caught:
        WeightCache().find(weight)
    assert "understudy weights pull net.tflite" in str(caught.value)
    assert "fakeweights==1.0" in str(caught.value)
    assert "https://example.org/net" in str(caught.value)


def test_folders_of_the_environment_come_before_the_cache(tmp_path, monkeypatch):
    for folder in ("share", "other"):
        (tmp_path / folder).mkdir()
    (tmp_path / "other" / "net.tflite").write_bytes(CONTENT)
    monkeypatch.setenv("UNDERSTUDY_WEIGHTS", os.pathsep.join(str(tmp_path / name) for name in ("share", "other")))
    cache = WeightCache()
    cache.cache.mkdir(parents=True)
    (cache.cache / "net.tflite").write_bytes(CONTENT)
    assert cache.find(declared()) == tmp_path / "other" / "net.tflite"
    (tmp_path / "share" / "net.tflite").write_bytes(CONTENT)
    assert cache.find(declared()) == tmp_path / "share" / "net.tflite"


def test_wrong_content_is_refused_with_both_hashes_and_the_command(tmp_path):
    (tmp_path / "net.tflite").write_bytes(CONTENT[:-1])
    cache = WeightCache([tmp_path])
    with pytest.raises(WeightsError) as caught:
        cache.find(declared())
    text = str(caught.value)
    assert str(tmp_path / "net.tflite") in text
    assert hashlib.sha256(CONTENT).hexdigest() in text
    assert hashlib.sha256(CONTENT[:-1]).hexdigest() in text
    assert "understudy weights pull net.tflite" in text
    assert cache.state(declared()) == ("damaged", tmp_path / "net.tflite")


def test_a_damaged_file_does_not_hide_a_sound_one(tmp_path):
    for folder, content in (("first", b"broken"), ("second", CONTENT)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "net.tflite").write_bytes(content)
    cache = WeightCache([tmp_path / "first", tmp_path / "second"])
    assert cache.find(declared()) == tmp_path / "second" / "net.tflite"


def test_a_verified_file_is_read_through_only_once(tmp_path, monkeypatch):
    file = tmp_path / "net.tflite"
    file.write_bytes(CONTENT)
    read = []
    original = weights_module._sha256
    monkeypatch.setattr(weights_module, "_sha256", lambda path: read.append(path) or original(path))
    for _ in range(3):
        assert WeightCache([tmp_path]).find(declared()) == file
    assert read == [file]


def test_a_file_that_changed_is_read_again(tmp_path):
    file = tmp_path / "net.tflite"
    file.write_bytes(CONTENT)
    WeightCache([tmp_path]).find(declared())
    file.write_bytes(CONTENT[::-1])
    os.utime(file, ns=(1, 1))
    with pytest.raises(WeightsError):
        WeightCache([tmp_path]).find(declared())


def test_a_broken_memory_of_verified_files_is_only_forgotten(tmp_path):
    (tmp_path / "net.tflite").write_bytes(CONTENT)
    cache = WeightCache([tmp_path])
    cache.cache.mkdir(parents=True)
    (cache.cache / "verified.json").write_text("{broken")
    assert cache.find(declared()) == tmp_path / "net.tflite"


@pytest.mark.parametrize("tag", ["py3-none-any", "cp311-cp311-manylinux_2_28_x86_64"])
def test_pulls_one_member_of_a_wheel_and_nothing_else(wheel_index, tag):
    wheel_index({MEMBER: CONTENT, "fakeweights/__init__.py": b"raise SystemExit"}, tag)
    said: list[str] = []
    cache = WeightCache()
    path = cache.pull(declared(WheelSource("fakeweights==1.0", MEMBER)), said.append)
    assert path.read_bytes() == CONTENT
    assert sorted(file.name for file in cache.cache.iterdir()) == ["net.tflite"]
    assert said == [f"net.tflite: fetching {MEMBER} in the wheel fakeweights==1.0"]


def test_a_members_path_cannot_leave_the_cache(wheel_index, tmp_path):
    wheel_index({"../../../escaped.tflite": CONTENT})
    cache = WeightCache()
    path = cache.pull(declared(WheelSource("fakeweights==1.0", "../../../escaped.tflite")), silent)
    assert path == cache.cache / "net.tflite"
    assert [file.name for file in tmp_path.rglob("escaped*")] == []


def test_a_pull_replaces_a_damaged_file(wheel_index):
    wheel_index({MEMBER: CONTENT})
    cache = WeightCache()
    cache.cache.mkdir(parents=True)
    (cache.cache / "net.tflite").write_bytes(b"half of it")
    weight = declared(WheelSource("fakeweights==1.0", MEMBER))
    assert cache.pull(weight, silent).read_bytes() == CONTENT
    assert cache.find(weight) == cache.cache / "net.tflite"


def test_a_file_that_is_here_is_not_fetched(tmp_path):
    (tmp_path / "net.tflite").write_bytes(CONTENT)
    said: list[str] = []
    assert WeightCache([tmp_path]).pull(declared(), said.append) == tmp_path / "net.tflite"
    assert said == []


def test_the_next_source_serves_where_one_fails(wheel_index, web):
    web["https://example.org/net"] = CONTENT
    sources = (WheelSource("fakeweights==1.0", MEMBER), UrlSource("https://example.org/net"))
    assert WeightCache().pull(declared(*sources), silent).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({MEMBER: CONTENT + b"!"}, "larger than the 2300 bytes declared"),
        ({MEMBER: CONTENT[::-1]}, "SHA-256"),
        ({"fakeweights/other": CONTENT}, "no such member"),
        (None, "fakeweights==1.0"),  # pip's own words about a package it cannot find
    ],
)
def test_a_wheel_that_does_not_serve_is_explained_and_leaves_nothing(wheel_index, members, why):
    if members is not None:
        wheel_index(members)
    cache = WeightCache()
    with pytest.raises(WeightsError) as caught:
        cache.pull(declared(WheelSource("fakeweights==1.0", MEMBER)), silent)
    assert why in str(caught.value)
    assert "understudy weights import FILE" in str(caught.value)
    assert list(cache.cache.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "pages", "why"),
    [
        ("http://example.org/net", {"http://example.org/net": CONTENT}, "only https"),
        ("https://example.org/net", {}, "404"),
        ("https://example.org/net", {"https://example.org/net": CONTENT * 2}, "larger than"),
        (
            "https://example.org/net",
            {"https://example.org/net": CONTENT, "redirect": "http://evil.example"},
            "not https",
        ),
    ],
)
def test_an_address_that_does_not_serve_is_explained(web, url, pages, why):
    web.update(pages)
    with pytest.raises(WeightsError, match=why):
        WeightCache().pull(declared(UrlSource(url)), silent)


def test_import_knows_a_file_by_its_content(tmp_path):
    (tmp_path / "renamed.bin").write_bytes(CONTENT)
    cache = WeightCache()
    path = cache.add([declared(content=b"other", name="other.tflite"), declared()], tmp_path / "renamed.bin")
    assert path == cache.cache / "net.tflite"
    assert cache.find(declared()).read_bytes() == CONTENT


def test_import_refuses_what_nobody_declares(tmp_path):
    (tmp_path / "net.tflite").write_bytes(b"something else")
    with pytest.raises(WeightsError, match="none of the 1 weight files"):
        WeightCache().add([declared()], tmp_path / "net.tflite")
    with pytest.raises(WeightsError, match="cannot be read"):
        WeightCache().add([declared()], tmp_path / "absent.tflite")
