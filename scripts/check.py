"""`python scripts/check.py` is `krisc check`, for those who do not install the command."""

import sys

from krisc.cli import main

if __name__ == "__main__":  # workers read this file too
    main(["check", *sys.argv[1:]])
