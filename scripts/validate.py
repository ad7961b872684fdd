"""`python scripts/validate.py` is `krisc validate`, for those who do not install the command."""

import sys

from krisc.cli import main

if __name__ == "__main__":  # workers read this file too
    main(["validate", *sys.argv[1:]])
