"""Verification: is what the pieces of a corpus say true?"""
