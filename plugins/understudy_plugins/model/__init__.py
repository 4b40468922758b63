"""Built-in models, each on a stranger's footing."""
