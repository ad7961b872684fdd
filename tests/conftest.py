"""What tests share: the repository, a corpus made by `krisc new`, and a world without network or shared caches."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

# Set before `datasets` is imported anywhere: nothing is downloaded, and no cache of the user's is read or written.
_CACHE = tempfile.mkdtemp(prefix="krisc-tests-")
os.environ |= {
    "HF_HOME": _CACHE,
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
}

# The same examples in every run, so that a result can be relied on; `--hypothesis-profile explore` looks for new ones.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None, max_examples=1000)
settings.load_profile("same")

from krisc.starter import create  # noqa: E402 - after the environment is set

ROOT = Path(__file__).resolve().parent.parent


def pytest_unconfigure() -> None:
    """Remove the cache of the run."""
    shutil.rmtree(_CACHE, ignore_errors=True)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The repository itself, which is a corpus."""
    return ROOT


@pytest.fixture(scope="session")
def article(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus of the published article alone, with all layers of the repository: what takes long on 61 documents."""
    import json  # noqa: PLC0415

    folder, name = tmp_path_factory.mktemp("article") / "corpus", "gulan-314240"
    for part in ("schema/layers", "annotations/passes", "annotations/decisions", "dataset/raw"):
        (folder / part).mkdir(parents=True)
    shutil.copytree(ROOT / "schema/layers", folder / "schema/layers", dirs_exist_ok=True)
    for path in [*ROOT.glob(f"annotations/**/{name}.*"), ROOT / "annotations/annotators.toml"]:
        target = folder / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    for path in (ROOT / f"dataset/raw/{name}.txt", ROOT / "dataset/entities.jsonl"):
        shutil.copy(path, folder / path.relative_to(ROOT))
    lines = (ROOT / "dataset/documents.jsonl").read_text(encoding="utf-8").splitlines()
    [line] = [one for one in lines if json.loads(one)["id"] == name]
    (folder / "dataset/documents.jsonl").write_text(line + "\n", encoding="utf-8")
    config = (ROOT / "dataset/corpus.toml").read_text(encoding="utf-8").partition("\n# What `krisc split`")[0]
    (folder / "dataset/corpus.toml").write_text(config.replace("plots = true", "plots = false"), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def _starter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("starter") / "corpus"
    create(folder)
    return folder


@pytest.fixture
def starter(_starter: Path, tmp_path: Path) -> Path:
    """A fresh copy of the smallest corpus."""
    return Path(shutil.copytree(_starter, tmp_path / "corpus"))


@pytest.fixture(scope="session")
def _compiled(_starter: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from krisc.release import compile_corpus  # noqa: PLC0415 - takes long to import
    from krisc.store import Corpus  # noqa: PLC0415

    corpus = Path(shutil.copytree(_starter, tmp_path_factory.mktemp("compiled") / "corpus"))
    compile_corpus(Corpus(corpus))
    return corpus


@pytest.fixture
def compiled(_compiled: Path, tmp_path: Path) -> Path:
    """A fresh copy of the smallest corpus with its release, 0.1.0."""
    return Path(shutil.copytree(_compiled, tmp_path / "corpus"))


@pytest.fixture
def passes(starter: Path) -> Path:
    """The smallest corpus with two annotators' passes over its document, and gold that comes from neither."""
    from passes_of_example import ONE, OTHER, register, write_pass  # noqa: PLC0415

    register(starter, "one", "two", "judge")
    write_pass(starter, "one", ONE)
    write_pass(starter, "two", OTHER)
    return starter


@pytest.fixture
def grow() -> Callable[..., None]:
    """Adds made documents to a starter corpus: ``grow(corpus, number)``."""
    return _grow


def _grow(corpus: Path, number: int) -> None:
    """Copies of the starter's document, each with a text, an incident and a quote of its own."""
    import hashlib  # noqa: PLC0415
    import json  # noqa: PLC0415

    record = json.loads((corpus / "dataset/documents.jsonl").read_text().splitlines()[0])
    gold = json.loads((corpus / "annotations/gold/example.json").read_text())
    lines = [json.dumps(record)]
    for n in range(number):
        text = f"Karwan met Zerin in Soran.\n{n}.\n"
        sha = hashlib.sha256(text.encode()).hexdigest()
        name = f"made-{n:04d}"
        (corpus / f"dataset/raw/{name}.txt").write_text(text, newline="")
        lines.append(json.dumps({**record, "id": name, "incident": name, "sha256": sha}))
        last = {"start": 27, "end": 27 + len(f"{n}."), "quote": f"{n}."}
        more = {"id": "s2", "label": "SENTENCE", "segments": [last], "by": ["starter"], "decided": "single"}
        layers = {**gold["layers"], "structure": [*gold["layers"]["structure"], more]}
        file = {**gold, "document": name, "sha256": sha, "layers": layers}
        (corpus / f"annotations/gold/{name}.json").write_text(json.dumps(file))
    (corpus / "dataset/documents.jsonl").write_text("\n".join(lines) + "\n")
