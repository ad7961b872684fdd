"""The ``krisc`` command. The only package that prints; heavy imports wait until the command that needs them runs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from krisc.cli import checking, releasing, writing  # noqa: F401 - they register their commands
from krisc.cli.common import UNREADABLE, cli, report


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; findings that end it are reported, never a traceback."""
    try:
        cli.main(args=list(arguments) if arguments is not None else None, prog_name="krisc")
    except BrokenPipeError:
        sys.exit(UNREADABLE)
    except Exception as error:
        from krisc.findings import KriscError  # noqa: PLC0415

        if not isinstance(error, KriscError):
            raise
        sys.exit(report(error.findings, _corpus_root()))


def _corpus_root() -> Path:
    """The corpus folder that the command was given: findings name files from there."""
    context = click.get_current_context(silent=True)
    if context is not None and "folder" in context.params:
        return Path(context.params["folder"])
    arguments = sys.argv[1:]
    for number, argument in enumerate(arguments):
        if argument == "--corpus" and number + 1 < len(arguments):
            return Path(arguments[number + 1])
        if argument.startswith("--corpus="):
            return Path(argument.removeprefix("--corpus="))
    return Path()
