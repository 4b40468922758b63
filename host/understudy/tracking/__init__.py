"""How do faces found frame by frame become faces over time?"""

from .cuts import SIGNATURE_LENGTH, find_cuts, is_cut_between, signature
from .joining import Joining, Spotted, join_tracks, weak_tracks

__all__ = [
    "SIGNATURE_LENGTH",
    "Joining",
    "Spotted",
    "find_cuts",
    "is_cut_between",
    "join_tracks",
    "signature",
    "weak_tracks",
]
