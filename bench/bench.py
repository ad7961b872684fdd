"""Speed and memory of KRISC, as ratios against a floor and against peers, all measured in one run.

Prints what it finds, and writes it to docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import datetime
import os
import tempfile
from pathlib import Path

import click
import corpora
from contestants import COMPILE, LAYOUT, STEPS, Material
from measuring import ROUNDS, Step, machine, memory_of
from page import Results, memory, page, profile, step_table, targets
from profiling import profiled

from krisc import __version__

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "benchmarks.md"
DOCUMENTS = 2_000
MEMORY = (2_000, 10_000)
FULL = (10_000, 1_000_000)


def options() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=DOCUMENTS, help="made documents")
    parser.add_argument("--brat", type=int, default=200, help="made documents that are imported from brat")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="rounds, of which the median counts")
    parser.add_argument("--steps", nargs="*", choices=STEPS, default=list(STEPS), help="what is measured")
    parser.add_argument("--memory", nargs="*", type=int, default=MEMORY, help="documents whose compile is weighed")
    parser.add_argument("--full", action="store_true", help=f"weigh compiles of {FULL[0]:,} and {FULL[1]:,} documents")
    parser.add_argument("--profile", action="store_true", help="tell where the processor time of a compile goes")
    parser.add_argument("--page", type=Path, default=PAGE, help="the page that is written")
    return parser.parse_args()


def measure(made: Step, material: Material, rounds: int) -> Step:
    """Measure a step: times in this process, memory in one of its own for each contestant."""
    made.measure(rounds)
    for name, figures in made.figures.items():
        if name not in made.sums:
            shape = (str(material.folder), str(material.documents), str(material.brat))
            figures.memory = memory_of(HERE / "alone.py", *shape, made.name, name)
    return made


def weigh(folder: Path, documents: int) -> int:
    """Peak memory of a compile of every configuration of so many documents, in bytes."""
    corpora.build(folder / "corpus", documents, layout=LAYOUT, workers=os.cpu_count() or 1)
    return memory_of(HERE / "alone.py", str(folder), str(documents), "1", "whole", COMPILE)


def show(title: str, text: str) -> None:
    """Print a part as soon as it is there."""
    click.echo(f"\n{title}\n\n{text}")


def main() -> None:
    """Run the bench."""
    asked = options()
    command = "make bench-full" if asked.full else "make bench"
    version, today = __version__, datetime.date.today().isoformat()
    results = Results(version, today, command, asked.documents, DOCUMENTS, asked.rounds, machine())
    with tempfile.TemporaryDirectory() as name:
        material = Material(Path(name), asked.documents, min(asked.brat, asked.documents)).make()
        for step in asked.steps:
            results.steps[step] = measure(STEPS[step](material), material, asked.rounds)
            show(results.steps[step].title, step_table(results.steps[step]))
        if asked.profile:
            results.profile = profiled(next(c.work for c in STEPS["whole"](material).contestants if c.name == COMPILE))
            show("Where the time goes", profile(results.profile))
    for size in FULL if asked.full else asked.memory:
        with tempfile.TemporaryDirectory() as name:
            results.peaks[size] = weigh(Path(name), size)
    asked.page.write_text(page(results), encoding="utf-8")
    show("Memory", memory(results.peaks))
    show("Targets", targets(results.verdicts()))
    click.echo(f"\nWritten to {asked.page}")


if __name__ == "__main__":
    main()
