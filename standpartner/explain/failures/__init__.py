"""Where agents get lost, and why."""
