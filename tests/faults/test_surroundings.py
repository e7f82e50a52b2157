"""Files, labels and surroundings that are odd or hostile, for whole commands.

The rules behind them are pinned where they are made; ``README.md`` says where.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.faults.conftest import Project

EXECUTORS = ("serial", "threads", "processes")


@pytest.fixture
def odd(new_project: Callable[..., Project]) -> Project:
    return new_project("surroundings")


# -- YAML ------------------------------------------------------------------------------------------

LEVELS = 20_000

YAML = {
    "bomb of aliases": "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}' if n else 'x'] * 10)}]\n" for n in range(10)
    ),
    "bomb of merge keys": "".join(
        f"a{n}: &a{n}\n  k{n}: 1\n" + (f"  <<: [{', '.join([f'*a{n - 1}'] * 10)}]\n" if n else "")
        for n in range(10)
    ),
    "python tag": "a: !!python/object/apply:os.system ['touch owned']\n",
    "python name": "a: !!python/name:os.system\n",
    "levels of lists": f"a: {'[' * LEVELS}{']' * LEVELS}\n",
    "levels of mappings": f"a: {'{b: ' * LEVELS}1{'}' * LEVELS}\n",
    "levels of blocks": "".join(f"{' ' * level}a:\n" for level in range(2000)),
    "reference to itself": "a: &a [*a]\n",
    "a megabyte of brackets": "[" * 1_000_000,
}


@pytest.mark.parametrize("kind", YAML)
def test_hostile_yaml_is_one_message_and_nothing_runs(kind: str, project: Project) -> None:
    (project.folder / "bad.yaml").write_text(YAML[kind])

    done = project.run("dag", "chain", "--local-patch", "bad.yaml")

    assert (done.code, done.out) == (2, ""), done.err[-2000:]
    assert done.err.startswith("Error: --local-patch 'bad.yaml': ")
    assert "Traceback" not in done.err
    assert not (project.folder / "owned").exists()
    assert project.notes == []
    assert not project.root.exists()


@pytest.mark.parametrize("kind", ["bomb of aliases", "python tag", "levels of lists"])
def test_hostile_yaml_in_a_run_folder_is_one_message(kind: str, project: Project) -> None:
    assert project.run("dag", "graph", env={"FAIL": "join"}).code == 1
    (project.run_folder / "context.yaml").write_text(YAML[kind])
    before = project.notes

    done = project.run("dag", "graph", "--resume")

    assert done.code == 3, done.err
    assert "context.yaml" in done.err
    assert "Traceback" not in done.err
    assert not (project.folder / "owned").exists()
    assert project.notes == before


# -- paths -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("executor", EXECUTORS)
def test_no_path_leads_a_task_out_of_the_storage(executor: str, odd: Project) -> None:
    outside = odd.folder / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")

    done = odd.run("dag", "escape-dag", "--executor", executor)

    assert done.code == 0, done.err
    assert set(odd.notes) == {"refused"}
    assert len(odd.notes) == 36
    assert [path.name for path in outside.iterdir()] == ["secret"]
    assert (outside / "secret").read_text() == "secret"
    assert not (odd.root / "stolen").exists()


@pytest.mark.parametrize("run", ["../outside", "/etc", "runs/../../outside", "link", "a\nb"])
@pytest.mark.parametrize("option", ["--retry", "--compare"])
def test_no_run_leads_out_of_the_storage(option: str, run: str, project: Project) -> None:
    outside = project.folder / "outside"
    outside.mkdir()
    project.root.mkdir()
    (project.root / "link").symlink_to(outside)
    (outside / "context.yaml").write_text("gluepy: {run_id: x, run_folder: ../outside}\n")

    done = project.run("dag", "chain", option, run)

    assert done.code in (2, 5), done.err
    assert done.err.startswith("Error: ")
    assert "Traceback" not in done.err
    assert [path.name for path in outside.iterdir()] == ["context.yaml"]
    assert project.notes == []


# -- labels ----------------------------------------------------------------------------------------

LABELS = {
    "newline": "a\\nb",
    "escape": "a\\x1b[31mb",
    "bell": "a\\x07b",
    "right to left": "a\\u202eb",
    "NUL": "a\\0b",
    "lone surrogate": "a\\ud800b",
    "300 characters": "a" * 300,
    "colon": "a:b",
    "option": "--help",
    "nothing": " ",
}


@pytest.mark.parametrize("kind", LABELS)
def test_label_that_cannot_be_one_is_one_message(kind: str, project: Project) -> None:
    (project.folder / "gluepy.toml").write_text('installed_modules = ["own"]\n')
    (project.folder / "own.py").write_text(
        f"from gluepy import DAG\nclass Odd(DAG):\n    label = '{LABELS[kind]}'\n    tasks = []\n"
    )

    listed = project.run("list")
    done = project.run("dag", "anything")

    assert done.code == 3, done.err
    assert listed.code in (0, 3)
    for ended in (listed, done):
        assert "Traceback" not in ended.err
        assert not set("\x1b\x07\u202e\0") & set(ended.out + ended.err)
        assert max(map(len, ended.err.splitlines()), default=0) < 1000
    assert "own.py:2" in done.err


PARTITIONS = {
    "newline": ["a\nb"],
    "escape": ["a\x1b[31mb"],
    "300 characters": ["a" * 300],
    "brackets": ["a]b"],
    "twice": ["a", "a"],
    "empty": [""],
    "no text": [None],
}


@pytest.mark.parametrize("kind", PARTITIONS)
def test_partition_that_cannot_be_one_fails_its_task(kind: str, odd: Project) -> None:
    env = {"PARTITIONS": ascii(PARTITIONS[kind])}

    done = odd.run("dag", "split-dag", env=env)

    assert done.code in (1, 3), done.err
    assert odd.notes == []
    assert "split" in done.err
    assert "Traceback" not in done.err
    assert not set("\x1b\x07") & set(done.out + done.err)
    assert odd.run("dag", "split-dag", "--resume", env={"PARTITIONS": "['a', 'b']"}).code == 0
    assert sorted(odd.notes) == ["begin 'a'", "begin 'b'"]


# -- surroundings ----------------------------------------------------------------------------------

ASCII = {
    # As a container or a cron job has it: Python then turns to UTF-8 by itself.
    "by default": {"LC_ALL": "C", "FILE": "Grüße.txt"},
    "in earnest": {
        "LC_ALL": "C",
        "PYTHONCOERCECLOCALE": "0",
        "PYTHONUTF8": "0",
        "FILE": "plain.txt",
    },
}


@pytest.mark.parametrize("kind", ASCII)
@pytest.mark.parametrize("executor", EXECUTORS)
def test_text_is_utf_8_in_an_ascii_locale(executor: str, kind: str, odd: Project) -> None:
    words = ("dag", "speak-dag", "--executor", executor)
    env = ASCII[kind]

    done = odd.run(*words, env={**env, "FAIL": "1"}, is_new=True)
    resumed = odd.run(*words, "--resume", env=env, is_new=True)

    assert done.code == 1, done.err
    assert "ValueError: Gr" in done.err
    assert resumed.code == 0, resumed.err
    assert "Traceback" not in done.err + resumed.err
    assert (odd.run_folder / env["FILE"]).read_text("utf-8").startswith("Grüße")
    assert any("世界" in event.get("error", "") for event in odd.journal())


@pytest.mark.parametrize("executor", ["threads", "processes"])
@pytest.mark.parametrize(
    "line",
    [
        "gluepy dag graph {} >&-",
        "gluepy dag graph {} <&- >&- 2>&-",
        "gluepy dag graph {} >/dev/full 2>/dev/full",
    ],
)
def test_stream_that_nobody_reads_ends_no_run_of_workers(
    line: str, executor: str, project: Project, expected: Mapping[str, bytes]
) -> None:
    done = project.shell(line.format(f"--executor {executor} -j 2"))

    assert done.code == 0, done.err
    assert "Traceback" not in done.err
    assert project.complaint(expected) == ""


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("closed", ["<&- >&- 2>&-", ">&- 2>&-", "2>&-"])
def test_what_a_program_of_a_task_prints_reaches_no_file_of_the_run(
    closed: str, executor: str, odd: Project
) -> None:
    done = odd.shell(f"gluepy dag shout-dag --executor {executor} {closed}")

    assert done.code == 0, done.err
    assert [event["event"] for event in odd.journal()][-1] == "finished"
    for file in odd.run_folder.iterdir():
        assert b"noise" not in file.read_bytes(), file


@pytest.mark.parametrize("executor", EXECUTORS)
def test_reader_that_leaves_in_the_middle_ends_no_run(
    executor: str, project: Project, expected: Mapping[str, bytes]
) -> None:
    line = f"{{ gluepy dag graph --executor {executor} -j 2 2>&1; echo $? >&3; }} 3>code | head -1"

    project.shell(line)

    assert (project.folder / "code").read_text() == "0\n"
    assert project.complaint(expected) == ""


@pytest.mark.parametrize("executor", EXECUTORS)
def test_home_and_temporary_folder_need_not_be_there(
    executor: str, project: Project, expected: Mapping[str, bytes]
) -> None:
    line = f"env -u HOME -u TMPDIR -u LANG gluepy dag graph --executor {executor} -j 2"

    done = project.shell(line)

    assert done.code == 0, done.err
    assert project.complaint(expected) == ""


def test_home_that_cannot_be_used_is_not_needed(
    project: Project, expected: Mapping[str, bytes]
) -> None:
    done = project.run("dag", "graph", env={"HOME": "/dev/null/home"}, is_new=True)

    assert done.code == 0, done.err
    assert project.complaint(expected) == ""


@pytest.mark.parametrize("executor", EXECUTORS)
def test_current_folder_may_be_deleted_during_a_run(
    executor: str, project: Project, expected: Mapping[str, bytes], tmp_path: Path
) -> None:
    storage = tmp_path / "elsewhere"
    env = {"GLUEPY_STORAGE_ROOT": str(storage), "GATED": "join"}
    command = project.start("dag", "graph", "--executor", executor, "-j", 2, env=env, is_new=True)
    project.wait_until_noted("begin join")
    (project.folder / "gluepy.toml").unlink()
    os.rmdir(project.folder)
    project.open_gate()

    done = command.wait()

    assert done.code == 0, done.err
    written = {path.name: path.read_bytes() for path in storage.glob("runs/*/*/*/*/*.txt")}
    assert written == expected
