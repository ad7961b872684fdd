"""`python scripts/compile.py` is `krisc compile`, for those who do not install the command."""

import sys

from krisc.cli import main

if __name__ == "__main__":  # workers read this file too
    main(["compile", *sys.argv[1:]])
