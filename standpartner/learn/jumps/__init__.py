"""Learns from reward when a follower goes where the search found the music, on records of followed performances."""

from standpartner.learn.jumps.run import JumpLearning, LearnedJumps, learn_jumps

__all__ = ["JumpLearning", "LearnedJumps", "learn_jumps"]
