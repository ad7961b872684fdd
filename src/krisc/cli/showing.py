"""Commands that show a corpus in a browser: review and view."""

from __future__ import annotations

from pathlib import Path

import click

from krisc.cli.common import cli, common, epilog, known_names, open_sound


@cli.command(epilog=epilog("krisc review --by reader-1", "krisc review --by reader-1 --port 8123"))
@click.option("--by", required=True, help="Who signs off: a person of annotations/annotators.toml.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port to listen on. [default: a free one]")
@common
def review(by: str, port: int, folder: Path, quiet: bool) -> None:
    """Serve the page on which a person signs off gold, span by span, to this machine alone; Ctrl-C ends it."""
    from krisc.findings import Finding, KriscError, Place  # noqa: PLC0415 - heavy imports wait
    from krisc.reviewing import Desk  # noqa: PLC0415
    from krisc.serving import listen, serve  # noqa: PLC0415

    corpus = open_sound(folder)
    known_names(corpus, "annotator", (by,), [*corpus.annotators])
    if corpus.annotators[by].kind != "person":
        data: dict[str, object] = {"name": by, "annotation": "the gold"}
        raise KriscError([Finding("checker-not-a-person", Place("annotations/annotators.toml"), data)])
    try:
        listening = listen(port)
    except OSError as error:
        raise click.UsageError(f"cannot listen on port {port}: {error.strerror}") from None
    with listening:
        try:
            serve(Desk(corpus, by), listening, click.echo)
        except KeyboardInterrupt:
            if not quiet:
                click.echo("every action is on the disk", err=True)


@cli.command(epilog=epilog("krisc view dataset/releases/1.0.0 --out site", "krisc view --out site"))
@click.argument("source", type=click.Path(path_type=Path, file_okay=False), required=False)
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder to write the pages into."
)
@common
def view(source: Path | None, out: Path, folder: Path, quiet: bool) -> None:
    """Write a release, or the corpus as it is, as read-only pages that a browser opens without a server.

    SOURCE is the folder of a release or of a corpus; by default the corpus.
    """
    from krisc.viewing import write_site  # noqa: PLC0415 - heavy imports wait

    made = write_site(source or folder, out)
    if not quiet:
        click.echo(
            f"{made.documents} document(s), {made.annotations} annotations, {made.bytes // 1024} KiB -> "
            f"{out / 'index.html'}",
            err=True,
        )
