"""How do clips become a faceset? Faces are found, settled over time, and cut.

``finding`` searches a clip chunk by chunk and keeps what it sees (``findings``); ``settling`` joins, fills and steadies
it, with people's ``corrections`` in place of what the machine saw; ``cutting`` cuts the crops; ``faces_of`` runs all of
it for a faceset of a project, as far as it is missing.
"""

from .cutting import placed_crop, warp_crop
from .faces_of import (
    check_clips,
    check_unchanging,
    extract_faceset,
    faceset_artifact,
    faceset_progress,
    findings_artifact,
    replaced_clips,
    require_extracted,
)
from .finding import CHUNK_FRAMES, Finder
from .people_of import settle_people

__all__ = [
    "CHUNK_FRAMES",
    "Finder",
    "check_clips",
    "check_unchanging",
    "extract_faceset",
    "faceset_artifact",
    "faceset_progress",
    "findings_artifact",
    "placed_crop",
    "replaced_clips",
    "require_extracted",
    "settle_people",
    "warp_crop",
]
