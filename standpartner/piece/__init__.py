"""Defines pieces: a score, performances of it, and the alignment between them."""

from standpartner.piece.files import load_piece, read_summary, save_piece
from standpartner.piece.model import Performance, Piece

__all__ = ["Performance", "Piece", "load_piece", "read_summary", "save_piece"]
