"""One recipe for each data set that can be built: where its pieces are, and how each is made."""
