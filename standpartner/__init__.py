"""standpartner listens to a performance, reads the score and shows where the music is."""

from standpartner.errors import StandpartnerError

__version__ = "0.1.0"
__all__ = ["StandpartnerError", "__version__"]
