"""A map of what an agent makes of many frames. Needs the extra [explain]."""
