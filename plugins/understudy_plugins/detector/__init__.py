"""Built-in detectors, each on a stranger's footing."""
