"""Trained models of other programs, and ours on their way there: DeepFaceLab's folders, and DFM files."""
