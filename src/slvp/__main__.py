"""``python -m slvp``."""

from slvp.apps.cli import main

if __name__ == "__main__":
    main()
