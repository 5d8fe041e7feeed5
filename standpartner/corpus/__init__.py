"""Data sets: recipes build them, the package fixes their splits, and the cache keeps what is built."""
