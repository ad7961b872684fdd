"""`python scripts/validate.py` is `krisc validate`, for those who do not install the command."""

import sys

from krisc.cli import main

main(["validate", *sys.argv[1:]])
