"""``python -m standpartner.cli`` is ``standpartner``."""

from standpartner.cli import main

if __name__ == "__main__":
    main()
