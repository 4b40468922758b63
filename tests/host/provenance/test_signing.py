"""Is a manifest written into every kind of file, or beside it, and does one changed byte show?"""

import cv2
import pytest

from understudy.provenance.keys import KEYS_VARIABLE, own_signer, signer_of
from understudy.provenance.manifest import CONSENT, SOURCE_TYPE, Ingredient
from understudy.provenance.reading import assertion, read_manifest
from understudy.provenance.signing import SigningError, sidecar_of, sign

ACTIONS = {
    "actions": [
        {"action": "c2pa.opened", "parameters": {"ingredientIds": ["target"]}},
        {"action": "c2pa.edited", "digitalSourceType": SOURCE_TYPE, "parameters": {"ingredientIds": ["source-anna-0"]}},
    ]
}
MANIFEST = {
    "claim_generator_info": [{"name": "Understudy", "version": "1"}],
    "title": "done",
    "assertions": [
        {"label": "c2pa.actions.v2", "data": ACTIONS},
        {"label": CONSENT, "data": {"basis": "synthetic", "statement": "Drawn, è vero"}},
    ],
}
KINDS = {
    "clip.mp4": "libx264",
    "clip.mov": "libx264",
    "clip.mkv": "ffv1",
    "clip.webm": "libvpx",
    "still.jpg": "",
    "still.png": "",
}


@pytest.fixture(autouse=True)
def keys(tmp_path, monkeypatch):
    monkeypatch.setenv(KEYS_VARIABLE, str(tmp_path / "keys"))


@pytest.fixture
def make(tmp_path, plain, encode):
    """Give a maker of small files of every kind."""

    def make(name):
        path, pictures = tmp_path / name, [picture[:96, :128].copy() for picture in plain[:4]]
        if not KINDS[name]:
            cv2.imwrite(str(path), pictures[0])
            return path
        return encode(path, pictures, codec=KINDS[name])

    return make


@pytest.fixture
def made_of(make):
    target = make("clip.mp4").rename(make("clip.mp4").with_name("target.mp4"))
    return (
        Ingredient("target", "target.mp4", "target", target, "ab" * 32),
        Ingredient("source-anna-0", "anna: anna.mkv", "source", target.with_name("anna.mkv"), "cd" * 32),
    )


@pytest.mark.parametrize("name", KINDS)
def test_what_is_signed_is_read_back_and_a_changed_byte_shows(make, made_of, name):
    path = make(name)
    before = path.read_bytes()
    place = sign(path, MANIFEST, made_of, own_signer())
    is_beside = name.endswith((".mkv", ".webm"))
    assert place == (sidecar_of(path) if is_beside else path)
    assert (path.read_bytes() == before) == is_beside
    assert place.stat().st_size - (0 if is_beside else len(before)) < 20_000

    read = read_manifest(path)
    assert (read.state, read.is_valid, read.faults) == ("own key", True, ())
    assert assertion(read, CONSENT) == {"basis": "synthetic", "statement": "Drawn, è vero"}
    described = {one["relationship"]: one["description"] for one in read.stated["ingredients"]}
    assert described == {"parentOf": "sha256:" + "ab" * 32, "componentOf": "sha256:" + "cd" * 32}
    assert "thumbnail" not in str(read.stated)

    content = bytearray(path.read_bytes())
    content[-20 if name.endswith("webm") else len(content) - 40] ^= 0x55
    path.write_bytes(content)
    changed = read_manifest(path)
    assert (changed.state, changed.is_valid) == ("invalid", False)
    assert changed.faults


def test_a_file_without_a_manifest_has_none(make):
    assert read_manifest(make("clip.mp4")).state == "none"
    assert read_manifest(make("clip.mkv")).state == "none"


def test_a_sidecar_of_another_file_is_invalid(make, made_of):
    path = make("clip.mkv")
    sign(path, MANIFEST, made_of, own_signer())
    path.write_bytes(path.read_bytes() + b"more")
    assert read_manifest(path).state == "invalid"


def test_a_manifest_that_was_tampered_with_is_invalid(make, made_of):
    path = make("clip.mp4")
    sign(path, MANIFEST, made_of, own_signer())
    path.write_bytes(path.read_bytes().replace(b"Drawn, ", b"Filmed ", 1))
    assert read_manifest(path).state == "invalid"


def test_a_stranger_is_named_and_a_trusted_one_trusted(make, made_of, certificate, tmp_path):
    path = make("clip.mp4")
    chain, key = certificate()
    sign(path, MANIFEST, made_of, signer_of(chain, key))
    read = read_manifest(path)
    assert (read.state, read.is_valid) == ("unknown signer", True)
    assert "Studio Nord" in read.signer
    (tmp_path / "keys").mkdir(exist_ok=True)
    (tmp_path / "keys" / "trusted.pem").write_bytes(
        chain.read_bytes().split(b"-----END CERTIFICATE-----\n")[1] + b"-----END CERTIFICATE-----\n"
    )
    assert read_manifest(path).state == "trusted"


def test_an_expired_certificate_signs_nothing_and_harms_nothing(make, made_of, certificate):
    path = make("clip.mp4")
    before = path.read_bytes()
    with pytest.raises(SigningError, match="certificate"):
        sign(path, MANIFEST, made_of, signer_of(*certificate(days=(-30, -1))))
    assert path.read_bytes() == before
    assert sorted(left.name for left in path.parent.glob("clip*")) == ["clip.mp4"]


def test_a_target_that_no_library_understands_is_named_by_its_hash(make, made_of):
    made_of[0].path.write_bytes(b"no film")
    path = make("clip.mp4")
    sign(path, MANIFEST, made_of, own_signer())
    assert read_manifest(path).state == "own key"
