"""Work for workers: a module that loads fast, for each worker loads it."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

from krisc.findings import Finding, KriscError, Place


def twice(text):
    return text + text, os.getpid()


def after_a_while(number):
    time.sleep(random.random() / 20)
    return number


def slow(number):
    time.sleep(number)
    return number


def refuse(number):
    if number == 3:
        data = {"annotation": "𐎠", "name": "ئێران", "hint": "e\u0301"}
        raise KriscError([Finding("annotator-unknown", Place("x.json", "/a"), data, "d", "s1")])
    return number


def divide(number):
    return 1 / number


class StrangeError(Exception):
    def __init__(self, one, other):
        super().__init__("words")


def strange(number):
    raise StrangeError(number, number)


def die(folder: Path, number):
    """Kill this process, the first time that it is asked about 3, and each time for a number below 0."""
    marker = folder / "killed"
    if number < 0 or (number == 3 and not marker.exists()):
        with marker.open("a") as stream:
            stream.write(".")
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def begin(folder: Path, number):
    (folder / f"begun-{number}").touch()
    time.sleep(0.2 if number else 0)
    (folder / f"done-{number}").touch()
    return number


def killed_once(task):
    """Compile a shard; whoever does it first dies when all its files are written."""
    from krisc.compiling import compile_shard  # noqa: PLC0415 - it takes long to import

    made = compile_shard(task)
    marker = task.stage.parent / "killed"
    if task.number == 1 and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return made


def always_killed(task):
    from krisc.compiling import compile_shard  # noqa: PLC0415 - it takes long to import

    made = compile_shard(task)
    if task.number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return made


def words_of(name):
    """Forty words, which are the same for three names, and the name."""
    draw = random.Random(int(name) // 3)
    words = (f"{draw.choice(('Karwan', 'هەولێر', '𐎠𐎼', 'met'))}{draw.randrange(90)}" for _ in range(40))
    return " ".join([*words, name])
