"""Records what an agent saw, believed and did in each frame, and shows it in pictures, videos and a viewer."""
