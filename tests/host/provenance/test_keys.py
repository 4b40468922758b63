"""Is the own key made once and kept from others, and is a certificate refused before any work where it cannot sign?"""

import os
import stat

import pytest
from cryptography import x509

from understudy.errors import ProjectError, RequestError
from understudy.project import load_project
from understudy.provenance.certificates import certificate_fault, expiry_words
from understudy.provenance.keys import KEYS_VARIABLE, own_root, own_signer, signer_of


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(KEYS_VARIABLE, str(tmp_path / "keys"))
    return tmp_path / "keys"


def test_the_own_key_is_made_once_and_for_its_owner_alone(folder):
    assert own_root() == ""
    first = own_signer()
    assert own_signer() == first
    assert first.algorithm == "es256"
    assert own_root().encode() in first.chain
    assert sorted(path.name for path in folder.rglob("*")) == ["chain.pem", "key.pem", "own"]
    if os.name == "posix":
        assert stat.S_IMODE((folder / "own" / "key.pem").stat().st_mode) == 0o600
        assert stat.S_IMODE((folder / "own").stat().st_mode) == 0o700


def test_the_own_certificate_names_nobody_and_stands_under_its_root():
    leaf, root = x509.load_pem_x509_certificates(own_signer().chain)
    leaf.verify_directly_issued_by(root)
    assert "CN=Own key" in leaf.subject.rfc4514_string()
    assert not list(expiry_words(own_signer().chain))


def test_a_folder_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv(KEYS_VARIABLE, str(tmp_path / "file" / "keys"))
    with pytest.raises(RequestError, match=KEYS_VARIABLE):
        own_signer()


def test_a_good_certificate_has_no_fault(certificate):
    chain, key = certificate()
    assert certificate_fault(chain, key) is None
    assert signer_of(chain, key).algorithm == "es256"


@pytest.mark.parametrize(
    ("days", "usage", "words"),
    [((-30, -1), True, "expired on"), ((2, 9), True, "valid only from"), ((-1, 9), False, "digitalSignature")],
)
def test_a_certificate_that_cannot_sign_is_refused(certificate, days, usage, words):
    fault = certificate_fault(*certificate(days=days, usage=usage))
    assert fault is not None
    assert fault.part == "chain"
    assert words in fault.text


def test_files_that_do_not_belong_together_are_refused(certificate, tmp_path):
    (chain, key), (other, _) = certificate("one"), certificate("two")
    assert certificate_fault(other, key).part == "key"
    assert "no file" in certificate_fault(chain, tmp_path / "gone.pem").text
    assert "no key" in certificate_fault(chain, chain).text
    assert "no certificates" in certificate_fault(key, key).text


def test_the_end_that_is_near_is_told(certificate):
    chain, _ = certificate(days=(-30, 5))
    assert any("expires on" in words for words in expiry_words(chain.read_bytes()))
    chain, _ = certificate(days=(-30, -1))
    assert any("has expired on" in words for words in expiry_words(chain.read_bytes()))


def test_a_project_with_an_expired_certificate_is_refused_with_its_place(project_file, fake_registry, certificate):
    chain, key = certificate(days=(-30, -1))
    stated = f"  path: out/done.mp4\n  certificate: {{chain: '{chain}', key: '{key}'}}\n"
    path = project_file(("  path: out/done.mp4\n", stated))
    with pytest.raises(ProjectError) as caught:
        load_project(path, fake_registry)
    assert [("output.certificate.chain" in line, "expired on" in line) for line in caught.value.problems] == [
        (True, True)
    ]


def test_a_project_with_a_good_certificate_and_a_label_is_taken(project_file, fake_registry, certificate):
    chain, key = certificate()
    stated = f"  path: out/done.mp4\n  label: AI edit\n  certificate: {{chain: '{chain}', key: '{key}'}}\n"
    output = load_project(project_file(("  path: out/done.mp4\n", stated)), fake_registry).output
    assert (output.label, output.certificate.chain, output.certificate.key) == ("AI edit", chain, key)
