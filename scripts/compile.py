"""`python scripts/compile.py` is `krisc compile`, for those who do not install the command."""

import sys

from krisc.cli import main

main(["compile", *sys.argv[1:]])
