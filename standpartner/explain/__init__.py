"""A look into agents: what they saw, believed and did, as videos, pages and pictures."""
