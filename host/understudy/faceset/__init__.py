"""How are the faces of clips kept: pictures in a folder, and an index that says where each came from?

A faceset is ``faces/*`` (PNG, JPEG or WebP) beside ``index.sqlite`` (WAL mode). Its tables are plain: numbers are
columns, landmarks and matrices JSON, the mask a PNG, the mesh raw little-endian float32. Any program may look at the
pictures, query the index, or delete pictures: a deleted picture's row is dropped the next time the faceset is opened. A
chunk of frames appears whole: its pictures are renamed into place first, then all its rows and its mark are one
transaction. A chunk's mark says from which faces it was cut, so that only chunks whose faces changed are cut again.
"""

from .index import Faceset
from .labels import FaceLabel
from .masks import PendingMasks
from .rows import NO_TRACK, ClipRow, FaceNote, FaceRow, FoundFace, Look, Origin, TrackRow
from .schema import FORMAT

__all__ = [
    "FORMAT",
    "NO_TRACK",
    "ClipRow",
    "FaceLabel",
    "FaceNote",
    "FaceRow",
    "Faceset",
    "FoundFace",
    "Look",
    "Origin",
    "PendingMasks",
    "TrackRow",
]
