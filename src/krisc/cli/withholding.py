"""The command that puts withheld texts back: hydrate."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from krisc.cli.common import cli, epilog, json_option, progress_bar, report


@cli.command(
    epilog=epilog(
        "krisc hydrate build/open article.txt --out restored", "krisc hydrate build/open pages/ --out restored"
    )
)
@click.argument("release", type=click.Path(path_type=Path, file_okay=False))
@click.argument("texts", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder of the restored release."
)
@click.option("-q", "--quiet", is_flag=True, help="Print findings and nothing else.")
@json_option
def hydrate(*, release: Path, texts: tuple[Path, ...], out: Path, quiet: bool, as_json: bool) -> None:
    """Put back the texts that RELEASE withholds, from TEXTS: text files, saved pages (HTML, MHTML), or folders."""
    from krisc.hydrating import hydrate as work  # noqa: PLC0415

    with progress_bar("looking for the texts", quiet) as progress:
        made = work(release, texts, out, progress)
    code = report(made.findings, release, "json" if as_json else "text")
    if not quiet:
        left = made.facts.withheld.documents if made.facts.withheld else ()
        proved = (
            f"; {', '.join(left)} still withheld" if left else "; every row as it was, proved by the content hashes"
        )
        told = f"{made.facts.name} {made.facts.version}: {', '.join(made.restored)} restored{proved}"
        click.echo(f"{told}, in {made.folder}", err=True)
    sys.exit(code)
