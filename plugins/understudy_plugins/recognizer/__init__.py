"""Built-in recognizers, each on a stranger's footing."""
