"""How does whatever is finished get its signed manifest, and what is said when it cannot?"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from understudy.project import LoadedProject
from understudy_sdk import UnderstudyError

from .certificates import expiry_words
from .keys import Signer, own_signer, signer_of
from .manifest import Kind, ingredients_of, manifest_of

if TYPE_CHECKING:
    from understudy.merging import ClipJob

__all__ = ["attest_file", "signer_mark"]

OWN: Final = "own key"

_LEFT: Final[dict[Kind, str]] = {
    "clip": "the clip is whole, with its tags and its watermark",
    "layer": "the layer is whole, with its watermark",
    "mask": "the mask is whole",
    "still": "the picture is whole",
}


def signer_mark(project: LoadedProject) -> str:
    """Return what names the signer that a project asks for, without making a key; another signer signs anew."""
    certificate = project.output.certificate
    if certificate is None:
        return OWN
    try:
        return hashlib.sha256(certificate.chain.read_bytes()).hexdigest()
    except OSError:
        return "a certificate that cannot be read"


def attest_file(  # what is signed, for which work, and who hears of it
    path: Path,
    project: LoadedProject,
    job: ClipJob,
    payload: int | None,
    say: Callable[[str], None],
    *,
    kind: Kind = "clip",
) -> str:
    """Sign a finished output, and return its signer's mark; empty where that failed, so that the next run tries again.

    The output stays whatever happens here: hours of work are not lost for a signature. A file that holds a manifest is
    written anew, with it; another gets one beside it. Of a folder every file is signed (``sequences``).

    Args:
        path: A clip, a picture, or a folder of pictures.
        project: The project.
        job: The clip whose faces were changed.
        payload: What the mark in its faces says; None where it holds no mark, as a mask does.
        say: Hears a line about what is wrong, or soon will be.
        kind: What the output is.
    """
    from .sequences import sign_folder  # noqa: PLC0415 # brings the C2PA library, which few commands need
    from .signing import sign  # noqa: PLC0415

    try:
        signer = _signer(project)
        for words in expiry_words(signer.chain):
            say(words)
        manifest = manifest_of(project, job, payload, title=path.name, kind=kind)
        (sign_folder if path.is_dir() else sign)(path, manifest, ingredients_of(job), signer)
    except (UnderstudyError, OSError) as error:
        say(f"{path.name} is not signed: {error}\n  {_LEFT[kind]}; mend that and merge again, which only signs it")
        return ""
    return signer_mark(project)


def _signer(project: LoadedProject) -> Signer:
    certificate = project.output.certificate
    return own_signer() if certificate is None else signer_of(certificate.chain, certificate.key)
