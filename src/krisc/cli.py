"""The ``krisc`` command. The only module that prints; heavy imports wait until the command that needs them runs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from krisc.findings import Finding
    from krisc.store import Corpus

CLEAN, FINDINGS, UNREADABLE = 0, 1, 2


class Story(click.Group):
    """Lists the commands in the order in which a corpus is made, not by the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order of their definition."""
        return list(self.commands)


@click.group(cls=Story, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="krisc", prog_name="krisc")
def cli() -> None:
    """Build an annotated corpus as software is built.

    Make a corpus folder (new). Write annotations by quoting the text (author), and put them into one form (fmt). Check
    everything, from bytes to meaning (validate, explain). Compile it to Parquet that `datasets` loads (compile). Before
    a release, write the generated pages anew (docs) and make sure that a rebuild gives the same bytes (check).

    Every command works on any corpus folder: --corpus DIR. Exit codes: 0 clean, 1 findings, 2 usage or unreadable
    input.
    """


def _common(command: Callable[..., Any]) -> Callable[..., Any]:
    corpus = click.option(
        "--corpus",
        "folder",
        type=click.Path(path_type=Path, file_okay=False),
        default=Path(),
        show_default="the current folder",
        help="Folder of the corpus.",
    )
    quiet = click.option("-q", "--quiet", is_flag=True, help="Print findings and nothing else.")
    return corpus(quiet(command))


_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def _epilog(*lines: str) -> str:
    return "\b\nExample:\n" + "\n".join(f"  {line}" for line in lines)


def _open(folder: Path) -> Corpus:
    from krisc.store import Corpus  # noqa: PLC0415 - heavy imports wait

    return Corpus(folder)


def _open_sound(folder: Path) -> Corpus:
    """A corpus whose own files can be read; annotation files may still be in any state."""
    from krisc.checks import check_forms  # noqa: PLC0415
    from krisc.findings import KriscError  # noqa: PLC0415

    corpus = _open(folder)
    if broken := check_forms(corpus):
        raise KriscError(broken)
    return corpus


@contextmanager
def _progress(label: str, quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    """A bar on standard error when somebody is watching."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    with click.progressbar(length=1, label=label, file=sys.stderr) as bar:

        def step(done: int, of: int) -> None:
            bar.length = of
            bar.update(done - bar.pos)

        yield step


def _report(findings: Sequence[Finding], folder: Path, form: str = "text") -> int:
    """Print findings with their places and return the exit code."""
    from krisc.places import locate  # noqa: PLC0415
    from krisc.reports import FORMATS  # noqa: PLC0415

    located = [locate(f, folder) for f in findings]
    text = FORMATS[form](located)
    if text:
        click.echo(text)
    severities = {f.severity for f in findings}
    return UNREADABLE if "unreadable" in severities else FINDINGS if "error" in severities else CLEAN


def _summary(findings: Sequence[Finding]) -> str:
    errors = sum(f.severity != "warning" for f in findings)
    return f"{errors} error(s), {len(findings) - errors} warning(s)"


@cli.command(epilog=_epilog("krisc new my-corpus", "krisc compile --corpus my-corpus"))
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
    epilog=_epilog("krisc author import reader-1/gulan-314240.txt", "krisc author import draft.txt --gold"),
)
@click.argument("source", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--gold", is_flag=True, help="Write gold decided by this one annotator, instead of a pass.")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="Write here instead of under annotations/."
)
@_common
def author_import(source: Path, gold: bool, out: Path | None, folder: Path, quiet: bool) -> None:
    """Turn an authoring file into a pass (or gold) with offsets; writes nothing when a line cannot be placed."""
    from krisc.authoring import import_file  # noqa: PLC0415

    corpus = _open_sound(folder)
    target, number, findings = import_file(corpus, source, gold=gold, out=out)
    code = _report(findings, Path())
    if not quiet:
        click.echo(
            f"{number} annotations -> {target}" if target else f"{_summary(findings)}; nothing was written", err=True
        )
    sys.exit(code)


@author.command(name="export", epilog=_epilog("krisc author export annotations/passes/reader-1/gulan-314240.json"))
@click.argument("source", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write here instead of standard output.")
@_common
def author_export(source: Path, out: Path | None, folder: Path, quiet: bool) -> None:
    """Write an annotation file in the authoring form."""
    from krisc.authoring import export_file  # noqa: PLC0415
    from krisc.store import write_atomically  # noqa: PLC0415

    text = export_file(_open_sound(folder), source)
    if out:
        write_atomically(out, text.encode())
        if not quiet:
            click.echo(f"-> {out}", err=True)
    else:
        click.echo(text, nl=False)


@cli.command(epilog=_epilog("krisc fmt", "krisc fmt annotations/gold/gulan-314240.json --check"))
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--check", is_flag=True, help="Change nothing; exit with 1 when a file is not in canonical form.")
@_common
def fmt(files: tuple[Path, ...], check: bool, folder: Path, quiet: bool) -> None:
    """Put annotation files into canonical form, and fill in the offsets of quotes that have none."""
    from krisc.authoring import format_file  # noqa: PLC0415

    corpus = _open_sound(folder)
    changed = 0
    findings: list[Finding] = []
    for path in files or tuple(corpus.annotation_paths()):
        differs, found = format_file(corpus, path, check=check)
        findings += found
        changed += differs
        if differs and not quiet:
            click.echo(f"{path}: {'would change' if check else 'changed'}", err=True)
    code = _report(findings, corpus.root)
    sys.exit(code or (FINDINGS if check and changed else CLEAN))


@cli.command(
    epilog=_epilog(
        "krisc validate",
        "krisc validate annotations/gold/gulan-314240.json",
        "krisc validate --format sarif > krisc.sarif",
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
@_common
@_json
def validate(files: tuple[Path, ...], form: str, strict: bool, folder: Path, quiet: bool, as_json: bool) -> None:
    """Check form, references and meaning of the corpus, or of the documents that FILES belong to."""
    from krisc.validation import validate_corpus  # noqa: PLC0415

    corpus = _open(folder)
    with _progress("validating", quiet) as progress:
        findings, documents = validate_corpus(corpus, files, progress)
    code = _report(findings, corpus.root, "json" if as_json else form)
    if not quiet:
        click.echo(f"{documents} document(s) checked: {_summary(findings)}", err=True)
    sys.exit(code or (FINDINGS if strict and findings else CLEAN))


@cli.command(epilog=_epilog("krisc explain quote-mismatch"))
@click.argument("finding", required=False)
@_json
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


@cli.command(name="compile", epilog=_epilog("krisc compile", "krisc compile --out build/release"))
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to write. [default: dataset/releases/<version>, and pin new documents' splits]",
)
@click.option(
    "--replace", is_flag=True, help="Replace a release of this version that differs (never one that was published)."
)
@_common
@_json
def compile_(out: Path | None, replace: bool, folder: Path, quiet: bool, as_json: bool) -> None:
    """Check everything and compile it to a release: Parquet, card, datasheet, citation and hashes."""
    from krisc.release import compile_corpus  # noqa: PLC0415

    corpus = _open(folder)
    with _progress("compiling", quiet) as progress:
        compiled = compile_corpus(corpus, out, replace=replace, progress=progress)
    facts = compiled.facts
    if as_json:
        from krisc.artefacts import manifest  # noqa: PLC0415

        click.echo(manifest(corpus, facts), nl=False)
    else:
        _report(compiled.findings, corpus.root)
    if not quiet:
        state = "is there already, byte for byte" if compiled.unchanged else "written"
        rows = sum(one.rows for splits in facts.tables.values() for one in splits.values())
        size = sum(f.bytes for f in facts.files.values())
        click.echo(
            f"{facts.name} {facts.version} {state}: {facts.documents} document(s), {facts.annotations} annotations, "
            f"{len(facts.tables)} configurations, {rows} rows, {size:,} bytes in {compiled.folder}",
            err=True,
        )


@cli.command(epilog=_epilog("krisc docs"))
@_common
def docs(folder: Path, quiet: bool) -> None:
    """Write the generated files anew: schemas, guidelines, datasheet, citation, reference pages."""
    from krisc.release import write_generated  # noqa: PLC0415

    changed = write_generated(_open_sound(folder))
    if not quiet:
        click.echo("\n".join(f"{name}: changed" for name in changed) or "nothing is stale", err=True)


@cli.command(epilog=_epilog("krisc check"))
@_common
@_json
def check(folder: Path, quiet: bool, as_json: bool) -> None:
    """Rebuild the release and compare it, and look for stale generated files and unformatted annotation."""
    from krisc.authoring import format_file  # noqa: PLC0415
    from krisc.release import check_generated, check_release  # noqa: PLC0415

    corpus = _open_sound(folder)
    with _progress("rebuilding", quiet) as progress:
        findings = list(check_release(corpus, progress))
    if not any(f.id == "release-missing" for f in findings):
        findings += check_generated(corpus)
    for path in corpus.annotation_paths():
        differs, _ = format_file(corpus, path, check=True)
        if differs:
            findings.append(_not_canonical(corpus.name(path)))
    code = _report(findings, corpus.root, "json" if as_json else "text")
    if not quiet:
        click.echo(f"release {corpus.config.version}: {_summary(findings)}", err=True)
    sys.exit(code)


def _not_canonical(name: str) -> Finding:
    from krisc.findings import Finding, Place  # noqa: PLC0415

    return Finding("not-canonical", Place(name), {"file": name})


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
        sys.exit(_report(error.findings, _corpus_root()))


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
