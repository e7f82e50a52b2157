"""Every way in which a distribution can be broken: each costs only itself, and is named."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from tests.functional.conftest import Result, Sandbox

GOOD = """\
from gluepy import DAG, Task
from gluepy.files.storages import default_storage

class Work(Task):
    def run(self):
        default_storage.touch(default_storage.runpath("work.txt"), "done")

class Good(DAG):
    tasks = [Work]
"""

DAG = "from gluepy import DAG\n\nclass Bad(DAG):\n    tasks = []\n"

ENTRY = {"gluepy.dags": {"bad": "bad_pipes:Bad"}}


class Case(NamedTuple):
    """One kind of broken distribution.

    Attributes:
        write: Puts it into the sandbox.
        named: What ``gluepy check`` says of it.
    """

    write: Callable[[Sandbox], object]
    named: str


def module(source: str, **more: str) -> Callable[[Sandbox], object]:
    """Write a distribution whose module has this source."""
    return lambda sandbox: sandbox.install(
        "bad-pipes", "0.1", entry_points=ENTRY, modules={"bad_pipes": source, **more}
    )


def entry_points(content: bytes | dict[str, dict[str, str]]) -> Callable[[Sandbox], object]:
    """Write a distribution with a good module, and these entry points."""
    return lambda sandbox: sandbox.install(
        "bad-pipes", "0.1", entry_points=content, modules={"bad_pipes": DAG}
    )


def without(file: str) -> Callable[[Sandbox], object]:
    """Write a good distribution and take one file of its metadata away."""
    return lambda sandbox: (
        sandbox.install("bad-pipes", "0.1", entry_points=ENTRY, modules={"bad_pipes": DAG}) / file
    ).unlink()


def depending(sandbox: Sandbox) -> object:
    return sandbox.install(
        "bad-pipes",
        "0.1",
        entry_points=ENTRY,
        modules={"bad_pipes": f"import leftpad.core\n{DAG}"},
        requires=("leftpad>=2",),
    )


WHO = "DAG 'bad' of bad-pipes 0.1 (bad_pipes:Bad): "

CASES = {
    "missing module": Case(
        lambda sandbox: sandbox.install("bad-pipes", "0.1", entry_points=ENTRY),
        f"{WHO}its module 'bad_pipes' is missing",
    ),
    "missing attribute": Case(
        module(DAG.replace("Bad", "Bat")), f"{WHO}'bad_pipes' has no attribute 'Bad'"
    ),
    "wrong object": Case(
        module("Bad = 5"), f"{WHO}it is of type int, not a subclass of gluepy.DAG"
    ),
    "wrong class": Case(
        module("class Bad:\n    label = 'bad'"),
        f"{WHO}it is the class Bad, not a subclass of gluepy.DAG",
    ),
    "a task where a DAG is declared": Case(
        module("from gluepy import Task\nclass Bad(Task): ..."),
        f"{WHO}it is the class Bad, not a subclass of gluepy.DAG",
    ),
    "import raises": Case(module("1 / 0"), f"{WHO}its import raises ZeroDivisionError"),
    "import raises a bare BaseException": Case(
        module("raise BaseException('up')"), f"{WHO}its import raises BaseException: up"
    ),
    "import recurses without end": Case(
        module("def f(): f()\nf()"), f"{WHO}its import raises RecursionError"
    ),
    "syntax error": Case(module("def"), f"{WHO}its import raises SyntaxError"),
    "source that is not UTF-8": Case(
        lambda sandbox: (
            sandbox.install("bad-pipes", "0.1", entry_points=ENTRY),
            (sandbox.site / "bad_pipes.py").write_bytes(b"x = '\xff'"),
        ),
        f"{WHO}its import raises SyntaxError",
    ),
    "import exits with 0": Case(
        module("import sys\nsys.exit(0)"), f"{WHO}its import calls sys.exit(0)"
    ),
    "import prints and raises": Case(
        module("print('{')\nimport os\nos.system('echo }')\n1 / 0"),
        f"{WHO}its import raises ZeroDivisionError",
    ),
    "circular import": Case(
        module("from bad_tasks import X\n" + DAG, bad_tasks="from bad_pipes import Bad\nX = 1\n"),
        f"{WHO}circular import: cannot import name 'Bad' from partially initialized module",
    ),
    "label that disagrees": Case(
        module(DAG + "    label = 'worse'\n"),
        f"{WHO}the entry point is called 'bad' but the class is labelled 'worse'",
    ),
    "label that cannot be one": Case(
        module(DAG + "    label = 'no:label'\n"), f"{WHO}its import fails: bad_pipes:Bad ("
    ),
    "missing dependency": Case(
        depending, f"{WHO}it needs the module 'leftpad', which is not installed"
    ),
    "malformed entry points": Case(
        entry_points(b"[gluepy.dags]\nbad\n"),
        "bad-pipes 0.1: entry_points.txt is malformed: line 2 is no 'name = module:object'",
    ),
    "entry point without a group": Case(
        entry_points(b"bad = bad_pipes:Bad\n[gluepy.dags]\n"),
        "bad-pipes 0.1: entry_points.txt is malformed: line 1 stands before the first [group]",
    ),
    "value that is no target": Case(
        entry_points({"gluepy.dags": {"bad": "bad pipes"}}),
        "DAG 'bad' of bad-pipes 0.1 (bad pipes): its value is no 'module:object'",
    ),
    "name that is no label": Case(
        entry_points({"gluepy.dags": {"-bad": "bad_pipes:Bad"}}),
        "DAG '-bad' of bad-pipes 0.1 (bad_pipes:Bad): its name begins with a hyphen",
    ),
    "group that is not ours": Case(
        entry_points({"gluepy.dag": {"bad": "bad_pipes:Bad"}}),
        f"{WHO}there is no group 'gluepy.dag'; it is called 'gluepy.dags'",
    ),
    "declared twice": Case(
        entry_points(b"[gluepy.dags]\nbad = bad_pipes:Bad\nbad = bad_pipes:Bad\n"),
        f"{WHO}declared twice in entry_points.txt",
    ),
    "entry points that are not UTF-8": Case(
        entry_points(b"[gluepy.dags]\nb\xe4d = bad_pipes:Bad\n"),
        "bad-pipes 0.1: entry_points.txt is malformed: it is not UTF-8: byte 15",
    ),
    "entry points in UTF-16": Case(
        entry_points("[gluepy.dags]\nbad = bad_pipes:Bad\n".encode("utf-16")),
        "bad-pipes 0.1: entry_points.txt is malformed: it is UTF-16, not UTF-8",
    ),
    "byte order mark": Case(
        entry_points(b"\xef\xbb\xbf[gluepy.dags]\nbad = bad_pipes:Bad\n"),
        "bad-pipes 0.1: entry_points.txt is malformed: it begins with a byte order mark",
    ),
    "no METADATA": Case(without("METADATA"), f"{WHO}METADATA is missing"),
}


@pytest.fixture
def good(sandbox: Sandbox) -> Sandbox:
    """A folder where a distribution is installed that nothing is wrong with."""
    sandbox.install(
        "good-pipes",
        "1.0",
        entry_points={"gluepy.dags": {"good": "good_pipes:Good"}},
        modules={"good_pipes": GOOD},
    )
    return sandbox


@pytest.mark.parametrize("kind", CASES)
def test_broken_distribution_costs_only_itself_and_is_named(kind: str, good: Sandbox) -> None:
    case = CASES[kind]
    case.write(good)

    run = good.gluepy("dag", "good")
    listed = good.gluepy("list", "--format", "json")
    check = good.gluepy("check", "--format", "json")

    assert_good(run)
    assert listed.code == 0
    document = listed.json()
    assert "good" in [one["label"] for one in document["dags"]]
    sources = [one["sources"][0] for one in document["dags"] + document["unreadable"]]
    assert ("bad-pipes", "0.1") in [(one["distribution"], one["version"]) for one in sources]
    assert check.code == 3
    failed = [one["text"] for one in check.json()["findings"] if one["level"] == "FAIL"]
    assert failed
    assert all(text.startswith(case.named) for text in failed), failed
    assert "Traceback" not in run.err + listed.err + check.err


@pytest.mark.parametrize("kind", ["import raises", "import exits with 0", "wrong object"])
def test_broken_dag_itself_is_one_error(kind: str, good: Sandbox) -> None:
    case = CASES[kind]
    case.write(good)
    before = good.snapshot()

    done = good.gluepy("dag", "bad")

    assert (done.code, done.out) == (3, "")
    assert done.err.startswith(f"Error: {case.named}")
    assert done.err.splitlines()[1].startswith("Hint: ")
    assert len(done.err.splitlines()) == 2
    assert good.snapshot() == before


def test_what_an_import_prints_stays_out_of_the_results(good: Sandbox) -> None:
    noise = "import os\nprint('noise')\nos.system('echo louder')\n"
    module(noise + DAG.replace("tasks = []", "tasks = []\nprint('still here')"))(good)

    shown = good.gluepy("show", "bad", "--format", "json")

    assert shown.code == 0, shown.err
    assert shown.json()["label"] == "bad"
    assert shown.err == "noise\nlouder\nstill here\n"


def test_distribution_without_record_works(good: Sandbox) -> None:
    (good.site / "good_pipes-1.0.dist-info" / "RECORD").unlink()

    assert_good(good.gluepy("dag", "good"))


def test_folder_that_is_twice_on_the_path_counts_once(good: Sandbox, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(good.site)
    path = os.pathsep.join([str(good.site), str(link), str(good.site) + "/."])

    listed = good.gluepy("list", "--format", "json", env={"PYTHONPATH": path})
    run = good.gluepy("dag", "good", env={"PYTHONPATH": path})

    assert [(one["label"], one["state"]) for one in listed.json()["dags"]] == [
        ("good", "available")
    ]
    assert_good(run)


def test_shadowed_older_copy_is_shown_and_not_used(good: Sandbox, tmp_path: Path) -> None:
    behind = tmp_path / "behind"
    sandbox_site, good.site = good.site, behind
    good.install(
        "good-pipes",
        "0.9",
        entry_points={"gluepy.dags": {"good": "good_pipes:Old", "gone": "good_pipes:Gone"}},
        modules={"good_pipes": "raise RuntimeError('the old one')"},
    )
    path = os.pathsep.join([str(sandbox_site), str(behind)])

    listed = good.gluepy("list", "--format", "json", env={"PYTHONPATH": path}).json()
    run = good.gluepy("dag", "good", env={"PYTHONPATH": path})
    gone = good.gluepy("dag", "gone", env={"PYTHONPATH": path})

    shadow = f"good-pipes 1.0 in {sandbox_site}"
    assert [
        (one["label"], one["sources"][0]["version"], one["state"], one["reason"])
        for one in listed["dags"]
    ] == [
        ("gone", "0.9", "shadowed", shadow),
        ("good", "1.0", "available", ""),
        ("good", "0.9", "shadowed", shadow),
    ]
    assert_good(run)
    assert gone.code == 2
    assert "no DAG is labelled 'gone'" in gone.err


def test_all_of_them_together_cost_nothing_else(good: Sandbox) -> None:
    for number, (kind, case) in enumerate(CASES.items()):
        if kind not in ("no METADATA", "source that is not UTF-8"):
            good.site = Path(good.env["PYTHONPATH"].split(os.pathsep)[0]) / str(number)
            case.write(good)
            old = next(good.site.glob("*.dist-info"))
            new = old.with_name(f"bad_pipes_{number}-0.1.dist-info")
            old.rename(new)
            metadata = (new / "METADATA").read_text().replace("bad-pipes", f"bad-pipes-{number}")
            (new / "METADATA").write_text(metadata)
            good.env["PYTHONPATH"] += f"{os.pathsep}{good.site}"

    run = good.gluepy("dag", "good")
    listed = good.gluepy("list", "--format", "json")

    assert_good(run)
    assert listed.code == 0
    assert sum(len(one["sources"]) for one in listed.json()["dags"]) > 15


def assert_good(run: Result) -> None:
    """Check that the good DAG has run and nothing else was said."""
    assert (run.code, run.out) == (0, ""), run.err
    assert run.steps() == {"work": "done"}
    assert "bad-pipes" not in run.err
    assert len(run.err.splitlines()) == 5  # of the run, its one step, and the end
