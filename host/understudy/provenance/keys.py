"""Whose key signs: the one made on this machine, or a certificate of the user's own?

The own key is made when it is first needed and never leaves the user's settings folder; no project and no output
holds it. It stands under a root certificate of its own whose key is thrown away at once, so nothing else is ever issued
by it.
"""

from __future__ import annotations

import datetime
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import platformdirs
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from understudy.errors import RequestError

from .certificates import algorithm_of, certificates_in, key_in

__all__ = ["KEYS_VARIABLE", "Signer", "keys_folder", "own_root", "own_signer", "signer_of", "trusted_roots"]

KEYS_VARIABLE: Final = "UNDERSTUDY_KEYS"
"""Environment variable: the folder of the own key, instead of the user's settings folder."""

_YEARS: Final = 20
_ORGANIZATION: Final = "Understudy"


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs.

    Attributes:
        chain: PEM of the certificate, then of those it rests on.
        key: PEM of its private key.
        algorithm: As C2PA calls it, such as ``es256``.
    """

    chain: bytes
    key: bytes
    algorithm: str


def keys_folder() -> Path:
    """Return the folder of the own key; it may not exist."""
    return Path(os.environ.get(KEYS_VARIABLE) or Path(platformdirs.user_config_dir("understudy")) / "keys")


def own_signer() -> Signer:
    """Return the key of this machine, made now where there is none.

    Raises:
        RequestError: The folder cannot be written or read, or its files are damaged.
    """
    folder = keys_folder()
    own = folder / "own"
    try:
        if not own.exists():
            _make(own)
        return signer_of(own / "chain.pem", own / "key.pem")
    except OSError as error:
        raise RequestError(
            f"the signing key in {folder} cannot be made or read: {error.strerror}\n"
            f"  make the folder writable, or set {KEYS_VARIABLE} to one that is"
        ) from error


def own_root() -> str:
    """Return the root certificate of this machine's key, PEM; empty where there is no key yet."""
    try:
        chain = certificates_in(keys_folder() / "own" / "chain.pem")
    except (OSError, ValueError):
        return ""
    return chain[-1].public_bytes(serialization.Encoding.PEM).decode()


def trusted_roots() -> str:
    """Return the certificates that the user put into ``trusted.pem`` beside the own key; empty where there are none."""
    try:
        return (keys_folder() / "trusted.pem").read_text(encoding="ascii")
    except (OSError, ValueError):
        return ""


def signer_of(chain: Path, key: Path) -> Signer:
    """Return the signer that two PEM files hold.

    Raises:
        RequestError: They cannot be read, or hold something else.
    """
    try:
        certificates_in(chain)
        private = key_in(key)
        return Signer(chain.read_bytes(), key.read_bytes(), algorithm_of(private))
    except OSError as error:
        raise RequestError(f"{error.filename} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise RequestError(f"{chain} and {key} cannot sign: {error}") from error


def _make(own: Path) -> None:
    """Write a new key and its certificates; of two processes that do so at once, the first one's counts."""
    own.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = own.with_name(f"{own.name}.{secrets.token_hex(4)}.part")
    part.mkdir(mode=0o700)
    try:
        chain, key = _new_pair()
        for name, content in (("chain.pem", chain), ("key.pem", key)):
            descriptor = os.open(part / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
        if not own.exists():
            part.rename(own)
    except OSError:
        if not own.exists():
            raise
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _new_pair() -> tuple[bytes, bytes]:
    """Return a chain of an ES256 certificate and its root, and the certificate's private key, PEM."""
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    number = secrets.token_hex(4)
    issuer, subject = _name(f"Own root {number}"), _name(f"Own key {number}")
    root = _certificate(issuer, issuer, root_key.public_key(), root_key, is_root=True)
    leaf = _certificate(subject, issuer, key.public_key(), root_key, is_root=False)
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return leaf.public_bytes(pem) + root.public_bytes(pem), private


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, _ORGANIZATION),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    public: ec.EllipticCurvePublicKey,
    root_key: ec.EllipticCurvePrivateKey,
    *,
    is_root: bool,
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))  # clocks of other machines may be behind
        .not_valid_after(now + datetime.timedelta(days=365 * _YEARS))
        .add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
        .add_extension(_usage(is_root=is_root), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
    )
    if not is_root:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
    return builder.sign(root_key, hashes.SHA256())


def _usage(*, is_root: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_root,
        key_cert_sign=is_root,
        crl_sign=is_root,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
