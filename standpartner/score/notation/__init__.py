"""Notation files engraved by Verovio or LilyPond into a `Score`."""
