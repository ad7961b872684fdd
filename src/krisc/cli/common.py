"""What all commands share: the group, options, opening a corpus, progress and reports."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from krisc.findings import Finding
    from krisc.interchange.base import Report
    from krisc.store import Corpus

CLEAN, FINDINGS, UNREADABLE = 0, 1, 2


class Reporting(click.Command):
    """A command whose errors are findings: they are printed in the form it was asked for, and never as a traceback."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - whatever the command returns
        """Run the command, and report the findings that end it."""
        from krisc.findings import KriscError  # noqa: PLC0415 - heavy imports wait

        try:
            return super().invoke(ctx)
        except KriscError as error:
            form = "json" if ctx.params.get("as_json") else ctx.params.get("form", "text")
            sys.exit(report(error.findings, ctx.params.get("folder", Path()), form))


class Story(click.Group):
    """Lists the commands in the order in which a corpus is made, not by the alphabet."""

    command_class = Reporting

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order in which their names stand in the group's help."""
        words = (self.help or "").replace(",", " ").replace("(", " ").replace(")", " ").split()
        return sorted(self.commands, key=lambda name: words.index(name) if name in words else len(words))


@click.group(cls=Story, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="krisc", prog_name="krisc")
def cli() -> None:
    """Build an annotated corpus as software is built.

    Make a corpus folder (new). Write annotations by quoting the text (author), put them into one form (fmt), and take
    them along when a text is corrected (reanchor). Check everything, from bytes to meaning (validate, explain), list
    documents that have nearly the same text (duplicates), and search composed texts for wording that is not their own
    (wording). Compare independent passes (agree), and turn them into gold (adjudicate), of which a sample is judged
    (judge) and which people sign off (review). Balance the splits (split). Compile the corpus to Parquet that
    `datasets` loads (compile), without the words of texts that may not travel, which who has them puts back (hydrate).
    See what changed (diff), and make a release whose version says so (release). Write the generated pages anew (docs),
    and make sure that a rebuild gives the same bytes (check); whoever has a copy can tell that it is whole (verify), or
    look at it in a browser (view). Take a release to where others find it (publish), and say how to cite it (cite).
    Bring data in from other tools and take the gold to them (import, export).

    Every command works on any corpus folder: --corpus DIR. Exit codes: 0 clean, 1 findings, 2 usage or unreadable
    input.
    """


class Folder(click.Path):
    """A folder; if it may be anywhere, also the URL of one in an object store, which stays as it is written."""

    def __init__(self, *, anywhere: bool) -> None:
        super().__init__(path_type=Path, file_okay=False)
        self.anywhere = anywhere

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401 - click's
        """The folder as a path, or its URL."""
        if "://" not in str(value):
            return super().convert(value, param, ctx)
        if not self.anywhere:
            self.fail(f"{value}: this command works on folders of this machine", param, ctx)
        return value


def common(command: Callable[..., Any], *, anywhere: bool = False) -> Callable[..., Any]:
    """The options that every command on a corpus has; ``anywhere`` if it can be in an object store."""
    corpus = click.option(
        "--corpus",
        "folder",
        type=Folder(anywhere=anywhere),
        default=Path(),
        show_default="the current folder",
        help="Folder of the corpus, or its URL in an object store." if anywhere else "Folder of the corpus.",
    )
    quiet = click.option("-q", "--quiet", is_flag=True, help="Print findings and nothing else.")
    return corpus(quiet(command))


anywhere = partial(common, anywhere=True)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def epilog(*lines: str) -> str:
    """Examples for the end of a command's help."""
    return "\b\nExample:\n" + "\n".join(f"  {line}" for line in lines)


def open_corpus(folder: Path | str) -> Corpus:
    """The corpus in a folder, or at a URL."""
    from krisc.store import Corpus  # noqa: PLC0415 - heavy imports wait

    return Corpus(folder)


def open_sound(folder: Path | str) -> Corpus:
    """A corpus whose own files can be read; annotation files may still be in any state."""
    from krisc.checks import check_forms  # noqa: PLC0415
    from krisc.findings import KriscError  # noqa: PLC0415

    corpus = open_corpus(folder)
    if broken := check_forms(corpus):
        raise KriscError(broken)
    return corpus


@contextmanager
def progress_bar(label: str, quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    """A bar on standard error when somebody is watching."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    with click.progressbar(length=1, label=label, file=sys.stderr) as bar:

        def step(done: int, of: int) -> None:
            bar.length = of
            bar.update(done - bar.pos)

        yield step


def report(findings: Sequence[Finding], folder: Path | str, form: str = "text") -> int:
    """Print findings with their places and return the exit code."""
    from krisc.places import locate  # noqa: PLC0415
    from krisc.reports import FORMATS  # noqa: PLC0415

    root = _root_of(folder) if isinstance(folder, str) else folder
    located = [locate(f, root) for f in findings]
    text = FORMATS[form](located)
    if text:
        click.echo(text)
    severities = {f.severity for f in findings}
    return UNREADABLE if "unreadable" in severities else FINDINGS if "error" in severities else CLEAN


def _root_of(url: str) -> Path:
    from krisc.findings import KriscError  # noqa: PLC0415
    from krisc.reading import opened  # noqa: PLC0415

    try:
        return opened(url)
    except KriscError:  # which is what is being told
        return Path()


def summary(findings: Sequence[Finding]) -> str:
    """How many errors and warnings."""
    errors = sum(f.severity != "warning" for f in findings)
    return f"{errors} error(s), {len(findings) - errors} warning(s)"


def known_names(corpus: Corpus, what: str, given: Sequence[str], known: Sequence[str]) -> None:
    """Refuse names that the corpus does not have."""
    from krisc.findings import nearest  # noqa: PLC0415

    for name in given:
        if name not in known:
            raise click.UsageError(f"there is no {what} {name!r}; {nearest(name, sorted(known)[:50])}")


def conversion_text(made: Report, where: str) -> str:
    """What a conversion came to, and what it could not carry."""
    lines = [f"{made.documents} document(s), {made.annotations} annotations -> {where}"]
    for told in made.conventions:
        done = "repaired" if told["repaired"] else "not repaired: see --repair"
        lines.append(
            f"  {told['document']}: {told['matched']} of {told['of']} spans match as {told['convention']} ({done})"
        )
    if made.aside:
        lines.append(f"  {len(made.aside)} annotation(s) kept aside, in import-report.json")
    lines += [f"  not carried: {what} ({number})" for what, number in sorted(made.counts.items())]
    return "\n".join(lines)
