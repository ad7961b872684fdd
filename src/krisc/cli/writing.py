"""Commands that write a corpus: new, author and fmt."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from krisc.findings import Finding

from krisc.cli.common import CLEAN, FINDINGS, Story, cli, common, epilog, open_sound, report, summary


@cli.command(epilog=epilog("krisc new my-corpus", "krisc compile --corpus my-corpus"))
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("-q", "--quiet", is_flag=True, help="Print nothing.")
def new(folder: Path, quiet: bool) -> None:
    """Make the smallest corpus that validates, compiles and loads, to start from."""
    from krisc.starter import create  # noqa: PLC0415

    files = create(folder)
    if not quiet:
        click.echo(f"{folder}: {len(files)} files. Next: krisc validate --corpus {folder}")


@cli.group(cls=Story)
def author() -> None:
    """Annotate by quoting: import a text form to a pass with offsets, or export one (docs/authoring.md)."""


@author.command(
    name="import",
    epilog=epilog("krisc author import reader-1/gulan-314240.txt", "krisc author import draft.txt --gold"),
)
@click.argument("source", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--gold", is_flag=True, help="Write gold decided by this one annotator, instead of a pass.")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="Write here instead of under annotations/."
)
@click.option("--replace", is_flag=True, help="Replace other annotations that stand there.")
@common
def author_import(source: Path, gold: bool, out: Path | None, replace: bool, folder: Path, quiet: bool) -> None:
    """Turn an authoring file into a pass (or gold) with offsets; writes nothing when a line cannot be placed."""
    from krisc.authoring import import_file  # noqa: PLC0415

    corpus = open_sound(folder)
    target, number, findings = import_file(corpus, source, gold=gold, out=out, replace=replace)
    code = report(findings, Path())
    if not quiet:
        click.echo(
            f"{number} annotations -> {target}" if target else f"{summary(findings)}; nothing was written", err=True
        )
    sys.exit(code)


@author.command(name="export", epilog=epilog("krisc author export annotations/passes/reader-1/gulan-314240.json"))
@click.argument("source", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write here instead of standard output.")
@common
def author_export(source: Path, out: Path | None, folder: Path, quiet: bool) -> None:
    """Write an annotation file in the authoring form."""
    from krisc.authoring import export_file  # noqa: PLC0415
    from krisc.files import write_atomically  # noqa: PLC0415

    text = export_file(open_sound(folder), source)
    if out:
        write_atomically(out, text.encode())
        if not quiet:
            click.echo(f"-> {out}", err=True)
    else:
        click.echo(text, nl=False)


@cli.command(epilog=epilog("krisc reanchor gulan-314240 corrected.txt", "krisc reanchor d corrected.txt --write"))
@click.argument("document")
@click.argument("text", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--write", is_flag=True, help="Change the corpus; without it, say what would change.")
@click.option("--put-aside", is_flag=True, help="Take out what cannot be placed, and keep it under annotations/aside/.")
@common
def reanchor(document: str, text: Path, write: bool, put_aside: bool, folder: Path, quiet: bool) -> None:
    """Take a corrected text of a document and put all its annotations on it: gold, passes and decisions."""
    from krisc.interchange.reanchor import reanchor as work  # noqa: PLC0415
    from krisc.reports import correction_text  # noqa: PLC0415

    made = work(open_sound(folder), document, text)
    if not quiet:
        click.echo(correction_text(made))
    if write:
        work(open_sound(folder), document, text, write=True, aside=put_aside)
    sys.exit(FINDINGS if made.aside and not (write and put_aside) else CLEAN)


@cli.command(epilog=epilog("krisc fmt", "krisc fmt annotations/gold/gulan-314240.json --check"))
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--check", is_flag=True, help="Change nothing; exit with 1 when a file is not in canonical form.")
@common
def fmt(files: tuple[Path, ...], check: bool, folder: Path, quiet: bool) -> None:
    """Put annotation files into canonical form, and fill in the offsets of quotes that have none."""
    from krisc.authoring import format_file  # noqa: PLC0415

    corpus = open_sound(folder)
    changed = 0
    findings: list[Finding] = []
    for path in files or tuple(corpus.annotation_paths()):
        differs, found = format_file(corpus, path, check=check)
        findings += found
        changed += differs
        if differs and not quiet:
            click.echo(f"{path}: {'would change' if check else 'changed'}", err=True)
    code = report(findings, corpus.root)
    sys.exit(code or (FINDINGS if check and changed else CLEAN))
