"""`python scripts/check.py` is `krisc check`, for those who do not install the command."""

import sys

from krisc.cli import main

main(["check", *sys.argv[1:]])
