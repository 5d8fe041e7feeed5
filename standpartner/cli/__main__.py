"""Runs ``standpartner`` for ``python -m standpartner.cli``."""

from standpartner.cli import main

if __name__ == "__main__":
    main()
