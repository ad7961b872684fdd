"""Who is let in by `krisc review`, for what, and what the browser is told it may do."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from browsing import make_corpus, needs_pages, reviewing
from passes_of_example import register, run

from krisc import showing
from krisc.reviewing import Desk
from krisc.serving import HOST, LARGEST, application, listen
from krisc.store import Corpus

PORT, TOKEN = 8123, "the token"
BASE = f"http://{HOST}:{PORT}"
API = {"x-krisc-token": TOKEN}
POST = {**API, "origin": BASE, "content-type": "application/json"}


@pytest.fixture
def made(starter: Path, monkeypatch: pytest.MonkeyPatch):
    """A client of the application over a corpus with two people, and that corpus."""
    from starlette.testclient import TestClient  # noqa: PLC0415

    monkeypatch.setattr("krisc.serving.page_file", lambda name: name.encode())
    register(starter, "anna", "ben")
    return TestClient(application(Desk(Corpus(starter), "anna"), PORT, TOKEN), base_url=BASE), starter


def post(client, action, tag=None, **headers):
    tag = tag or client.get("/api/documents/example", headers=API).json()["tag"]
    content = action if isinstance(action, bytes) else json.dumps(action).encode()
    return client.post("/api/documents/example", content=content, headers={**POST, "if-match": tag, **headers})


ACCEPT = {"action": "accept", "layer": "entity", "id": "karwan"}


def test_the_page_asks_and_is_answered(made):
    client, corpus = made
    told = client.get("/api/corpus", headers=API).json()
    assert (told["person"], [one["id"] for one in told["documents"]]) == ("anna", ["example"])
    answer = post(client, ACCEPT)
    assert answer.status_code == 200
    assert answer.json()["progress"][0] | {"title": ""} == {
        "id": "example",
        "title": "",
        "all": 7,
        "checked": 1,
        "conflicts": 0,
    }
    assert json.loads((corpus / "annotations/reviews/example.jsonl").read_text())["by"] == "anna"


@pytest.mark.parametrize(
    "headers",
    [
        {"host": f"localhost:{PORT}"},
        {"host": f"example.org:{PORT}"},
        {"host": HOST},
        {"host": f"{HOST}:{PORT + 1}"},
        {"origin": "https://example.org"},
        {"origin": "null"},
        {"origin": f"http://localhost:{PORT}"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"x-krisc-token": ""},
        {"x-krisc-token": TOKEN + "x"},
        {"x-krisc-token": "日本".encode()},
    ],
)
def test_nobody_else_is_let_in(made, headers):
    client, corpus = made
    tag = client.get("/api/documents/example", headers=API).json()["tag"]
    answer = post(client, ACCEPT, tag, **headers)
    assert answer.status_code == 403
    assert client.get("/api/corpus", headers={**API, **headers}).status_code == 403
    assert not (corpus / "annotations/reviews/example.jsonl").exists()


def test_an_action_comes_from_a_page(made):
    client, _ = made
    headers = {name: value for name, value in POST.items() if name != "origin"}
    assert client.post("/api/documents/example", content=b"{}", headers=headers).status_code == 403


def test_every_answer_binds_the_browser(made):
    client, _ = made
    for answer in (
        client.get("/"),
        client.get("/review.js"),
        client.get("/nothing"),
        client.get("/api/corpus"),
        client.get("/api/corpus", headers=API),
    ):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "path",
    [
        "/dataset/corpus.toml",
        "/../dataset/corpus.toml",
        "/%2e%2e/%2e%2e/etc/passwd",
        "//etc/passwd",
        "/view.html",
        "/web/page.css",
        "/page.css/../view.js",
        "/static",
    ],
)
def test_nothing_but_the_page_is_served(made, path):
    client, _ = made
    assert client.get(path, headers=API).status_code == 404


@pytest.mark.parametrize(
    "name", ["nothing", "../gold/example", "%2e%2e%2fexample", "..%5cexample", "example.json", "%00"]
)
def test_no_document_outside_the_list(made, name):
    client, corpus = made
    before = sorted(corpus.rglob("*"))
    assert client.get(f"/api/documents/{name}", headers=API).status_code in (404, 405)
    assert client.post(
        f"/api/documents/{name}", content=json.dumps(ACCEPT), headers={**POST, "if-match": "x"}
    ).status_code in (404, 405)
    assert set(corpus.rglob("*")) - set(before) <= {corpus / "annotations/reviews"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"action": "accept", "action": "reject"}',
        b'{"action": "delete everything"}',
        b'{"action": "accept", "layer": "entity", "id": "karwan", "by": "ben"}',
        b'{"action": "accept", "layer": "entity", "id": 3}',
        b'{"action": "comment", "note": "\\ud800"}',
        b'{"action": "add", "layer": "entity", "annotation": {"label": "PLACE", "anchor": [[0]]}}',
        b'{"action": "add", "layer": "entity", "annotation": {"label": "PLACE", "anchor": [[1e400, 2]]}}',
        b"\xff",
        b"[" * 2000,
    ],
)
def test_what_is_no_action_is_refused(made, body):
    client, corpus = made
    answer = post(client, body)
    assert answer.status_code == 400
    assert "no action" in answer.json()["message"]
    assert not (corpus / "annotations/reviews/example.jsonl").exists()


def test_other_kinds_of_requests_are_refused(made):
    client, _ = made
    assert post(client, b" " * (LARGEST + 1)).status_code == 413
    assert post(client, ACCEPT, **{"content-type": "text/plain"}).status_code == 415
    assert post(client, ACCEPT, tag="another").status_code == 409
    assert client.put("/api/documents/example", headers=POST).status_code == 405
    assert (
        client.options("/api/documents/example", headers={**POST, "access-control-request-method": "POST"}).status_code
        == 405
    )


def test_malformed_files_are_told_of_and_not_touched(made):
    client, corpus = made
    path = corpus / "annotations/reviews/example.jsonl"
    path.parent.mkdir()
    path.write_text('{"at": "2026-01-02T03:04:05Z", "by": "anna", "action": "acc')
    answer = client.get("/api/documents/example", headers=API)
    assert (answer.status_code, "json-syntax" in answer.json()["message"]) == (422, True)
    assert path.read_text().endswith('"acc')


def test_only_this_machine_can_connect():
    with listen(0) as listening:
        assert listening.getsockname()[0] == "127.0.0.1"
        listening.listen()
        with pytest.raises(OSError), socket.create_connection(("127.0.0.2", listening.getsockname()[1]), timeout=2):
            pass
        with pytest.raises(OSError):
            listen(listening.getsockname()[1])


def review(corpus, *words):
    command = [sys.executable, "-m", "krisc", "review", "--corpus", str(corpus), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_only_people_review(starter):
    done = review(starter, "--by", "starter")
    assert (done.returncode, "checker-not-a-person" in done.stdout) == (1, True)
    done = review(starter, "--by", "nobody")
    assert (done.returncode, "there is no annotator 'nobody'" in done.stderr) == (2, True)


def test_a_port_that_is_taken_is_told_of(starter):
    register(starter, "anna")
    with listen(0) as listening:
        listening.listen()
        done = review(starter, "--by", "anna", "--port", str(listening.getsockname()[1]))
    assert (done.returncode, "cannot listen on port" in done.stderr) == (2, True)


def test_pages_that_were_not_built_are_told_of(starter, monkeypatch, capsys):
    monkeypatch.setattr(showing, "FOLDER", "nowhere")
    assert run("view", "--out", starter / "site", "--corpus", starter) == 2
    assert "unreadable page-missing" in capsys.readouterr().out
    assert not (starter / "site").exists()


@needs_pages
def test_the_program_ends_when_it_is_interrupted(starter):
    make_corpus(starter)
    with reviewing(starter) as (address, program):
        assert address.partition("#")[2].startswith("token=")
        assert len(address.partition("#token=")[2]) > 40
        program.send_signal(2)
        assert program.wait(10) == 0
        assert "Traceback" not in program.stderr.read()
