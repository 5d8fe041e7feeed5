"""Joins printed pages to their notation: the page as it is printed, with the notes that the notation knows.

`heads` measures where on a printed strip a notehead of the notation may stand, `measures` says which measures each
system holds, `onsets` places onsets inside them, and `join` makes the `Score`.
"""

from standpartner.score.join.join import JoinedPrint, JoinedSystem, JoinOptions, join_print

__all__ = ["JoinOptions", "JoinedPrint", "JoinedSystem", "join_print"]
