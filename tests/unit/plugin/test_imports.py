"""What the imports of a process have shown, and where it is noted for the next."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

from gluepy.exec import DAG, DAG_REGISTRY, TASK_REGISTRY, Task
from gluepy.plugin.contributions import Contribution
from gluepy.plugin.imports import Imports, notes_path
from gluepy.plugin.known import Known, KnownTask, Notes, is_defined, look_at
from gluepy.plugin.manager import Hooks


@pytest.fixture(autouse=True)
def registries() -> Iterator[None]:
    with DAG_REGISTRY.isolated(), TASK_REGISTRY.isolated():
        yield


@pytest.fixture
def one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Contribution:
    """An entry point whose module is not imported."""
    site = tmp_path / "site"
    monkeypatch.syspath_prepend(site)
    (site / "acme").mkdir(parents=True)
    (site / "acme" / "__init__.py").touch()
    (site / "acme" / "dags.py").touch()
    (site / "acme-1.0.dist-info").mkdir()
    file = site / "acme-1.0.dist-info" / "entry_points.txt"
    file.touch()
    return Contribution("dag", "training", "acme.dags:Training", "acme", "1.0", str(file))


KNOWN = Known(tasks=(KnownTask("load", "acme.dags:Load", ("io",), ()),), hooks=("before_dag",))


# -- the place -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"XDG_CACHE_HOME": "/c", "HOME": "/h"}, "/c/gluepy/"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/h"}, "/h/.cache/gluepy/"),
        ({"HOME": "/h"}, "/h/.cache/gluepy/"),
        ({"HOME": ""}, ""),
        ({}, ""),
    ],
)
def test_notes_lie_in_the_cache_of_the_user(environ: dict[str, str], folder: str) -> None:
    path = notes_path(environ)

    assert path.startswith(folder)
    assert bool(path) is bool(folder)


def test_notes_are_of_one_environment() -> None:
    name = Path(notes_path({"HOME": "/h"})).name

    assert name == sys.prefix.replace("/", "-").lstrip("-")[-200:] + ".json"


# -- notes -----------------------------------------------------------------------------------------


def test_what_is_kept_is_recalled(tmp_path: Path, one: Contribution) -> None:
    path = tmp_path / "cache" / "notes.json"
    Notes(str(path)).keep([(one, KNOWN)])

    notes = Notes(str(path))

    assert bool(notes)
    assert notes.recall(one) == KNOWN
    assert notes.recall(one._replace(version="2.0")) is None
    assert [file.name for file in path.parent.iterdir()] == ["notes.json"]


def test_state_of_a_contribution_does_not_matter(tmp_path: Path, one: Contribution) -> None:
    notes = Notes(str(tmp_path / "notes.json"))
    notes.keep([(one, KNOWN)])

    assert notes.recall(one._replace(state="conflict", reason="beta")) == KNOWN


@pytest.mark.parametrize("changed", ["acme/dags.py", "acme-1.0.dist-info/entry_points.txt"])
def test_note_is_worthless_once_a_file_has_changed(
    tmp_path: Path, one: Contribution, changed: str
) -> None:
    notes = Notes(str(tmp_path / "notes.json"))
    notes.keep([(one, KNOWN)])
    file = tmp_path / "site" / changed
    file.unlink()

    assert notes.recall(one) is None

    file.write_text("changed")

    assert notes.recall(one) is None


def test_what_was_missing_may_be_installed_any_moment(tmp_path: Path, one: Contribution) -> None:
    notes = Notes(str(tmp_path / "notes.json"))
    notes.keep([(one, Known("it needs leftpad"))])
    before = notes.recall(one)
    (tmp_path / "site" / "leftpad.py").touch()

    assert before == Known("it needs leftpad")
    assert notes.recall(one) is None


@pytest.mark.parametrize(
    "content",
    [
        "",
        "not json",
        "[]",
        "{}",
        '{"schema": "gluepy.known/9", "prefix": "x", "entries": {}}',
        '{"schema": "gluepy.known/1", "prefix": "elsewhere", "entries": {}}',
        "[" * 100_000,
    ],
)
def test_notes_that_cannot_be_read_are_none(
    tmp_path: Path, one: Contribution, content: str
) -> None:
    path = tmp_path / "notes.json"
    path.write_text(content)

    assert Notes(str(path)).recall(one) is None

    Notes(str(path)).keep([(one, KNOWN)])

    assert Notes(str(path)).recall(one) == KNOWN


@pytest.mark.parametrize("gone", ["stamps", "tasks", "hooks"])
def test_note_that_lacks_something_is_none(tmp_path: Path, one: Contribution, gone: str) -> None:
    path = tmp_path / "notes.json"
    Notes(str(path)).keep([(one, KNOWN)])
    path.write_text(path.read_text().replace(f'"{gone}"', '"other"'))

    assert Notes(str(path)).recall(one) is None


def test_nothing_is_written_where_nobody_can(tmp_path: Path, one: Contribution) -> None:
    (tmp_path / "file").touch()
    notes = Notes(str(tmp_path / "file" / "notes.json"))

    notes.keep([(one, KNOWN)])

    assert notes.recall(one) == KNOWN  # of this process
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "site"]


def test_failed_replacement_leaves_nothing_behind(tmp_path: Path, one: Contribution) -> None:
    (tmp_path / "cache" / "notes.json").mkdir(parents=True)

    Notes(str(tmp_path / "cache" / "notes.json")).keep([(one, KNOWN)])

    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["notes.json"]


def test_without_a_place_nothing_is_noted(one: Contribution) -> None:
    Notes("").keep([(one, KNOWN)])

    assert not Notes("")


def test_contribution_whose_file_is_gone_is_not_noted(tmp_path: Path, one: Contribution) -> None:
    path = tmp_path / "notes.json"
    Path(one.file).unlink()

    Notes(str(path)).keep([(one, KNOWN)])

    assert not path.exists()


def test_known_notes_are_not_written_again(tmp_path: Path, one: Contribution) -> None:
    path = tmp_path / "notes.json"
    Notes(str(path)).keep([(one, KNOWN)])
    before = path.stat().st_ino

    Notes(str(path)).keep([(one, KNOWN)])

    assert path.stat().st_ino == before


@pytest.mark.parametrize(
    "value",
    ["acme:X", "acme.dags:X", "acme.none:X", "nowhere:X", "nowhere.at:X", "sys:X", "__main__:X"],
)
def test_source_of_any_target_can_be_looked_for(
    tmp_path: Path, one: Contribution, value: str
) -> None:
    one = one._replace(value=value)
    notes = Notes(str(tmp_path / "notes.json"))

    notes.keep([(one, Known("no"))])

    assert notes.recall(one) == Known("no")


def test_module_without_a_spec_has_no_source(
    tmp_path: Path, one: Contribution, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "odd_module", types.ModuleType("odd_module"))
    notes = Notes(str(tmp_path / "notes.json"))

    notes.keep([(one._replace(value="odd_module:X"), KNOWN._replace(tasks=()))])

    assert notes.recall(one._replace(value="odd_module:X")) is not None


# -- imports ---------------------------------------------------------------------------------------


@pytest.fixture
def imports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Imports:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return Imports()


def test_nothing_is_known_before_anything_is_imported(imports: Imports, one: Contribution) -> None:
    assert not imports
    assert imports.are_blank
    assert imports.known_of(one, None) is None
    assert imports.as_known(one) is one


def test_what_cannot_be_imported_is_broken(imports: Imports, one: Contribution) -> None:
    imports.note(one, "no licence")

    assert bool(imports)
    assert not imports.are_blank
    assert imports.as_known(one)[-2:] == ("broken", "no licence")
    assert imports.known_of(one, None) == Known("no licence")


def test_what_is_imported_is_loaded_but_for_a_conflict(imports: Imports, one: Contribution) -> None:
    imports.note(one)

    assert imports.as_known(one).state == "loaded"
    assert imports.as_known(one._replace(state="conflict")).state == "conflict"


def test_what_is_kept_is_known_to_the_next_process(imports: Imports, one: Contribution) -> None:
    other = one._replace(name="other")
    imports.note(one, "no licence")
    imports.keep([one, other], None)

    later = Imports()

    assert not later.are_blank
    assert later.known_of(one, None) == Known("no licence")
    assert later.known_of(other, None) is None


def test_hooks_of_a_plugin_are_known_where_hooks_are_made(
    imports: Imports, one: Contribution
) -> None:
    plugin = one._replace(kind="hook", name="watch")
    imports.note(plugin)

    assert imports.known_of(plugin, None) == Known()
    assert imports.known_of(plugin, Hooks()) == Known()
    assert look_at(plugin._replace(kind="command"), None) == Known()


def test_classes_of_the_project_are_looked_at() -> None:
    class Load(Task):
        tags = ("io",)

    class Odd(Task):
        tags = 5  # type: ignore[assignment]  # as users may

    class Training(DAG):
        label = "training"
        tasks = (Load, Odd)

    class Broken(DAG):
        tasks = 3  # type: ignore[assignment]  # as above

    def own(kind: str, label: str) -> Contribution:
        return Contribution(kind, label, "", "", "", "")

    found = look_at(own("dag", "training"), None)

    assert [(task.label, task.tags, task.upstream) for task in found.tasks] == [
        ("load", ("io",), ()),
        ("odd", (), ("load",)),
    ]
    assert look_at(own("task", "load"), None).tags == ("io",)
    assert "tasks is int" in look_at(own("dag", "broken"), None).problem
    assert is_defined(own("dag", "training"))
    assert not is_defined(own("dag", "other"))
    assert not is_defined(own("hook", "training"))
