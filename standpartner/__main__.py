"""``python -m standpartner`` is ``standpartner``."""

from standpartner.cli import main

if __name__ == "__main__":
    main()
