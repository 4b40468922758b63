"""Built-in enhancers, each on a stranger's footing."""
