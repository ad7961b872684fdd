"""Commands that bring data in from other tools and take it to them: import and export."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click

from krisc.cli.common import (
    CLEAN,
    FINDINGS,
    cli,
    common,
    conversion_text,
    epilog,
    json_option,
    open_sound,
    progress_bar,
    report,
)
from krisc.interchange import FORMATS


@cli.command(
    name="import",
    epilog=epilog(
        "krisc import brat collection/ --into my-corpus", "krisc import doccano export.jsonl --into c --repair"
    ),
)
@click.argument("name", metavar="FORMAT", type=click.Choice(list(FORMATS)))
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--into", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder of the new corpus."
)
@click.option("--repair", is_flag=True, help="Put offsets right where one way of counting explains a document's.")
@click.option(
    "--schema",
    type=click.Path(path_type=Path, file_okay=False),
    help="Corpus whose layers to use. [default: infer them]",
)
@click.option("--infer", is_flag=True, help="Infer the layers from the data, as is done without --schema.")
@click.option(
    "--mapping", type=click.Path(path_type=Path), help="TOML file that renames layers, labels, roles, values."
)
@click.option("-q", "--quiet", is_flag=True, help="Print findings and nothing else.")
@json_option
def import_(  # noqa: PLR0913 - one parameter an option
    name: str,
    path: Path,
    *,
    into: Path,
    repair: bool,
    schema: Path | None,
    infer: bool,
    mapping: Path | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Make a new corpus of data in another format; offsets are tested, and nothing is dropped in silence."""
    from krisc.interchange.importing import import_corpus  # noqa: PLC0415

    if infer and schema:
        raise click.UsageError("--infer and --schema exclude each other: the layers are inferred or given.")
    with progress_bar("reading", quiet) as progress:
        step = partial(_count, progress) if progress else None
        made, findings = import_corpus(name, path, into, repair=repair, schema=schema, mapping=mapping, progress=step)
    code = report(findings, into, "json" if as_json else "text")
    if not quiet:
        click.echo(conversion_text(made, f"{into}"), err=True)
    sys.exit(code or (FINDINGS if made.aside else CLEAN))


def _count(progress: Callable[[int, int], None], done: int) -> None:
    """Tell of progress towards an end that nobody knows yet."""
    progress(done, done + 1)


@cli.command(name="export", epilog=epilog("krisc export brat collection", "krisc export conll corpus.tsv --strict"))
@click.argument("name", metavar="FORMAT", type=click.Choice(list(FORMATS)))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--strict", is_flag=True, help="Write nothing when anything would be lost.")
@common
@json_option
def export(name: str, out: Path, strict: bool, folder: Path, quiet: bool, as_json: bool) -> None:
    """Write the gold in another format, with a report of what that format cannot carry."""
    from krisc.interchange.exporting import export_corpus  # noqa: PLC0415

    corpus = open_sound(folder)
    with progress_bar("writing", quiet) as progress:
        made = export_corpus(name, corpus, out, strict=strict, progress=progress)
    if as_json:
        import json  # noqa: PLC0415

        click.echo(json.dumps(made.counts, ensure_ascii=False, indent=1))
    if not quiet:
        click.echo(conversion_text(made, str(out)), err=True)
