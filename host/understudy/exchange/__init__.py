"""How do faces come from other programs, and go to them?

From DeepFaceLab (aligned JPEGs and packs) and faceswap (extracted PNGs) into a faceset; from a faceset to DeepFaceLab.
Files of others are read as data, whatever they ask for, and a name in one never becomes a path here.
"""

from .exporting import DEFAULT_QUALITY, export_dfl
from .importing import CropMasker, ImportSummary, import_faces
from .own_masks import crop_masker

__all__ = ["DEFAULT_QUALITY", "CropMasker", "ImportSummary", "crop_masker", "export_dfl", "import_faces"]
