"""The format in which the authors of the paper published their data, read and written."""
