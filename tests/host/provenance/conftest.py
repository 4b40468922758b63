"""Clips with a drawn face that carries the mark, and signers of several kinds."""

from __future__ import annotations

import datetime

import av
import cv2
import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from understudy.provenance.keys import own_signer
from understudy.provenance.manifest import CONSENT, SOURCE_TYPE, WATERMARK
from understudy.provenance.marking import FaceMark
from understudy.provenance.pattern import SCHEME
from understudy.provenance.signing import sign
from understudy_sdk import Layer

PAYLOAD = 0xABC123
LUMA = 0.2126, 0.7152, 0.0722
SIZE = 640, 360
SIDE = 270


def encoded(path, pictures, codec="libx264", pix_fmt="yuv420p", size=None, **options):
    """Encode RGB pictures, scaled where another size is asked for."""
    height, width = pictures[0].shape[:2]
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25, options=options)
        stream.width, stream.height = size or (width, height)
        stream.pix_fmt = pix_fmt
        for picture in pictures:
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            container.mux(stream.encode(frame.reformat(stream.width, stream.height, pix_fmt, interpolation="BICUBIC")))
        container.mux(stream.encode())
    return path


def decoded(path):
    """Give a clip's frames as RGB."""
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def brightness_of(rgb):
    """Give how bright a picture is, as a frame tells it."""
    return cv2.transform(rgb, np.array([LUMA], np.float32))


def texture(random, height, width, fineness):
    """Draw something between noise and clouds, uint8 (h, w, 3)."""
    coarse = cv2.GaussianBlur(random.normal(size=(height, width)).astype(np.float32), (0, 0), fineness)
    fine = random.normal(size=(height, width)) * 0.06
    level = 128 + 35 * coarse / coarse.std() + 35 * fine
    return np.clip(level[..., None] + np.array([14, 0, -10]), 0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def brightness():
    """Give the function that tells how bright a picture is."""
    return brightness_of


@pytest.fixture(scope="session")
def encode():
    """Give the function that encodes pictures."""
    return encoded


@pytest.fixture(scope="session")
def decode():
    """Give the function that decodes a clip."""
    return decoded


@pytest.fixture(scope="session")
def film():
    """Give RGB frames of a textured oval that wanders over a textured ground, marked or not, and their masks."""

    def make(payload=PAYLOAD, frames=56):
        random = np.random.default_rng(5)
        width, height = SIZE
        ground, face = texture(random, height, width, 5.0), texture(random, SIDE, SIDE, 7.0)
        rows, columns = np.mgrid[:SIDE, :SIDE]
        oval = ((rows - SIDE / 2) ** 2 + (columns - SIDE / 2) ** 2) ** 0.5
        mask = np.clip((SIDE / 2 - 2 - oval) / 12, 0, 1).astype(np.float32)
        pictures, masks = [], []
        for number in range(frames):
            x, y = 160 + number // 3, 40 + round(6 * np.sin(number / 9))
            picture, covered = ground.copy(), np.zeros((height, width), bool)
            there = picture[y : y + SIDE, x : x + SIDE]
            before, layer = there.astype(np.float32) / 255, Layer(face.astype(np.float32) / 255, mask)
            if payload is not None:
                layer = FaceMark(width, height, payload).laid(layer, (x, y), brightness_of(before), LUMA)
            blended = before + (layer.rgb - before) * mask[..., None]
            there[:] = np.clip(np.rint(blended * 255), 0, 255)
            covered[y : y + SIDE, x : x + SIDE] = mask > 0
            pictures.append(picture)
            masks.append(covered)
        return pictures, masks

    return make


@pytest.fixture(scope="session")
def marked(film):
    """Give the marked frames."""
    return film()[0]


@pytest.fixture(scope="session")
def plain(film):
    """Give the same frames without the mark."""
    return film(None)[0]


@pytest.fixture
def certificate(tmp_path):
    """Give a maker of certificates: PEM files of a chain and a key."""

    def make(name="own", *, days=(-30, 365), usage=True):
        now = datetime.datetime.now(datetime.UTC)
        first, last = (now + datetime.timedelta(days=day) for day in days)
        root_key, key = ec.generate_private_key(ec.SECP384R1()), ec.generate_private_key(ec.SECP256R1())
        root = _signed("Root", "Root", root_key.public_key(), root_key, now, (first, last), is_root=True)
        leaf = _signed("Studio", "Root", key.public_key(), root_key, now, (first, last), is_root=not usage)
        pem = serialization.Encoding.PEM
        chain, private = tmp_path / f"{name}-chain.pem", tmp_path / f"{name}-key.pem"
        chain.write_bytes(leaf.public_bytes(pem) + root.public_bytes(pem))
        plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        private.write_bytes(key.private_bytes(pem, *plain))
        return chain, private

    return make


def _signed(subject, issuer, public, root_key, now, span, *, is_root):
    def name(common):
        words = ((NameOID.ORGANIZATION_NAME, "Studio Nord"), (NameOID.COMMON_NAME, common))
        return x509.Name([x509.NameAttribute(*pair) for pair in words])

    rights = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only"), False
    )
    builder = (
        x509.CertificateBuilder(name(issuer), name(subject), public, x509.random_serial_number(), *span)
        .add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=not is_root,
                key_cert_sign=is_root,
                crl_sign=is_root,
                decipher_only=False,
                **rights,
            ),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
    )
    return builder.sign(root_key, hashes.SHA256())


@pytest.fixture
def sign_with_mark():
    """Give a function that signs a clip with a manifest that names the mark's message."""

    def sign_one(path, payload, statement="drawn"):
        manifest = {
            "claim_generator_info": [{"name": "Understudy", "version": "1"}],
            "title": path.name,
            "assertions": [
                {
                    "label": "c2pa.actions.v2",
                    "data": {"actions": [{"action": "c2pa.created", "digitalSourceType": SOURCE_TYPE}]},
                },
                {"label": WATERMARK, "data": {"scheme": SCHEME, "payload": f"{payload:06x}"}},
                {"label": CONSENT, "data": {"basis": "synthetic", "statement": statement}},
            ],
        }
        sign(path, manifest, (), own_signer())

    return sign_one
