"""Learning: supervised pre-training, imitation, PPO, and runs that survive interruption. Needs the extra [train]."""
