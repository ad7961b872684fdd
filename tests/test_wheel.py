"""What `pip install` gives: code and schemas, and no data but through `datasets`."""

import hashlib
import subprocess
import sys
import zipfile

import datasets
import pytest

import krisc


@pytest.fixture(scope="module")
def wheel(repository, tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=repository, check=True, capture_output=True)
    [path] = folder.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


def test_the_wheel_holds_code_and_schemas(wheel, repository):
    names = set(wheel.namelist())
    source = repository / "src"
    code = {
        p.relative_to(source).as_posix()
        for p in (source / "krisc").rglob("*")
        if p.is_file() and "__pycache__" not in p.parts
    }
    assert {n for n in names if ".dist-info/" not in n} == code
    for wanted in ("krisc/schemas/corpus.schema.json", "krisc/findings.toml", "krisc/starter/dataset/corpus.toml"):
        assert wanted in names
    assert {n.rpartition("/")[2] for n in names if ".dist-info/" in n} >= {"METADATA", "LICENSE", "entry_points.txt"}


def test_the_wheel_holds_none_of_the_corpus(wheel, repository):
    inside = {hashlib.sha256(wheel.read(name)).hexdigest() for name in wheel.namelist()}
    data = [p for part in ("dataset", "annotations", "schema") for p in (repository / part).rglob("*") if p.is_file()]
    assert len(data) > 100
    assert not inside & {hashlib.sha256(p.read_bytes()).hexdigest() for p in data}
    assert not [n for n in wheel.namelist() if n.endswith((".parquet", ".arrow"))]


def test_the_wheel_works_where_it_is_unpacked(wheel, tmp_path):
    wheel.extractall(tmp_path)
    words = "import krisc, sys; print(krisc.__file__, 'datasets' in sys.modules, callable(krisc.load))"
    done = subprocess.run(
        [sys.executable, "-c", words],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [str(tmp_path / "krisc/__init__.py"), "False", "True"]


def test_load_is_what_datasets_loads(compiled):
    folder = compiled / "dataset/releases/0.1.0"
    mine = krisc.load("entity", release=folder, split="train")
    theirs = datasets.load_dataset(str(folder), "entity", split="train")
    assert mine.to_list() == theirs.to_list()
    assert mine.features == theirs.features
    assert krisc.load(release=folder).keys() == {"train"}
    assert krisc.load(release=str(folder), split="train").column_names[0] == "document_id"


def test_a_repository_is_asked_for_by_name_and_revision(monkeypatch):
    asked = []
    monkeypatch.setattr(datasets, "load_dataset", lambda *words, **options: asked.append((words, options)))
    krisc.load("entity", release="group/corpus", split="test", revision="v1.0.0")
    assert asked == [(("group/corpus", "entity"), {"split": "test", "revision": "v1.0.0"})]


def test_what_cannot_be_loaded_is_said(compiled, tmp_path):
    folder = compiled / "dataset/releases/0.1.0"
    with pytest.raises(ValueError, match="entity"):
        krisc.load("entities", release=folder)
    with pytest.raises(ValueError, match="no revisions"):
        krisc.load(release=folder, revision="v1.0.0")
    with pytest.raises(FileNotFoundError):
        krisc.load(release=tmp_path / "not-there")
    with pytest.raises(TypeError):
        krisc.load("entity")
