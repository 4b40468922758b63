"""What do the figures of a merge mean?"""

from __future__ import annotations

from typing import Final

from understudy.quality.measuring import Meaning

__all__ = ["MEANINGS"]

MEANINGS: Final = {
    "seam": Meaning("Seam energy", "times the clip's own", False),
    "color": Meaning("Colour difference inside", "CIEDE2000", False),
    "flicker": Meaning("Flicker beyond the clip's", "levels of 255", False),
    "sharpness": Meaning("Sharpness against the neighbourhood", "times the clip's own", None),
}
"""What is measured of each face, by the names that figures have, in the order in which a table shows them."""
