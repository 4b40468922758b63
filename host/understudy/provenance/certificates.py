"""Can a certificate of the user's own sign, and how long yet?"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

__all__ = ["CertificateFault", "algorithm_of", "certificate_fault", "certificates_in", "expiry_words", "key_in"]

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

_CURVES: Final = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
_SOON: Final = datetime.timedelta(days=14)


@dataclass(frozen=True, slots=True)
class CertificateFault:
    """What is wrong with a certificate: ``part`` is ``chain`` or ``key``, ``text`` says what and what to do."""

    part: str
    text: str


def certificate_fault(chain: Path, key: Path) -> CertificateFault | None:
    """Find what keeps a certificate from signing: files, their kind, whether they belong together, the date."""
    for part, path in (("chain", chain), ("key", key)):
        if not path.is_file():
            return CertificateFault(part, f"there is no file {path}")
    try:
        certificates = certificates_in(chain)
    except (OSError, ValueError) as error:
        return CertificateFault("chain", f"{chain} holds no certificates: {error}")
    try:
        private = key_in(key)
        algorithm_of(private)
    except (OSError, ValueError) as error:
        return CertificateFault("key", f"{key} holds no key to sign with: {error}")
    leaf, now = certificates[0], datetime.datetime.now(datetime.UTC)
    form = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    if leaf.public_key().public_bytes(*form) != private.public_key().public_bytes(*form):
        text = f"{key} is not the key of the first certificate in {chain}; the signer's own certificate comes first"
        return CertificateFault("key", text)
    if leaf.not_valid_after_utc <= now:
        expired = f"expired on {leaf.not_valid_after_utc:%Y-%m-%d}"
        return CertificateFault("chain", f"the certificate in {chain} {expired}; renew it, or leave certificate: out")
    if leaf.not_valid_before_utc > now:
        text = f"the certificate in {chain} is valid only from {leaf.not_valid_before_utc:%Y-%m-%d} on"
        return CertificateFault("chain", text)
    return _use_fault(leaf, chain)


def certificates_in(path: Path) -> list[x509.Certificate]:
    """Return the certificates of a PEM file, in its order.

    Raises:
        OSError: It cannot be read.
        ValueError: It holds none, or a damaged one.
    """
    return x509.load_pem_x509_certificates(path.read_bytes())


def key_in(path: Path) -> PrivateKey:
    """Return the private key of a PEM file.

    Raises:
        OSError: It cannot be read.
        ValueError: It holds no key, one with a password, or one of a kind that C2PA does not sign with.
    """
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except TypeError as error:
        raise ValueError("it has a password; store it without one, readable for yourself alone") from error
    except UnsupportedAlgorithm as error:
        raise ValueError("it is of an unknown kind; use an EC, RSA or Ed25519 key") from error
    if not isinstance(key, (ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey, ed25519.Ed25519PrivateKey)):
        raise ValueError("it is of a kind that C2PA does not sign with; use an EC, RSA or Ed25519 key")
    return key


def algorithm_of(key: PrivateKey) -> str:
    """Return what C2PA calls signing with a key.

    Raises:
        ValueError: It does not know the key's curve.
    """
    if isinstance(key, rsa.RSAPrivateKey):
        return "ps256"
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if key.curve.name not in _CURVES:
        raise ValueError(f"its curve is {key.curve.name}; use P-256, P-384 or P-521")
    return _CURVES[key.curve.name]


def expiry_words(chain: bytes) -> Iterator[str]:
    """Say which of a signer's certificates ends soon, or has ended while the work ran."""
    now = datetime.datetime.now(datetime.UTC)
    for certificate in x509.load_pem_x509_certificates(chain):
        end = certificate.not_valid_after_utc
        if end < now + _SOON:
            name = certificate.subject.rfc4514_string()
            has = "has expired" if end <= now else "expires"
            yield f"the certificate {name} {has} on {end:%Y-%m-%d %H:%M} UTC; renew it before the next merge"


def _use_fault(leaf: x509.Certificate, chain: Path) -> CertificateFault | None:
    """Find a certificate that was issued for something else; C2PA refuses those, but only when the work is done."""
    try:
        usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
        leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
        is_made_for_it = usage.digital_signature and not usage.key_cert_sign
    except x509.ExtensionNotFound:
        is_made_for_it = False
    if is_made_for_it:
        return None
    text = (
        f"the first certificate in {chain} is not made for signing documents: it needs the key usage digitalSignature"
        " and an extended key usage, such as emailProtection"
    )
    return CertificateFault("chain", text)
