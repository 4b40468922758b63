"""Built-in aligners, each on a stranger's footing."""
