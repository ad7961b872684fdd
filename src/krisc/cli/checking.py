"""Commands that check and compare: validate, explain, duplicates, agree and adjudicate."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from krisc.duplicates import Alike
    from krisc.findings import Finding

from krisc.cli.common import (
    CLEAN,
    FINDINGS,
    Story,
    anywhere,
    cli,
    common,
    epilog,
    json_option,
    known_names,
    open_corpus,
    open_sound,
    progress_bar,
    report,
    summary,
)
from krisc.cli.engines import EngineOptions, engine_options


@cli.command(
    epilog=epilog(
        "krisc validate",
        "krisc validate annotations/gold/gulan-314240.json",
        "krisc validate --format sarif > krisc.sarif",
        "krisc validate --corpus s3://bucket/corpus",
    )
)
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif", "github"]),
    default="text",
    show_default=True,
    help="How to print findings.",
)
@click.option("--strict", is_flag=True, help="Exit with 1 on warnings too.")
@anywhere
@json_option
@engine_options
def validate(
    files: tuple[Path, ...],
    form: str,
    *,
    strict: bool,
    engine: EngineOptions,
    folder: Path | str,
    quiet: bool,
    as_json: bool,
) -> None:
    """Check form, references and meaning of the corpus, or of the documents that FILES belong to."""
    from krisc.validation import validate_corpus  # noqa: PLC0415

    corpus = open_corpus(folder)
    with progress_bar("validating", quiet) as progress, engine.started() as where:
        findings, documents = validate_corpus(corpus, files, progress, where)
    code = report(findings, corpus.root, "json" if as_json else form)
    if not quiet:
        click.echo(f"{documents} document(s) checked: {summary(findings)}", err=True)
    sys.exit(code or (FINDINGS if strict and findings else CLEAN))


@cli.command(epilog=epilog("krisc explain quote-mismatch"))
@click.argument("finding", required=False)
@json_option
def explain(finding: str | None, as_json: bool) -> None:
    """Say what a finding means and how to mend it; without an id, list them all."""
    import dataclasses  # noqa: PLC0415
    import json  # noqa: PLC0415

    from krisc.findings import catalogue, nearest  # noqa: PLC0415

    kinds = catalogue()
    if finding is not None and finding not in kinds:
        raise click.UsageError(f"there is no finding {finding!r}; {nearest(finding, kinds)}")
    chosen = list(kinds.values()) if finding is None else [kinds[finding]]
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(k) for k in chosen], ensure_ascii=False, indent=1))
    elif finding is None:
        click.echo("\n".join(f"{k.id:26} {k.level:10} {k.title}" for k in chosen))
    else:
        k = chosen[0]
        click.echo(f"{k.id} ({k.level}, {k.severity}): {k.title}\n\n{k.explain}\n\nfound:    {k.message}")
        click.echo(f"expected: {k.expected}\nmend:     {k.mend}")


@cli.command(epilog=epilog("krisc duplicates", "krisc duplicates --threshold 0.8 --json > pairs.jsonl"))
@click.option("--threshold", type=float, help="Least Jaccard index. [default: near_duplicates of corpus.toml]")
@anywhere
@json_option
@engine_options
def duplicates(threshold: float | None, engine: EngineOptions, folder: Path | str, quiet: bool, as_json: bool) -> None:
    """List the pairs of documents with nearly the same text, and the groups they form; with --json as JSON Lines."""
    from krisc.checks.corpus import alike_documents  # noqa: PLC0415
    from krisc.duplicates import groups  # noqa: PLC0415
    from krisc.minhash import bands_for  # noqa: PLC0415
    from krisc.reports import alike_line, group_line  # noqa: PLC0415

    corpus = open_sound(folder)
    threshold = threshold if threshold is not None else corpus.config.near_duplicates
    if threshold is None:
        raise click.UsageError("the corpus names no near_duplicates in dataset/corpus.toml; give --threshold")
    try:
        missed = bands_for(threshold).missed(threshold)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    number, crowd = 0, [0]

    def shown() -> Iterator[Alike]:
        nonlocal number
        with progress_bar("sketching", quiet) as progress, engine.started() as where:
            for pair in alike_documents(corpus, threshold, where.map, progress=progress, crowded=crowd.append):
                click.echo(alike_line(pair, as_json=as_json))
                number += 1
                yield pair

    found = groups(shown())
    for group in found:
        click.echo(group_line(group, as_json=as_json))
    if not quiet:
        click.echo(
            f"{number} pair(s) in {len(found)} group(s), with a Jaccard index of {threshold:g} or more; "
            f"of pairs with just that, {missed:.2%} may be missed",
            err=True,
        )
        if crowd[-1]:
            click.echo(f"{crowd[-1]} document(s) stand in crowds, of which not all pairs were looked at", err=True)


@cli.command(epilog=epilog("krisc agree", "krisc agree gulan-314240 --annotator reader-1 --annotator gold --details"))
@click.argument("documents", nargs=-1)
@click.option("--annotator", "annotators", multiple=True, help="Compare these, or gold. [default: all passes]")
@click.option("--guidelines", default="", help="Compare passes by this version. [default: each document's newest]")
@click.option("--details", is_flag=True, help="Show documents, confused labels and every disagreement too.")
@anywhere
@json_option
@engine_options
def agree(  # noqa: PLR0913 - one parameter an option
    documents: tuple[str, ...],
    annotators: tuple[str, ...],
    *,
    guidelines: str,
    details: bool,
    engine: EngineOptions,
    folder: Path | str,
    quiet: bool,
    as_json: bool,
) -> None:
    """Measure how far independent passes over the same documents agree, with intervals."""
    from krisc.agreement import GOLD, compare  # noqa: PLC0415
    from krisc.reports import agreement_text  # noqa: PLC0415

    corpus = open_sound(folder)
    known_names(corpus, "document", documents, [entry.id for entry in corpus.index])
    known_names(corpus, "annotator", annotators, [*corpus.annotators, GOLD])
    with progress_bar("comparing", quiet) as progress, engine.started() as where:
        agreement = compare(corpus, documents, annotators, guidelines, progress, where)
    if as_json:
        import msgspec  # noqa: PLC0415

        click.echo(msgspec.json.format(msgspec.json.encode(agreement), indent=1).decode())
    else:
        click.echo(agreement_text(agreement, details=details))


@cli.command(epilog=epilog("krisc adjudicate", "krisc adjudicate gulan-314240"))
@click.argument("documents", nargs=-1)
@click.option("--replace", is_flag=True, help="Replace gold that was not made from the passes.")
@common
def adjudicate(documents: tuple[str, ...], replace: bool, folder: Path, quiet: bool) -> None:
    """Merge passes into gold: take what all agree on, list the rest for decision, carry out what was decided."""
    from krisc.authoring import adjudicate_document  # noqa: PLC0415
    from krisc.findings import Finding, KriscError, Place  # noqa: PLC0415

    corpus = open_sound(folder)
    known_names(corpus, "document", documents, [entry.id for entry in corpus.index])
    findings: list[Finding] = []
    merged_any = False
    for entry in corpus.index:
        if documents and entry.id not in documents:
            continue
        merged = adjudicate_document(corpus, entry, replace=replace)
        if merged is None:
            continue
        merged_any = True
        findings += merged.findings
        if not quiet:
            files = f" -> {', '.join(merged.changed)}" if merged.changed else ""
            click.echo(
                f"{entry.id}: {merged.agreed} agreed, {merged.single} by one annotator alone, "
                f"{merged.conflicts - merged.open} decided, {merged.open} open{files}",
                err=True,
            )
    if not merged_any:
        raise KriscError([Finding("passes-too-few", Place("annotations/passes"))])
    sys.exit(report(findings, corpus.root))


@cli.group(cls=Story)
def judge() -> None:
    """Have a sample of the gold judged by a reader who sees neither passes nor decisions."""


@judge.command(epilog=epilog("krisc judge sheet sheet.txt --by reader-c --date 2026-11-24"))
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--by", required=True, help="Id of the annotator who is going to judge.")
@click.option("--date", required=True, type=click.DateTime(["%Y-%m-%d"]), help="The day, YYYY-MM-DD.")
@click.option("--size", type=click.IntRange(1), default=200, show_default=True, help="Annotations to judge.")
@click.option("--planted", type=click.IntRange(0), default=40, show_default=True, help="Annotations that get an error.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Seed of the draw.")
@common
def sheet(  # noqa: PLR0913 - one parameter an option
    out: Path, *, by: str, date: datetime, size: int, planted: int, seed: int, folder: Path, quiet: bool
) -> None:
    """Draw a sample, and write the sheet that the reader gets to OUT."""
    from krisc import judging  # noqa: PLC0415
    from krisc.files import write_atomically  # noqa: PLC0415

    corpus = open_sound(folder)
    known_names(corpus, "annotator", (by,), [*corpus.annotators])
    made = judging.sample(corpus, by, date.date().isoformat(), size, planted, seed)
    path = judging.write_judgement(corpus, made)
    write_atomically(out, judging.sheet(made).encode())
    if not quiet:
        click.echo(f"{len(made.items)} items -> {out}; their verdicts go into {corpus.name(path)}", err=True)


@judge.command(epilog=epilog("krisc judge record --by reader-c verdicts.txt"))
@click.argument("verdicts", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--by", required=True, help="Id of the annotator who judged.")
@common
def record(verdicts: Path, by: str, folder: Path, quiet: bool) -> None:
    """Write a reader's verdicts down: a line for every item, `12 wrong: it is a LOCATION`."""
    from krisc import judgements, judging  # noqa: PLC0415

    corpus = open_sound(folder)
    known_names(corpus, "annotator", (by,), [path.stem for path in judgements.judgement_paths(corpus)])
    given = judgements.read_judgement(corpus, judgements.judgement_path(corpus, by))
    judging.write_judgement(corpus, judging.with_verdicts(given, verdicts))
    made = judging.summary(corpus)
    if made and not quiet:
        click.echo(
            f"{made.wrong} of {made.judged} wrong ({made.error_rate:.1%}, {made.low:.1%} to {made.high:.1%}); "
            f"{made.found} of {made.planted} planted errors found",
            err=True,
        )


@cli.command(epilog=epilog("krisc wording ../excerpts"))
@click.argument("excerpts", type=click.Path(path_type=Path, file_okay=False))
@common
def wording(excerpts: Path, folder: Path, quiet: bool) -> None:
    """Measure how much wording composed texts share with what was read, and write it into their sources.

    EXCERPTS holds <document>/<page>.txt, the words that were read. They are others' and stand outside the corpus.
    """
    from krisc.wording import measure  # noqa: PLC0415

    measured = measure(open_sound(folder), excerpts)
    if not quiet:
        for name, run in measured.items():
            click.echo(f"{name}: {run.words} word(s) in a run" + (f", with {run.page}" if run.page else ""))
