"""Integrated gradients: which pixels and sounds spoke for what an agent did. Needs the extra [explain]."""
