"""What PyTorch networks compute: recorded frame by frame as they play, and as a function of what is seen and heard."""
