"""What becomes of a follower when the player jumps."""
