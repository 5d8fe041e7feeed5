"""Engraves notation files with Verovio or LilyPond into a `Score`."""
