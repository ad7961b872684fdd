"""Publishing, without a network: what would be uploaded, and what is asked of the Hub in which order."""

import hashlib
import inspect
import json
import shutil
import socket
from types import SimpleNamespace

import pytest
from huggingface_hub import HfApi
from huggingface_hub.utils import DEFAULT_IGNORE_PATTERNS
from passes_of_example import run

from krisc.findings import KriscError
from krisc.publishing import plan, publish, without_tokens
from krisc.verifying import verify

TOKEN = "hf_" + "x" * 34
WHERE = {"repo_id": "group/corpus", "repo_type": "dataset"}


@pytest.fixture
def release(compiled, tmp_path):
    return shutil.copytree(compiled / "dataset/releases/0.1.0", tmp_path / "release")


class Hub:
    """Stands for an HfApi: keeps what it is asked for."""

    def __init__(self, tags=(), failure=None):
        self.calls, self.tags, self.failure = [], tags, failure

    def __getattr__(self, name):
        def call(**arguments):
            self.calls.append((name, arguments))
            if self.failure and name == "upload_folder":
                raise self.failure
            tags = [SimpleNamespace(name=tag) for tag in self.tags]
            return SimpleNamespace(oid="abc", commit_url="the commit", tags=tags)

        return call


def test_the_plan_is_the_folder_file_by_file(release):
    made = plan(release, "group/corpus")
    on_disk = {p.relative_to(release).as_posix(): p.read_bytes() for p in release.rglob("*") if p.is_file()}
    assert {one.path: (one.bytes, one.sha256) for one in made.files} == {
        name: (len(data), hashlib.sha256(data).hexdigest()) for name, data in on_disk.items()
    }
    assert made.bytes == sum(map(len, on_disk.values()))
    assert (made.revision, made.tag) == ("main", "v0.1.0")


def test_the_plan_is_what_the_library_would_upload(release, monkeypatch):
    monkeypatch.setattr(HfApi, "_validate_yaml", lambda *_, **__: None)  # the one thing it asks the Hub for
    (release / ".cache/huggingface").mkdir(parents=True)
    (release / ".cache/huggingface/note").write_text("a trace of a download")
    (release / ".gitattributes").write_text("*.parquet filter=lfs\n")
    operations = HfApi()._prepare_upload_folder_additions(
        release, path_in_repo="", repo_type="dataset", ignore_patterns=list(DEFAULT_IGNORE_PATTERNS)
    )
    wanted = {(o.path_in_repo, o.upload_info.size, o.upload_info.sha256.hex()) for o in operations}
    made = plan(release, "group/corpus")
    assert {(one.path, one.bytes, one.sha256) for one in made.files} == wanted
    assert ".cache/huggingface/note" not in {one.path for one in made.files}


def test_what_a_download_has_beside_the_release_is_let_stand(release):
    for name in (".gitattributes", ".cache/huggingface/download/README.md.metadata", ".git/HEAD"):
        (release / name).parent.mkdir(parents=True, exist_ok=True)
        (release / name).write_text("x")
    assert verify(release)[0] == []
    (release / ".cache/other").write_text("x")
    assert [f.id for f in verify(release)[0]] == ["file-unknown"]


def test_publishing_uploads_the_folder_and_tags_the_commit(release):
    hub = Hub(tags=("v0.0.9",))
    made = plan(release, "group/corpus", revision="next", tag="v0.1.0-rc1", private=True)
    assert publish(made, hub) == "the commit"
    assert hub.calls == [
        ("create_repo", {**WHERE, "private": True, "exist_ok": True}),
        ("list_repo_refs", WHERE),
        ("create_branch", {**WHERE, "branch": "next", "exist_ok": True}),
        (
            "upload_folder",
            {
                **WHERE,
                "folder_path": release,
                "revision": "next",
                "commit_message": "My corpus 0.1.0",
                "delete_patterns": "*",
            },
        ),
        ("create_tag", {**WHERE, "tag": "v0.1.0-rc1", "revision": "abc", "tag_message": "My corpus 0.1.0"}),
    ]


def test_the_calls_are_those_that_the_library_has(release):
    """What stands for the library takes any words; these are held to the real signatures."""
    hub = Hub()
    publish(plan(release, "group/corpus", revision="next"), hub)
    for name, arguments in hub.calls:
        inspect.signature(getattr(HfApi, name)).bind(None, **arguments)


def test_a_version_that_was_published_is_not_replaced(release):
    hub = Hub(tags=("v0.1.0",))
    with pytest.raises(KriscError) as error:
        publish(plan(release, "group/corpus"), hub)
    assert [f.id for f in error.value.findings] == ["publish-failed"]
    assert "upload_folder" not in dict(hub.calls)


def test_a_broken_release_is_not_published(release, capsys):
    (release / "README.md").write_text("---\nconfigs: []\n---\n")
    assert run("publish", "--dry-run", release, "group/corpus") == 1
    assert "file-altered" in capsys.readouterr().out


def test_the_dry_run_says_everything_and_reaches_nobody(release, capsys, monkeypatch):
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("somebody was called"))
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert run("publish", "--dry-run", release, "group/corpus") == 0
    shown = capsys.readouterr()
    for path in release.rglob("*"):
        if path.is_file():
            assert f"{path.stat().st_size:,}  " in shown.out
            assert f"  {path.relative_to(release).as_posix()}\n" in shown.out
    assert "group/corpus, branch main" in shown.out
    assert "tag v0.1.0" in shown.out
    assert "nothing was uploaded" in shown.err
    assert TOKEN not in shown.out + shown.err
    assert run("publish", "--dry-run", release, "group/corpus", "--json", "-q") == 0
    value = json.loads(capsys.readouterr().out)
    assert (value["dry_run"], value["tag"], value["private"]) == (True, "v0.1.0", False)
    assert value["bytes"] == sum(one["bytes"] for one in value["files"])


def test_a_version_of_the_corpus_can_be_named(compiled, capsys):
    assert run("publish", "--dry-run", "0.1.0", "group/corpus", "--corpus", compiled) == 0
    assert run("publish", "--dry-run", "9.9.9", "group/corpus", "--corpus", compiled) == 1
    assert "release-missing" in capsys.readouterr().out


def test_without_a_network_it_ends_in_a_finding_without_a_token(release, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    assert run("publish", release, "group/corpus") == 1
    shown = capsys.readouterr()
    assert "publish-failed" in shown.out
    assert TOKEN not in shown.out + shown.err
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before


@pytest.mark.parametrize("failure", [OSError("no"), ValueError(f"Bearer {TOKEN} is wrong"), Exception(TOKEN)])
def test_whatever_the_library_raises_is_a_finding_without_a_token(release, failure):
    with pytest.raises(KriscError) as error:
        publish(plan(release, "group/corpus"), Hub(failure=failure))
    [finding] = error.value.findings
    assert finding.id == "publish-failed"
    assert TOKEN not in finding.message
    assert error.value.__cause__ is None


def test_tokens_are_taken_out_of_words():
    assert without_tokens(f"401 for\n{TOKEN}") == "401 for (a token)"
    assert without_tokens("Authorization: Bearer abc.def") == "Authorization: (a token)"
    assert without_tokens("nothing to hide") == "nothing to hide"
