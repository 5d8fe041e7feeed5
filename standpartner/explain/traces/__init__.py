"""What an agent saw, believed and did, frame by frame, as pictures, videos and a viewer."""
