"""Integrated gradients show which pixels and sounds spoke for what an agent did. They need the extra [explain]."""
