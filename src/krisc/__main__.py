"""``python -m krisc`` is ``krisc``."""

from krisc.cli import main

main()
