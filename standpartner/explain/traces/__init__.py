"""Traces of episodes: what an agent saw, believed and did, frame by frame, in pictures, videos and a viewer."""
