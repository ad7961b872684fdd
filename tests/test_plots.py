"""The plots of a release: well-formed SVG, the same bytes every time, and only where a corpus asks for them."""

import json
import subprocess
import sys

import pytest
from defusedxml import ElementTree
from passes_of_example import run

from krisc import facts as figures
from krisc import plots
from krisc.agreement import compare
from krisc.findings import KriscError
from krisc.release import compile_corpus, read_facts
from krisc.store import Corpus

pytestmark = pytest.mark.one_python

NAMES = {"plots/labels.svg", "plots/years.svg", "plots/agreement.svg", "plots/places.svg"}


@pytest.fixture
def plotted(passes, grow):
    """A corpus with two passes, a place that GeoNames has, and the wish for plots."""
    grow(passes, 3)
    config = passes / "dataset/corpus.toml"
    config.write_text(config.read_text().replace("homepage", "plots = true\nhomepage", 1))
    entry = json.loads((passes / "dataset/entities.jsonl").read_text())
    town = {"id": "erbil", "type": "PLACE", "name": "Erbil", "geonames": 95446, "sources": ["GeoNames"]}
    (passes / "dataset/entities.jsonl").write_text(json.dumps(entry) + "\n" + json.dumps(town) + "\n")
    path = passes / "annotations/gold/made-0001.json"
    value = json.loads(path.read_text())
    value["layers"]["coreference"].append(
        {"id": "c9", "label": "ENTITY", "members": ["soran"], "entity": "erbil", "by": ["starter"], "decided": "single"}
    )
    path.write_text(json.dumps(value))
    for folder in ("one", "two"):  # no conflict is open
        (passes / f"annotations/passes/{folder}/example.json").unlink()
    return passes


def test_a_release_has_plots_where_the_corpus_asks_for_them(plotted):
    assert run("compile", "--corpus", plotted, "-q") == 0
    folder = plotted / "dataset/releases/0.1.0"
    facts = read_facts(folder)
    assert NAMES - {"plots/agreement.svg"} <= set(facts.files)
    for name in NAMES & set(facts.files):
        root = ElementTree.fromstring((folder / name).read_bytes())
        assert root.tag.endswith("svg")
        assert "date" not in (folder / name).read_text().casefold()
    words = (folder / "plots/labels.svg").read_text()
    assert "PERSON" in words
    assert "Erbil" in (folder / "plots/places.svg").read_text()


def test_without_the_wish_there_are_none(starter):
    assert run("compile", "--corpus", starter, "-q") == 0
    assert not NAMES & set(read_facts(starter / "dataset/releases/0.1.0").files)


def test_the_bytes_do_not_depend_on_the_process_or_the_users_settings(plotted, tmp_path):
    run("compile", "--corpus", plotted, "-q")
    (tmp_path / "matplotlibrc").write_text("font.size: 33\naxes.facecolor: red\n")
    program = (
        "import sys; from pathlib import Path; from krisc import plots; from krisc.store import Corpus;"
        "from krisc.release import compile_corpus, read_facts; c = Corpus(Path(sys.argv[1]));"
        "sys.stdout.write(plots.labels(c, read_facts(c.releases / '0.1.0')))"
    )
    made = subprocess.run(
        [sys.executable, "-c", program, str(plotted)], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert made.stdout == (plotted / "dataset/releases/0.1.0/plots/labels.svg").read_text()


def test_agreement_is_drawn(passes):
    config = passes / "dataset/corpus.toml"
    config.write_text(config.read_text().replace("homepage", "plots = true\nhomepage", 1))
    corpus = Corpus(passes)
    facts = figures.start(corpus)
    assert plots.agreement(corpus, facts) is None
    facts.agreement = compare(corpus)
    drawn = plots.agreement(corpus, facts)
    assert "entity: spans, strict" in drawn
    assert "relation: relations, strict" in drawn


def test_a_missing_library_is_told(plotted, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(KriscError, match="extra-missing"):
        compile_corpus(Corpus(plotted), plotted.parent / "out")
