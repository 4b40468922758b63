"""Built-in mergers, each on a stranger's footing."""
