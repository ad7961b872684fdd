"""``krisc.load``: a release as ``datasets`` loads it, from a folder or from a repository of the Hugging Face Hub."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datasets


def load(
    name: str = "documents", *, release: str | Path, split: str | None = None, revision: str | None = None
) -> datasets.Dataset | datasets.DatasetDict:
    """One configuration of a release; a thin call into ``datasets.load_dataset``, whose errors come through.

    Args:
        name: the configuration: ``documents``, ``tokens``, ``passes``, or a layer.
        release: a folder, or the name of a dataset repository on the Hub.
        split: one split; by default all of them, by name.
        revision: branch, tag or commit of the repository, such as ``v1.0.0``.

    Raises:
        ValueError: a revision of a folder, which has none; or there is no such configuration or split.
        FileNotFoundError: there is no such folder or repository.
    """
    from datasets import load_dataset  # noqa: PLC0415 - takes a second to import

    if Path(release).is_dir():
        if revision is not None:
            raise ValueError(f"{release} is a folder and has no revisions; leave revision={revision!r} out")
        return load_dataset(str(release), name, split=split)
    return load_dataset(str(release), name, split=split, revision=revision)
