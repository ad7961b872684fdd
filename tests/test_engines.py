"""Where work runs changes nothing: the same results and bytes here, in processes, and on Dask; and whoever dies is replaced."""

import copy
import json
import os
import re
import signal
import subprocess
import sys
import time
from functools import partial

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from passes_of_example import ONE, OTHER, register, run, write_pass
from work_of_example import (
    after_a_while,
    always_killed,
    begin,
    die,
    divide,
    killed_once,
    refuse,
    slow,
    strange,
    twice,
    words_of,
)

from krisc import agreement, clusters, engines, sharding
from krisc.agreement import compare
from krisc.cli.engines import EngineOptions
from krisc.clusters import ENGINES, dask
from krisc.duplicates import Sizes, near_duplicates
from krisc.engines import AHEAD, ATTEMPTS, local
from krisc.findings import Finding, KriscError, Place
from krisc.release import How, compile_corpus
from krisc.store import Corpus
from krisc.validation import validate_corpus

TEXTS = ["a", "é", "e\u0301", "𐎠𐎼", "کوردستان", "عربي\u200f", "a\r\nb\tc", "", "x" * 100_000]


@pytest.fixture(scope="module", params=["local", "dask"])
def engine(request):
    """Two workers, who stay for all tests."""
    with ENGINES[request.param](2, "") as started:
        yield started


def workers():
    """The worker processes there are, of either engine."""
    return [p for p in psutil.Process().children(recursive=True) if "spawn_main" in " ".join(p.cmdline())]


# --- results ----------------------------------------------------------------------------------------------------------


def test_every_engine_can_be_asked_for():
    assert list(ENGINES) == ["local", "dask"]
    assert run("validate", "--engine", "nowhere") == 2
    with EngineOptions("local", 1, "").started() as started:
        assert started.workers == 1


def test_results_come_in_the_order_of_the_items(engine):
    assert list(engine.map(after_a_while, range(30))) == list(range(30))


def test_texts_travel_unchanged_to_other_processes(engine):
    made = list(engine.map(twice, TEXTS))
    assert [text for text, _ in made] == [text + text for text in TEXTS]
    assert os.getpid() not in {where for _, where in made}


def test_one_item_alone_is_worked_on_here():
    before = workers()
    for name in ENGINES:
        with ENGINES[name](2, "") as started:
            assert list(started.map(twice, ["a"])) == [("aa", os.getpid())]
            assert list(started.map(twice, [])) == []
            assert workers() == before


def test_one_worker_is_this_process():
    for name in ENGINES:
        with ENGINES[name](1, "") as started:
            assert {where for _, where in started.map(twice, TEXTS)} == {os.getpid()}


def test_no_more_items_are_handed_out_than_memory_is_meant_for(engine):
    asked = []
    items = (asked.append(n) or n for n in range(40))
    for done, _ in enumerate(engine.map(after_a_while, items)):
        assert len(asked) <= done + 1 + engine.workers * AHEAD


@settings(max_examples=20)
@given(st.lists(st.text(st.characters(exclude_categories=[])), max_size=5), st.text(), st.text())
def test_findings_travel_as_they_are(words, document, annotation):
    data = {"name": words, "hint": document, "annotation": annotation}
    told = KriscError([Finding("annotator-unknown", Place("f", "/p", 1, 2), data, document, annotation, (Place("g"),))])
    assert copy.copy(told).findings == told.findings


def test_findings_come_through_an_engine(engine):
    made = engine.map(refuse, range(1, 9))
    assert [next(made), next(made)] == [1, 2]
    with pytest.raises(KriscError) as caught:
        next(made)
    with pytest.raises(KriscError) as here:
        refuse(3)
    assert caught.value.findings == here.value.findings
    assert str(caught.value) == str(here.value)


def test_other_errors_say_where_they_came_up(engine):
    with pytest.raises(ZeroDivisionError) as caught:
        list(engine.map(divide, [1, 0]))
    assert "in divide" in "".join(caught.value.__notes__)
    with pytest.raises(RuntimeError, match="StrangeError: words"):
        list(engine.map(strange, [1, 2]))


# --- workers that die ---------------------------------------------------------------------------------------------------


def test_a_worker_that_is_killed_costs_a_retry(engine, tmp_path):
    assert list(engine.map(partial(die, tmp_path), range(8))) == list(range(8))
    assert (tmp_path / "killed").read_text() == "."


def test_work_that_always_kills_its_worker_is_given_up(engine, tmp_path):
    with pytest.raises(KriscError) as caught:
        list(engine.map(partial(die, tmp_path), [1, -1, 2]))
    [finding] = caught.value.findings
    assert (finding.id, finding.data["times"]) == ("worker-lost", ATTEMPTS)
    assert (tmp_path / "killed").read_text() == "." * ATTEMPTS
    assert list(engine.map(after_a_while, range(4))) == list(range(4)), "the engine lives on"


def test_what_nobody_wants_any_more_is_given_up(engine, tmp_path):
    made = engine.map(partial(begin, tmp_path), range(30))
    assert next(made) == 0
    made.close()
    time.sleep(0.5)
    begun, done = (len([*tmp_path.glob(f"{what}-*")]) for what in ("begun", "done"))
    assert begun <= 1 + engine.workers * AHEAD
    assert done <= begun
    assert list(engine.map(after_a_while, range(4))) == list(range(4)), "the engine lives on"


@pytest.mark.parametrize("name", ENGINES)
def test_no_process_is_left_when_an_engine_ends(name, tmp_path):
    before = {p.pid for p in workers()}
    with pytest.raises(KriscError), ENGINES[name](2, "") as started:
        next(partial(started.map, after_a_while)(range(9)))  # an iterator that nobody closes
        list(started.map(refuse, range(9)))
    assert {p.pid for p in workers()} <= before


def test_an_iterator_that_is_left_open_does_not_keep_the_engine_from_ending():
    begun = time.monotonic()
    with local(2) as started:
        made = started.map(slow, [0, 0, 60, 60])
        assert next(made) == 0
    assert time.monotonic() - begun < 30


# --- a cluster ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["dask"], indirect=True)
def test_a_running_cluster_is_worked_on(engine):
    list(engine.map(after_a_while, range(2)))
    with dask(0, engine._cluster.scheduler_address) as other:
        assert other.workers == 2
        made = list(other.map(twice, TEXTS))
        assert [text for text, _ in made] == [text + text for text in TEXTS]
        assert list(other.map(refuse, [1, 2])) == [1, 2]
    assert list(engine.map(after_a_while, range(3))) == list(range(3)), "it runs on when others leave it"


@pytest.mark.parametrize("engine", ["dask"], indirect=True)
def test_workers_with_another_program_are_not_asked(engine, monkeypatch):
    monkeypatch.setattr(engine, "_program", "another")
    with pytest.raises(KriscError, match=r"cluster-failed: .*another version of krisc"):
        list(engine.map(after_a_while, range(2)))


def test_an_address_where_nobody_answers_is_a_finding(monkeypatch, starter, capsys):
    monkeypatch.setattr(clusters, "PATIENCE", 0.5)
    for address in ("tcp://127.0.0.1:9", "nonsense://x", "127.0.0.1:port"):
        assert run("validate", "--engine", "dask", "--scheduler", address, "--corpus", starter) == 2
        told = capsys.readouterr()
        assert "cluster-failed" in told.out
        assert "Traceback" not in told.out + told.err
    assert run("validate", "--scheduler", "tcp://127.0.0.1:9", "--corpus", starter) == 2
    assert "--scheduler is of --engine dask" in capsys.readouterr().err


def test_without_the_library_a_finding_says_what_to_install(monkeypatch, starter, capsys):
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert run("validate", "--engine", "dask", "--workers", 2, "--corpus", starter) == 2
    told = capsys.readouterr().out
    assert "extra-missing" in told
    assert "krisc[dask]" in told


# --- corpora ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def made(starter, grow, monkeypatch):
    """A corpus of some shards, one of whose documents has nearly the text of another incident, and one a warning."""
    monkeypatch.setattr(sharding, "SIZE", 4)
    grow(starter, 24)
    config = starter / "dataset/corpus.toml"
    config.write_text("near_duplicates = 0.9\n" + config.read_text())
    return starter


def release_of(corpus, out, how):
    compile_corpus(Corpus(corpus), out, how=how)
    return {str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*") if p.is_file()}


def test_a_release_has_the_same_bytes_whoever_compiles_it(made, tmp_path, engine):
    here = release_of(made, tmp_path / "here", How())
    there = release_of(made, tmp_path / "there", How(engine))
    assert len([name for name in here if name.startswith("documents/")]) > 3, "several shards"
    assert there == here
    assert sorted(p.name for p in tmp_path.iterdir()) == ["corpus", "here", "there"]


def test_findings_are_the_same_whoever_validates(made, engine):
    (made / "dataset/raw/made-0003.txt").write_text("changed\n")
    (made / "annotations/gold/made-0011.json").write_text("{")
    (made / "dataset/raw/made-0017.txt").unlink()
    told, counted = [], []
    here = validate_corpus(Corpus(made), progress=lambda done, of: counted.append((done, of)))
    there = validate_corpus(Corpus(made), (), lambda done, of: told.append((done, of)), engine)
    assert {f.id for f in here[0]} >= {"text-hash-mismatch", "json-syntax", "text-missing"}
    assert there == here
    assert told[-1] == counted[-1] == (25, 25)


def passed(corpus, number):
    """Two passes over each made document, which agree but for one label."""
    register(corpus, "one", "two")
    write_pass(corpus, "one", ONE)
    write_pass(corpus, "two", OTHER)
    for n in range(number):
        name = f"made-{n:04d}"
        gold = json.loads((corpus / f"annotations/gold/{name}.json").read_text())
        for annotator in ("one", "two"):
            path = corpus / f"annotations/passes/{annotator}/{name}.json"
            file = json.loads((path.parent / "example.json").read_text())
            [sentence] = file["layers"]["structure"]
            more = {**sentence, "id": "s2", "segments": gold["layers"]["structure"][1]["segments"]}
            layers = {**file["layers"], "structure": [sentence, more]}
            if n % 3 == 0 and annotator == "two":
                layers["entity"] = layers["entity"][:-1]
            path.write_text(json.dumps({**file, "document": name, "sha256": gold["sha256"], "layers": layers}))


def test_agreement_is_the_same_whoever_counts(starter, grow, engine, monkeypatch):
    monkeypatch.setattr(agreement, "RUN", 3)
    grow(starter, 12)
    passed(starter, 12)
    here = compare(Corpus(starter))
    assert here.documents == 13
    assert len({v.value for v in here.layers["entity"].values}) > 1
    assert compare(Corpus(starter), engine=engine) == here
    monkeypatch.setattr(agreement, "RUN", 64)
    assert compare(Corpus(starter)) == here, "nor does it matter how many are counted together"
    path = starter / "annotations/passes/two/made-0008.json"
    path.write_text(path.read_text().replace('"quote": "Zerin"', '"quote": "Zerim"'))
    monkeypatch.setattr(agreement, "RUN", 3)
    with pytest.raises(KriscError) as caught:
        compare(Corpus(starter), engine=engine)
    with pytest.raises(KriscError) as wanted:
        compare(Corpus(starter))
    assert caught.value.findings == wanted.value.findings != ()


def test_near_duplicates_are_the_same_whoever_looks_for_them(engine):
    names = [str(n) for n in range(60)]
    sizes = Sizes(chunk=7, partition=2000, buffer=500, batch=3)
    here = list(near_duplicates(names, words_of, 0.8, sizes=sizes))
    assert len(here) >= 60
    assert list(near_duplicates(names, words_of, 0.8, engine.map, sizes)) == here


COMMANDS = (("validate",), ("agree", "--json"), ("duplicates", "--threshold", "0.5"), ("compile", "--json"))


@pytest.mark.parametrize("words", COMMANDS)
def test_small_corpora_start_no_process(starter, grow, words, monkeypatch, capsys):
    grow(starter, 60)
    if words[0] == "agree":
        passed(starter, 60)
    before = run(*words, "--workers", 1, "--corpus", starter), capsys.readouterr().out
    monkeypatch.setattr(engines, "_Worker", None)
    assert (run(*words, "--workers", 4, "--corpus", starter), capsys.readouterr().out) == before
    assert before[0] == 0, before


# --- corpora, and workers that die --------------------------------------------------------------------------------------


def test_a_worker_that_is_killed_does_not_change_the_release(made, tmp_path, engine, monkeypatch):
    here = release_of(made, tmp_path / "here", How())
    monkeypatch.setattr("krisc.runs.compile_shard", killed_once)
    there = release_of(made, tmp_path / "there", How(engine))
    assert (tmp_path / "killed").exists()
    assert there == here


def test_nothing_is_left_of_a_release_whose_workers_always_die(made, tmp_path, engine, monkeypatch):
    monkeypatch.setattr("krisc.runs.compile_shard", always_killed)
    with pytest.raises(KriscError) as caught:
        compile_corpus(Corpus(made), tmp_path / "there", how=How(engine))
    assert [f.id for f in caught.value.findings] == ["worker-lost"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["corpus"]


@pytest.mark.parametrize("name", ENGINES)
def test_ctrl_c_ends_the_workers_and_leaves_nothing(made, grow, tmp_path, name):
    grow(made, 150)
    words = ["compile", "--engine", name, "--workers", "2", "--corpus", str(made), "--out", str(tmp_path / "out")]
    program = f"import krisc.sharding as s; s.SIZE = 2; from krisc.cli import main; main({words!r})"
    command = subprocess.Popen(
        [sys.executable, "-c", program],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while command.poll() is None and not list(tmp_path.glob(".out.partial-*/.shard-*")):
        time.sleep(0.01)
    os.killpg(command.pid, signal.SIGINT)  # as a terminal does: to all of them
    begun = time.monotonic()
    out, err = command.communicate(timeout=30)
    assert time.monotonic() - begun < (5 if name == "local" else 15)
    assert (command.returncode, out) == (1, "")
    assert re.fullmatch(r"\s*Aborted!\s*", err)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["corpus"]
    assert ended(command.pid)


def ended(group):
    """Whether all processes of a group end within moments."""
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_a_parent_that_is_killed_takes_its_workers_along(tmp_path):
    program = (
        "import time; from krisc.engines import local\n"
        "if __name__ == '__main__':\n"
        " with local(2) as engine:\n"
        "  for _ in engine.map(time.sleep, [0, 0, 1, 1]): print(flush=True)\n"
    )
    (tmp_path / "parent.py").write_text(program)
    parent = subprocess.Popen([sys.executable, tmp_path / "parent.py"], stdout=subprocess.PIPE, start_new_session=True)
    parent.stdout.readline()
    children = psutil.Process(parent.pid).children(recursive=True)
    assert len(children) >= 2
    parent.kill()
    parent.communicate()
    assert psutil.wait_procs(children, timeout=15)[1] == []


def test_the_scripts_start_workers_without_beginning_anew(repository, made, tmp_path):
    script = tmp_path / "validate.py"
    source = (repository / "scripts/validate.py").read_text()
    script.write_text(f"import krisc.sharding\n\nkrisc.sharding.SIZE = 4\n{source}")
    done = subprocess.run(
        [sys.executable, script, "--workers", "2", "--corpus", made], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "25 document(s) checked: 0 error(s), 0 warning(s)\n")
