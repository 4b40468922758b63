"""How does footage come in, frame by frame, and go out again?"""

from __future__ import annotations

from .checks import check_mergeable, check_square, refuse_unlike
from .clip import ClipInfo, probe
from .encoding import Encoding, check_encoding, encoding_for
from .fingerprint import fingerprint
from .frame import DecodedFrame
from .join import check_destination, join_chunks
from .laying import Laying, PlaneChange
from .reader import ClipReader
from .sequence import check_folder, write_pictures
from .stills import stills_of
from .writer import ChunkWriter

__all__ = [
    "ChunkWriter",
    "ClipInfo",
    "ClipReader",
    "DecodedFrame",
    "Encoding",
    "Laying",
    "PlaneChange",
    "check_destination",
    "check_encoding",
    "check_folder",
    "check_mergeable",
    "check_square",
    "encoding_for",
    "fingerprint",
    "join_chunks",
    "probe",
    "refuse_unlike",
    "stills_of",
    "write_pictures",
]
