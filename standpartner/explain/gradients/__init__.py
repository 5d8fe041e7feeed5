"""Shows by integrated gradients which pixels and sounds led to an action. It needs the extra [explain]."""
