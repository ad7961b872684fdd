"""The ``krisc`` command. The only package that prints; heavy imports wait until the command that needs them runs."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from krisc.cli import checking, converting, publishing, releasing, showing, withholding, writing  # noqa: F401 - they register their commands
from krisc.cli.common import UNREADABLE, cli


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command with the given words, or those of the command line."""
    try:
        cli.main(args=list(arguments) if arguments is not None else None, prog_name="krisc")
    except BrokenPipeError:
        sys.exit(UNREADABLE)
