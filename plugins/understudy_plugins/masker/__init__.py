"""Built-in maskers, each on a stranger's footing."""
