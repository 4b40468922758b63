"""The plugins that come with Understudy; the host does not know them by name."""
