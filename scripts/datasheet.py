"""`python scripts/datasheet.py` is `krisc docs`, for those who do not install the command."""

import sys

from krisc.cli import main

if __name__ == "__main__":  # workers read this file too
    main(["docs", *sys.argv[1:]])
