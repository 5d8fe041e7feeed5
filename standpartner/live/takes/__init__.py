"""Records what was played, follows dropped recordings, and writes both as files."""
