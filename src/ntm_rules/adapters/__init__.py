"""Other people's tools, each thin and behind its own extra."""
