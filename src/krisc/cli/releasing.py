"""Commands that make a release: split, compile, docs and check."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from krisc.findings import Finding

from krisc.cli.common import (
    Folder,
    anywhere,
    cli,
    common,
    epilog,
    json_option,
    open_corpus,
    open_sound,
    progress_bar,
    report,
    summary,
)
from krisc.cli.engines import EngineOptions, engine_options


def told_of(warnings: Sequence[Finding]) -> None:
    """Say how many warnings there are; they blocked nothing, and `krisc validate` shows them."""
    if warnings:
        click.echo(f"{len(warnings)} warning(s); krisc validate shows them", err=True)


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


@cli.command(name="compile", epilog=epilog("krisc compile", "krisc compile --withhold published --out build/open"))
@click.option(
    "--out",
    type=Folder(anywhere=True),
    help="Folder or URL to write. [default: dataset/releases/<version>, and pin new documents' splits]",
)
@click.option(
    "--replace", is_flag=True, help="Replace a release of this version that differs (never one that was published)."
)
@click.option(
    "--withhold",
    multiple=True,
    metavar="ORIGIN",
    type=click.Choice(["published", "constructed", "composed", "unknown"]),
    help="Mask the words of documents of this origin, for krisc hydrate to put back; with --out. Can be repeated.",
)
@anywhere
@click.option(
    "--remember/--no-memory",
    default=True,
    help="Take what is unchanged from the memory of the corpus folder, .krisc. [default: remember]",
)
@json_option
@engine_options
def compile_(  # noqa: PLR0913 - one parameter an option
    *,
    out: Path | str | None,
    replace: bool,
    withhold: tuple[str, ...],
    remember: bool,
    engine: EngineOptions,
    folder: Path | str,
    quiet: bool,
    as_json: bool,
) -> None:
    """Check everything and compile it to a release: Parquet, card, datasheet, citation and hashes."""
    from krisc.reading import opened  # noqa: PLC0415
    from krisc.release import compile_corpus  # noqa: PLC0415
    from krisc.runs import How  # noqa: PLC0415

    if withhold and out is None:
        raise click.UsageError("--withhold makes a variant of the release, so say with --out where it goes")
    corpus = open_corpus(folder)
    if withhold and out and corpus.releases in opened(out).parents:
        raise click.UsageError("a variant is no release of its version: name a folder outside of dataset/releases")
    with progress_bar("compiling", quiet) as progress, engine.started() as where:
        how = How(where, progress=progress, remember=remember)
        if withhold and out:
            from krisc.withholding import compile_withheld  # noqa: PLC0415

            compiled = compile_withheld(corpus, out, withhold, replace=replace, how=how)
        else:
            compiled = compile_corpus(corpus, out, replace=replace, how=how)
    facts = compiled.facts
    if as_json:
        from krisc.artefacts import manifest  # noqa: PLC0415

        click.echo(manifest(facts), nl=False)
    else:
        told_of(compiled.findings)
    if not quiet:
        state = "is there already, byte for byte" if compiled.unchanged else "written"
        rows = sum(one.rows for splits in facts.tables.values() for one in splits.values())
        size = sum(f.bytes for f in facts.files.values())
        click.echo(
            f"{facts.name} {facts.version} {state}: {facts.documents} document(s), {facts.annotations} annotations, "
            f"{len(facts.tables)} configurations, {rows} rows, {size:,} bytes in {compiled.folder}",
            err=True,
        )


@cli.command(epilog=epilog("krisc verify dataset/releases/1.0.0", "krisc verify ~/Downloads/krisc --sources ."))
@click.argument("release", type=click.Path(path_type=Path, file_okay=False))
@click.option("--sources", type=click.Path(path_type=Path, file_okay=False), help="Corpus that is to give these bytes.")
@click.option("-q", "--quiet", is_flag=True, help="Print findings and nothing else.")
@json_option
def verify(release: Path, sources: Path | None, quiet: bool, as_json: bool) -> None:
    """Verify a copy of a release, offline: files, rows, rules, splits, figures and card."""
    from krisc.provenance import check_sources  # noqa: PLC0415
    from krisc.release import check_release  # noqa: PLC0415
    from krisc.runs import How  # noqa: PLC0415
    from krisc.verifying import verify as work  # noqa: PLC0415

    with progress_bar("verifying", quiet) as progress:
        findings, facts = work(release, progress)
        if sources and facts and facts.withheld:
            from krisc.withholding import check_variant  # noqa: PLC0415

            findings += check_variant(open_sound(sources), release, facts.withheld.origins)
        elif sources:
            corpus = open_sound(sources)
            if facts:
                findings += check_sources(corpus, facts.inputs, facts.written_with)
            findings += check_release(corpus, How(progress=progress), release)
    code = report(findings, release, "json" if as_json else "text")
    if facts and not quiet:
        rows = sum(one.rows for splits in facts.tables.values() for one in splits.values())
        told = f"{facts.name} {facts.version}: {len(facts.files)} files and {rows:,} rows verified"
        click.echo(f"{told}, {summary(findings)}", err=True)
    sys.exit(code)


@cli.command(epilog=epilog("krisc diff 0.1.0 1.0.0", "krisc diff HEAD~3 . --page difference.html"))
@click.argument("old")
@click.argument("new")
@click.option(
    "--page", type=click.Path(path_type=Path, dir_okay=False), help="Write a page with both texts side by side."
)
@common
@json_option
def diff(old: str, new: str, page: Path | None, folder: Path, quiet: bool, as_json: bool) -> None:
    """Say what changed from OLD to NEW, annotation by annotation: versions, folders, git revisions, or . for now."""
    from krisc.changelog import difference  # noqa: PLC0415
    from krisc.files import write_atomically  # noqa: PLC0415
    from krisc.reports import difference_page, difference_text  # noqa: PLC0415

    made = difference(open_sound(folder), old, new, texts=page is not None)
    if page is not None:
        write_atomically(page, difference_page(made).encode())
    if as_json:
        import msgspec  # noqa: PLC0415

        made.texts = {}
        click.echo(msgspec.json.format(msgspec.json.encode(made), indent=1).decode())
    elif not quiet:
        click.echo(difference_text(made), nl=False)


@cli.command(name="release", epilog=epilog("krisc release"))
@click.option("--replace", is_flag=True, help="Replace a release of this version (never one that was published).")
@common
@engine_options
def release_(replace: bool, engine: EngineOptions, folder: Path, quiet: bool) -> None:
    """Compile, if the version is as high as the change calls for; write the changelog and the generated files."""
    from krisc.changelog import release as work  # noqa: PLC0415
    from krisc.changelog import summary as words  # noqa: PLC0415
    from krisc.runs import How  # noqa: PLC0415

    corpus = open_sound(folder)
    with progress_bar("compiling", quiet) as progress, engine.started() as where:
        compiled, made = work(corpus, replace=replace, how=How(where, progress=progress, remember=True))
    told_of(compiled.findings)
    if not quiet:
        told = words(made) if made else f"{compiled.facts.version}: there is no earlier release\n"
        click.echo(told, nl=False, err=True)


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
    from krisc.changelog import check_changelog  # noqa: PLC0415
    from krisc.release import check_generated, check_release  # noqa: PLC0415
    from krisc.runs import How  # noqa: PLC0415

    corpus = open_sound(folder)
    with progress_bar("rebuilding", quiet) as progress:
        findings = list(check_release(corpus, How(progress=progress)))
    if not any(f.id == "release-missing" for f in findings):
        findings += [*check_generated(corpus), *check_changelog(corpus)]
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
