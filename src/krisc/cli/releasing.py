"""Commands that make a release: split, compile, docs and check."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from krisc.findings import Finding

from krisc.cli.common import cli, common, epilog, json_option, open_corpus, open_sound, progress_bar, report, summary


@cli.command(epilog=epilog("krisc split", "krisc split --redo"))
@click.option("--redo", is_flag=True, help="Plan all documents anew that no release has.")
@common
@json_option
def split(redo: bool, folder: Path, quiet: bool, as_json: bool) -> None:
    """Give documents a split, balanced over labels, origins and years; an incident stays together."""
    from krisc.planning import plan_splits  # noqa: PLC0415

    plan = plan_splits(open_sound(folder), redo=redo)
    if as_json:
        import json  # noqa: PLC0415

        click.echo(json.dumps(plan.splits, indent=1))
    elif not quiet:
        shares = list(next(iter(plan.counts.values())))
        click.echo(f"{'':40}" + "".join(f"{name:>12}" for name in shares))
        for (kind, name), counts in plan.counts.items():
            click.echo(f"{kind + ' ' + name:40}" + "".join(f"{counts[one]:12}" for one in shares))


@cli.command(name="compile", epilog=epilog("krisc compile", "krisc compile --out build/release"))
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to write. [default: dataset/releases/<version>, and pin new documents' splits]",
)
@click.option(
    "--replace", is_flag=True, help="Replace a release of this version that differs (never one that was published)."
)
@common
@json_option
def compile_(out: Path | None, replace: bool, folder: Path, quiet: bool, as_json: bool) -> None:
    """Check everything and compile it to a release: Parquet, card, datasheet, citation and hashes."""
    from krisc.release import compile_corpus  # noqa: PLC0415

    corpus = open_corpus(folder)
    with progress_bar("compiling", quiet) as progress:
        compiled = compile_corpus(corpus, out, replace=replace, progress=progress)
    facts = compiled.facts
    if as_json:
        from krisc.artefacts import manifest  # noqa: PLC0415

        click.echo(manifest(corpus, facts), nl=False)
    else:
        report(compiled.findings, corpus.root)
    if not quiet:
        state = "is there already, byte for byte" if compiled.unchanged else "written"
        rows = sum(one.rows for splits in facts.tables.values() for one in splits.values())
        size = sum(f.bytes for f in facts.files.values())
        click.echo(
            f"{facts.name} {facts.version} {state}: {facts.documents} document(s), {facts.annotations} annotations, "
            f"{len(facts.tables)} configurations, {rows} rows, {size:,} bytes in {compiled.folder}",
            err=True,
        )


@cli.command(epilog=epilog("krisc docs"))
@common
def docs(folder: Path, quiet: bool) -> None:
    """Write the generated files anew: schemas, guidelines, datasheet, citation, reference pages."""
    from krisc.release import write_generated  # noqa: PLC0415

    changed = write_generated(open_sound(folder))
    if not quiet:
        click.echo("\n".join(f"{name}: changed" for name in changed) or "nothing is stale", err=True)


@cli.command(epilog=epilog("krisc check"))
@common
@json_option
def check(folder: Path, quiet: bool, as_json: bool) -> None:
    """Rebuild the release and compare it, and look for stale generated files and unformatted annotation."""
    from krisc.authoring import format_file  # noqa: PLC0415
    from krisc.release import check_generated, check_release  # noqa: PLC0415

    corpus = open_sound(folder)
    with progress_bar("rebuilding", quiet) as progress:
        findings = list(check_release(corpus, progress))
    if not any(f.id == "release-missing" for f in findings):
        findings += check_generated(corpus)
    for path in corpus.annotation_paths():
        differs, _ = format_file(corpus, path, check=True)
        if differs:
            findings.append(_not_canonical(corpus.name(path)))
    code = report(findings, corpus.root, "json" if as_json else "text")
    if not quiet:
        click.echo(f"release {corpus.config.version}: {summary(findings)}", err=True)
    sys.exit(code)


def _not_canonical(name: str) -> Finding:
    from krisc.findings import Finding, Place  # noqa: PLC0415

    return Finding("not-canonical", Place(name), {"file": name})
