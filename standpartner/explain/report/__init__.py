"""A training run as one page. Needs the extra [explain]."""
