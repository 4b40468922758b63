"""Are weight files fetched out of published source archives, and only out of the one that was meant?"""

from __future__ import annotations

import hashlib
import io
import tarfile

import pytest

from understudy.errors import WeightsError
from understudy.weights import WeightCache
from understudy_sdk import SdistSource, WeightFile

CONTENT = b"numbers that know faces" * 100
MEMBER = "fakeweights-1.0/fakeweights/net.dat"

# A build backend of the archive's own, so that pip needs nothing else to read what the archive is.
BACKEND = """
from pathlib import Path
def prepare_metadata_for_build_wheel(folder, config=None):
    info = Path(folder, "fakeweights-1.0.dist-info")
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\\nName: fakeweights\\nVersion: 1.0\\n")
    return info.name
def build_wheel(folder, config=None, metadata=None): raise NotImplementedError
def build_sdist(folder, config=None): raise NotImplementedError
"""
PROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'


@pytest.fixture
def sdist(tmp_path, monkeypatch):
    """Put a source archive into a folder that pip takes for its only index, and return the archive's SHA-256."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("UNDERSTUDY_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("UNDERSTUDY_WEIGHTS", raising=False)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.delenv("PIP_CONFIG_FILE", raising=False)
    members = {
        MEMBER: CONTENT,
        "fakeweights-1.0/pyproject.toml": PROJECT.encode(),
        "fakeweights-1.0/backend.py": BACKEND.encode(),
        "fakeweights-1.0/PKG-INFO": b"Metadata-Version: 2.1\nName: fakeweights\nVersion: 1.0\n",
    }
    path = folder / "fakeweights-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            about = tarfile.TarInfo(name)
            about.size = len(content)
            archive.addfile(about, io.BytesIO(content))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def declared(archive_sha256: str, member: str = MEMBER, size: int = len(CONTENT)) -> WeightFile:
    return WeightFile(
        name="net.dat",
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        size=size,
        code_licence="MIT",
        weights_licence="CC0-1.0",
        commercial=True,
        sources=(SdistSource("fakeweights==1.0", archive_sha256, member),),
    )


def test_a_member_of_a_source_archive_is_fetched(sdist):
    said = []
    assert WeightCache().pull(declared(sdist), said.append).read_bytes() == CONTENT
    assert any(f"{MEMBER} in the source archive of fakeweights==1.0" in line for line in said)


def test_an_archive_of_other_content_is_refused(sdist):
    with pytest.raises(WeightsError, match=r"(?i)hash"):
        WeightCache().pull(declared("0" * 64), lambda _: None)


def test_a_member_that_is_not_there_is_said(sdist):
    with pytest.raises(WeightsError, match="no such member"):
        WeightCache().pull(declared(sdist, "fakeweights-1.0/other.dat"), lambda _: None)


def test_a_member_larger_than_declared_is_refused(sdist):
    with pytest.raises(WeightsError, match="larger than the 10 bytes"):
        WeightCache().pull(declared(sdist, size=10), lambda _: None)
