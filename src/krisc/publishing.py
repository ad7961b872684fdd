"""Takes a release to a dataset repository of the Hugging Face Hub, or says beforehand what that would do.

A release is a whole repository, so that publishing is uploading one folder and putting a tag on it. Tokens are left to
``huggingface_hub``: none is read, passed on, written or printed here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from krisc.findings import Finding, KriscError, Place
from krisc.staging import MANIFEST
from krisc.verifying import verify

REPOSITORY = "dataset"
MAIN = "main"
# What the repository has and the release has not is deleted; the Hub itself keeps its ``.gitattributes``.
DELETED = "*"


@dataclass(frozen=True)
class Upload:
    """One file to upload: its path in the repository, its bytes, and their SHA-256."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Plan:
    """What publishing a release comes to: files into a branch of a repository, and a tag on the commit."""

    folder: Path
    repository: str
    revision: str
    tag: str
    message: str
    private: bool
    files: tuple[Upload, ...]

    @property
    def bytes(self) -> int:
        """Bytes of all files."""
        return sum(one.bytes for one in self.files)


def released(corpus_folder: Path, name: str) -> Path:
    """The folder of a release: a path to one, or a version under the corpus's ``dataset/releases/``.

    Raises:
        KriscError: ``release-missing``.
    """
    candidates = (Path(name), corpus_folder / "dataset" / "releases" / name)
    for folder in candidates:
        if (folder / MANIFEST).is_file():
            return folder
    raise KriscError([Finding("release-missing", Place(name), {"version": name})])


def plan(folder: Path, repository: str, *, revision: str = MAIN, tag: str = "", private: bool = False) -> Plan:
    """What would be uploaded, by the functions of ``huggingface_hub`` that upload it; nothing leaves the machine.

    Args:
        folder: the release.
        repository: ``name`` or ``organisation/name``.
        revision: the branch that is committed to.
        tag: the tag that the commit gets; by default ``v<version>``.
        private: whether a repository that is made for it is private.

    Raises:
        KriscError: what ``verify`` finds, ``repository-name``, or what ``read_facts`` raises.
    """
    from huggingface_hub import CommitOperationAdd, DatasetCard  # noqa: PLC0415 - takes long to import
    from huggingface_hub.utils import (  # type: ignore[attr-defined]  # noqa: PLC0415
        DEFAULT_IGNORE_PATTERNS,
        HFValidationError,
        filter_repo_objects,
        validate_repo_id,
    )

    try:
        validate_repo_id(repository)
    except HFValidationError as error:
        raise KriscError([Finding("repository-name", Place(repository), {"reason": str(error)})]) from None
    findings, facts = verify(folder)
    if facts is None or any(f.severity != "warning" for f in findings):
        raise KriscError(findings)
    DatasetCard.load(folder / "README.md", ignore_metadata_errors=False)
    names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    kept = filter_repo_objects(names, ignore_patterns=DEFAULT_IGNORE_PATTERNS)
    adds = [CommitOperationAdd(path_in_repo=name, path_or_fileobj=str(folder / name)) for name in kept]
    files = tuple(Upload(one.path_in_repo, one.upload_info.size, one.upload_info.sha256.hex()) for one in adds)
    return Plan(
        folder=folder,
        repository=repository,
        revision=revision,
        tag=tag or f"v{facts.version}",
        message=f"{facts.title} {facts.version}",
        private=private,
        files=files,
    )


def publish(made: Plan, api: Any = None) -> str:  # noqa: ANN401 - an HfApi, or what stands for one
    """Upload a release and put the tag on it; returns the address of the commit.

    Args:
        made: the plan.
        api: by default ``huggingface_hub.HfApi()``, which finds the token by itself.

    Raises:
        KriscError: ``publish-failed``, in words that hold no token.
    """
    from huggingface_hub import HfApi  # noqa: PLC0415 - takes long to import

    hub: Any = api or HfApi()
    where = {"repo_id": made.repository, "repo_type": REPOSITORY}
    try:
        hub.create_repo(**where, private=made.private or None, exist_ok=True)
        if made.tag in {one.name for one in hub.list_repo_refs(**where).tags}:
            raise KriscError([_failed(made, f"it has the tag {made.tag} already")])
        if made.revision != MAIN:
            hub.create_branch(**where, branch=made.revision, exist_ok=True)
        commit = hub.upload_folder(
            **where,
            folder_path=made.folder,
            revision=made.revision,
            commit_message=made.message,
            delete_patterns=DELETED,
        )
        hub.create_tag(**where, tag=made.tag, revision=commit.oid, tag_message=made.message)
    except KriscError:
        raise
    except Exception as error:  # the client lets through whatever the HTTP library of its version raises
        raise KriscError([_failed(made, str(error) or repr(error))]) from None
    return str(commit.commit_url)


def _failed(made: Plan, reason: str) -> Finding:
    data: dict[str, object] = {"name": made.repository, "reason": without_tokens(reason)}
    return Finding("publish-failed", Place(made.repository), data)


def without_tokens(text: str) -> str:
    """A text on one line in which nothing looks like a token of the Hub or a header that carries one."""
    made = re.sub(r"\bhf_\w+|(?i:bearer\s+\S+)", "(a token)", text)
    return " ".join(made.split())
