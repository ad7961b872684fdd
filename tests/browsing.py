"""A made corpus to look at, a headless Chromium, and the review page as a person opens it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
from passes_of_example import register, run

from krisc.reviewing import Desk
from krisc.serving import HOST, application, listen
from krisc.store import Corpus

TOKEN = "the-token"
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --force-device-scale-factor=1"
)
LAYERS = ("entity", "event", "relation", "coreference")
# Documents of the made corpus: text, and annotations in the authoring form.
TEXTS = {
    "nested": (
        "Karwan of the Soran Council of the Soran Region met Zerin 😀 in Soran.",
        """
[entity]
PERSON k "Karwan of the Soran Council of the Soran Region" mention=name
PERSON council "Soran Council of the Soran Region" mention=nominal
PLACE region "Soran Region" mention=name
PLACE s "Soran" in region mention=name
PERSON z "Zerin" mention=name
PLACE soran "in Soran" mention=name
[event]
MEET met "met" Participant=k Participant=z Place=soran modality=asserted
[coreference]
ENTITY c members=k,z entity=karwan
""",
    ),
    "right-to-left": (
        "التقى كاروان زيرين في سوران.\nKarwan met زيرين in سوران again.",
        """
[entity]
PERSON k "كاروان" mention=name
PERSON z "زيرين" in s1 mention=name
PLACE p "سوران" in s1 mention=name
PERSON k2 "Karwan" mention=name
PLACE p2 "سوران" in s2 mention=name
[event]
MEET met "التقى" Participant=k Participant=z Place=p modality=asserted
""",
    ),
    "scripts": (
        "<script>window.hurt = 1</script> Karwan met <img src=x onerror='window.hurt=2'> & </div> Zerin.",
        """
[entity]
PERSON k "Karwan" mention=name // </script><script>window.hurt = 3</script>
PERSON z "<img src=x onerror='window.hurt=2'>" mention=name
""",
    ),
    "crlf": ("Karwan met Zerin.\r\nThey talked.", '\n[entity]\nPERSON t "They" mention=pronoun\n'),
    "empty": ("\n", ""),
    "dense": (
        " ".join(f"Karwan{n} met Zerin{n} in Soran{n}." for n in range(60)),
        "\n[entity]\n"
        + "\n".join(
            f'PERSON k{n} "Karwan{n}" in s{n + 1} mention=name\nPERSON z{n} "Zerin{n}" in s{n + 1} mention=name\n'
            f'PLACE p{n} "Soran{n}" in s{n + 1} mention=name'
            for n in range(60)
        )
        + "\n[event]\n"
        + "\n".join(
            f'MEET m{n} "met" in s{n + 1} Participant=k{n} Participant=z{n} Place=p{n} modality=asserted'
            for n in range(60)
        ),
    ),
}


def chromium() -> str | None:
    """The browser, where it is installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


PAGES = Path(__file__).parents[1] / "src/krisc/web/review.js"
needs_pages = pytest.mark.skipif(not PAGES.exists(), reason="the pages are not built; make web builds them")
needs_browser = pytest.mark.skipif(
    not PAGES.exists() or chromium() is None or shutil.which("chromedriver") is None,
    reason="there is no Chromium here, or the pages are not built; make test does both where it may",
)


def make_corpus(folder: Path) -> Path:
    """The documents of TEXTS beside the example, and two people who may review."""
    register(folder, "anna", "ben")
    line = json.loads((folder / "dataset/documents.jsonl").read_text().splitlines()[0])
    lines = [json.dumps(line)]
    for name, (text, _) in TEXTS.items():
        (folder / f"dataset/raw/{name}.txt").write_bytes(text.encode())
        sha = hashlib.sha256(text.encode()).hexdigest()
        lines.append(json.dumps({**line, "id": name, "title": f"<b>{name}</b>", "incident": name, "sha256": sha}))
    (folder / "dataset/documents.jsonl").write_text("\n".join(lines) + "\n")
    for name, (text, marked) in TEXTS.items():
        ends = [m.end() for m in re.finditer(r"\.(?=\s|$)", text)]
        starts = [0, *(end + len(re.match(r"\s*", text[end:])[0]) for end in ends)]
        spans = [json.dumps(text[a:b], ensure_ascii=False) for a, b in zip(starts, ends, strict=False)]
        sentences = "".join(f"SENTENCE s{n} {words}\n" for n, words in enumerate(spans, start=1))
        head = f"@document {name}\n@annotator starter\n@date 2000-01-01\n@guidelines 0.1.0\n[structure]\n"
        source = marked + "".join(f"\n[{layer}]\n" for layer in LAYERS if f"[{layer}]" not in marked)
        path = folder / "draft.txt"
        path.write_text(head + sentences + source, newline="")
        assert run("author", "import", path, "--gold", "--quiet", "--corpus", folder) == 0
        path.unlink()
    return folder


@contextmanager
def chrome(width: int = 1400, height: int = 900):
    """A browser with a profile of its own, which is gone afterwards."""
    from selenium import webdriver  # noqa: PLC0415
    from selenium.webdriver.chrome.options import Options  # noqa: PLC0415
    from selenium.webdriver.chrome.service import Service  # noqa: PLC0415

    profile = tempfile.mkdtemp(prefix="krisc-chromium-")
    options = Options()
    options.binary_location = chromium()
    for flag in [*FLAGS.split(), f"--user-data-dir={profile}", f"--window-size={width},{height}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    driver.set_script_timeout(20)
    try:
        yield driver
    finally:
        driver.quit()
        shutil.rmtree(profile, ignore_errors=True)


@contextmanager
def reviewing(corpus: Path, by: str = "anna"):
    """`krisc review` as a program of its own: its address, and the program."""
    command = [sys.executable, "-m", "krisc", "review", "--by", by, "--corpus", str(corpus)]
    program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        address = program.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:"), program.stderr.read()
        yield address, program
    finally:
        if program.poll() is None:
            program.send_signal(signal.SIGINT)
            try:
                program.wait(10)
            except subprocess.TimeoutExpired:
                program.kill()
        program.stdout.close()
        program.stderr.close()


@contextmanager
def served(corpus: Path, by: str = "anna"):
    """What `krisc review` serves, by a thread of this program, which starts at once: its address."""
    import uvicorn  # noqa: PLC0415

    with listen(0) as listening:
        port = listening.getsockname()[1]
        config = uvicorn.Config(application(Desk(Corpus(corpus), by), port, TOKEN), log_level="warning")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        listening.listen()
        thread.start()
        try:
            yield f"http://{HOST}:{port}/#token={TOKEN}"
        finally:
            server.should_exit = server.force_exit = True  # a tab may hold its connection open
            thread.join(10)
            assert not thread.is_alive()


def wait(driver, script: str, seconds: float = 15):
    """The first true value that a script gives."""
    from selenium.webdriver.support.ui import WebDriverWait  # noqa: PLC0415

    return WebDriverWait(driver, seconds, poll_frequency=0.05).until(lambda d: d.execute_script(f"return {script}"))


def shot(driver, name: str) -> None:
    """Keep a picture where KRISC_SHOTS says, to be looked at."""
    if folder := os.environ.get("KRISC_SHOTS"):
        wait(driver, "new Promise((done) => setTimeout(() => done(true), 400))")
        Path(folder).mkdir(parents=True, exist_ok=True)
        driver.save_screenshot(str(Path(folder) / f"{name}.png"))
