"""How far confidence can be trusted, and fitting it where the truth is known."""
