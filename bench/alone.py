"""Lets one contestant run once in a process of its own, and prints the most memory that it held, in bytes.

python bench/alone.py FOLDER DOCUMENTS BRAT STEP CONTESTANT
"""

from __future__ import annotations

import sys
from pathlib import Path

import click
from contestants import STEPS, Material
from measuring import peak, timed


def main() -> None:
    """Run the contestant that the arguments name."""
    folder, documents, brat, step, name = sys.argv[1:]
    made = STEPS[step](Material(Path(folder), int(documents), int(brat)))
    timed(next(one for one in made.contestants if one.name == name))
    click.echo(peak())


if __name__ == "__main__":
    main()
