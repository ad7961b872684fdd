"""`python scripts/datasheet.py` is `krisc docs`, for those who do not install the command."""

import sys

from krisc.cli import main

main(["docs", *sys.argv[1:]])
