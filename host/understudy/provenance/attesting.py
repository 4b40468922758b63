"""How does a finished clip get its signed manifest, and what is said when it cannot?"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from understudy.project import LoadedProject
from understudy_sdk import UnderstudyError

from .certificates import expiry_words
from .keys import Signer, own_signer, signer_of
from .manifest import ingredients_of, manifest_of

if TYPE_CHECKING:
    from understudy.merging import ClipJob

__all__ = ["attest", "signer_mark"]

OWN: Final = "own key"


def signer_mark(project: LoadedProject) -> str:
    """Return what names the signer that a project asks for, without making a key; another signer signs anew."""
    certificate = project.output.certificate
    if certificate is None:
        return OWN
    try:
        return hashlib.sha256(certificate.chain.read_bytes()).hexdigest()
    except OSError:
        return "a certificate that cannot be read"


def attest(project: LoadedProject, job: ClipJob, payload: int, say: Callable[[str], None]) -> str:
    """Sign a finished output, and return its signer's mark; empty where that failed, so that the next run tries again.

    The clip stays whatever happens here: hours of work are not lost for a signature.

    Args:
        project: The project.
        job: The clip whose output is to be signed.
        payload: What the mark in its faces says.
        say: Hears a line about what is wrong, or soon will be.
    """
    from .signing import sign  # noqa: PLC0415 # brings the C2PA library, which few commands need

    try:
        signer = _signer(project)
        for words in expiry_words(signer.chain):
            say(words)
        sign(job.output, manifest_of(project, job, payload), ingredients_of(job), signer)
    except UnderstudyError as error:
        say(
            f"{job.output.name} is not signed: {error}\n"
            "  the clip is whole, with its tags and its watermark; mend that and merge again, which only signs it"
        )
        return ""
    return signer_mark(project)


def _signer(project: LoadedProject) -> Signer:
    certificate = project.output.certificate
    return own_signer() if certificate is None else signer_of(certificate.chain, certificate.key)
