"""Everything that plays the game or follows, found by its name."""
