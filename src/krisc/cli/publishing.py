"""Commands for those who find a release: publish and cite."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from krisc.publishing import Plan

from krisc.cli.common import cli, common, epilog, json_option


@cli.command(
    epilog=epilog("krisc publish --dry-run 1.0.0 my-group/my-corpus", "krisc publish 1.0.0 my-group/my-corpus")
)
@click.argument("release")
@click.argument("repo_id")
@click.option("--dry-run", is_flag=True, help="Say what would be uploaded, and upload nothing.")
@click.option("--revision", default="main", show_default=True, help="Branch of the repository to commit to.")
@click.option("--tag", default="", help="Tag for the commit. [default: v and the version]")
@click.option("--private", is_flag=True, help="Make a repository that does not exist yet a private one.")
@common
@json_option
def publish(  # noqa: PLR0913, PLR0917 - one parameter an option
    release: str,
    repo_id: str,
    dry_run: bool,
    revision: str,
    tag: str,
    private: bool,
    folder: Path,
    quiet: bool,
    as_json: bool,
) -> None:
    """Take RELEASE (a folder or a version) to the dataset repository REPO_ID of the Hugging Face Hub, with a tag."""
    from krisc.publishing import plan, released  # noqa: PLC0415
    from krisc.publishing import publish as work  # noqa: PLC0415

    made = plan(released(folder, release), repo_id, revision=revision, tag=tag, private=private)
    if as_json:
        import msgspec  # noqa: PLC0415

        value = msgspec.to_builtins(made, enc_hook=str) | {"bytes": made.bytes, "dry_run": dry_run}
        click.echo(msgspec.json.format(msgspec.json.encode(value), indent=1).decode())
    elif not quiet:
        click.echo(_told(made))
    if not dry_run:
        address = work(made)
        if not quiet:
            click.echo(f"published: {address}", err=True)
    elif not quiet:
        click.echo("dry run: nothing was uploaded", err=True)


def _told(made: Plan) -> str:
    """What is uploaded, file by file, and where to."""
    lines = [f"{one.bytes:>12,}  {one.sha256[:16]}  {one.path}" for one in made.files]
    lines += [
        f"{made.bytes:>12,}  bytes in {len(made.files)} files",
        f"to the dataset repository {made.repository}, branch {made.revision}, as the commit {made.message!r}",
        f"with the tag {made.tag}",
        "deleted from the branch: every other file but .gitattributes",
    ]
    if made.private:
        lines.append("if there is no such repository, it is made, and is private")
    return "\n".join(lines)


@cli.command(epilog=epilog("krisc cite", "krisc cite ~/Downloads/my-corpus --format bibtex"))
@click.argument("release", required=False)
@click.option(
    "--format",
    "style",
    type=click.Choice(["bibtex", "apa", "hash"]),
    help="Print one of them alone. [default: all three]",
)
@common
def cite(release: str | None, style: str | None, folder: Path, quiet: bool) -> None:
    """Print how to cite RELEASE (a folder or a version; by default the corpus's own), and the hash of its rows."""
    from krisc.citing import apa, bibtex, content_hash, read_cited  # noqa: PLC0415
    from krisc.cli.common import open_corpus  # noqa: PLC0415
    from krisc.publishing import released  # noqa: PLC0415
    from krisc.release import read_facts  # noqa: PLC0415

    where = released(folder, release or open_corpus(folder).config.version)
    facts = read_facts(where)
    of = read_cited(where, facts)
    forms = {"bibtex": bibtex(of), "apa": apa(of), "hash": f"sha256:{content_hash(facts)}"}
    if style:
        click.echo(forms[style])
    elif not quiet:
        click.echo("\n\n".join(forms.values()))
