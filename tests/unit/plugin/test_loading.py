"""Guarded import of contributions: each kind of broken distribution is one clear error."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest

from gluepy.exceptions import LabelMismatchError, PluginError, PluginLoadError
from gluepy.exec import DAG_REGISTRY, TASK_REGISTRY
from gluepy.plugin.contributions import GROUPS, Contribution
from gluepy.plugin.discovery import discover
from gluepy.plugin.loading import load
from gluepy.testing.distributions import write_distribution

GROUP_OF = {kind: group for group, kind in GROUPS.items()}
DAG_SOURCE = "from gluepy import DAG\nclass Training(DAG):\n    label = 'training'\n"

Install = Callable[..., Contribution]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install a distribution with one entry point; forget its modules and classes afterwards."""
    monkeypatch.syspath_prepend(tmp_path)
    modules = set(sys.modules)

    def install(
        source: str,
        value: str = "acme_broken:Training",
        kind: str = "dag",
        name: str = "training",
        requires: tuple[str, ...] = (),
        **modules: str,
    ) -> Contribution:
        write_distribution(
            tmp_path,
            "acme-broken",
            "0.3",
            entry_points={GROUP_OF[kind]: {name: value}},
            modules={"acme_broken": source, **modules},
            requires=requires,
        )
        (found,) = discover([str(tmp_path)])
        return found

    with DAG_REGISTRY.isolated(), TASK_REGISTRY.isolated():
        yield install
    for module in set(sys.modules) - modules:
        del sys.modules[module]


def error_of(contribution: Contribution) -> PluginError:
    with pytest.raises(PluginError) as caught:
        load(contribution)
    return caught.value


UPGRADE = "Run: pip install --upgrade acme-broken, or do without it: pip uninstall acme-broken"
REINSTALL = (
    "Run: pip install --force-reinstall acme-broken, or do without it: pip uninstall acme-broken"
)
CORRECT = "Correct the entry point of acme-broken, or run: pip install --upgrade acme-broken"


#: Messages of others that stand inside ours.
MESSAGES = {
    "json_error": "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
    "import_error": f"cannot import name 'no_such_name' from 'json' ({json.__file__})",
    "label_error": "the label 'x:y' has a colon, which divides distribution and label",
}


# -- what works ----------------------------------------------------------------------------------


def test_dag_is_its_class(install: Install) -> None:
    found: Any = load(install(DAG_SOURCE))

    assert found.label == "training"


def test_task_is_its_class(install: Install) -> None:
    source = "from gluepy import Task\nclass Load(Task):\n    pass\n"

    found: Any = load(install(source, "acme_broken:Load", "task", "load"))

    assert found.label == "load"


def test_attribute_of_an_attribute_is_found(install: Install) -> None:
    source = "class Box:\n    @staticmethod\n    def make():\n        return 1\n"

    make: Any = load(install(source, "acme_broken:Box.make", "executor", "box"))

    assert make() == 1


def test_hook_plugin_is_a_module_or_an_instance(install: Install) -> None:
    source = "class Plugin:\n    pass\nplugin = Plugin()\n"
    contribution = install(source, "acme_broken:Plugin", "hook", "p")

    made: Any = load(contribution)
    given: Any = load(contribution._replace(value="acme_broken:plugin"))
    module = load(contribution._replace(value="acme_broken"))

    assert type(made).__name__ == type(given).__name__ == "Plugin"
    assert isinstance(module, ModuleType)


def test_command_is_a_click_command(install: Install) -> None:
    source = "import click\n@click.command()\ndef hello():\n    pass\n"

    assert isinstance(load(install(source, "acme_broken:hello", "command", "hello")), click.Command)


def test_what_an_import_prints_goes_to_standard_error(
    install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    load(install("print('hello')\n" + DAG_SOURCE))

    assert capsys.readouterr() == ("", "hello\n")


# -- what does not -------------------------------------------------------------------------------


def test_error_names_plugin_distribution_version_and_entry_point(install: Install) -> None:
    error = error_of(install("raise ValueError('boom')\n"))

    assert error.plugin == "DAG 'training' of acme-broken 0.3 (acme_broken:Training)"
    assert str(error) == f"{error.plugin}: {error.reason}"
    assert isinstance(error.__cause__, ValueError)


@pytest.mark.parametrize(
    ("source", "value", "reason", "hint"),
    [
        ("", "acme_gone:Training", "its module 'acme_gone' is missing", REINSTALL),
        ("", "acme_gone.dags:Training", "its module 'acme_gone' is missing", REINSTALL),
        ("", "acme_broken.x:Training", "its module 'acme_broken.x' is missing", REINSTALL),
        ("", "a..b:Training", "its module 'a' is missing", REINSTALL),
        (
            "class Trainings: pass\n",
            "acme_broken:Training",
            "'acme_broken' has no attribute 'Training'",
            f"Did you mean 'Trainings'? {CORRECT}",
        ),
        ("", "acme_broken:Training", "'acme_broken' has no attribute 'Training'", CORRECT),
        (
            "raise ValueError('boom')\n",
            "acme_broken:Training",
            "its import raises ValueError: boom ({file}:1)",
            UPGRADE,
        ),
        (
            "raise ValueError\n",
            "acme_broken:Training",
            "its import raises ValueError ({file}:1)",
            UPGRADE,
        ),
        (
            "import sys\nsys.exit(0)\n",
            "acme_broken:Training",
            "its import calls sys.exit(0) ({file}:2)",
            UPGRADE,
        ),
        (
            "raise SystemExit\n",
            "acme_broken:Training",
            "its import calls sys.exit() ({file}:1)",
            UPGRADE,
        ),
        (
            "class Stop(BaseException): pass\nraise Stop('now')\n",
            "acme_broken:Training",
            "its import raises Stop: now ({file}:2)",
            UPGRADE,
        ),
        (
            "x = (\n",
            "acme_broken:Training",
            "its import raises SyntaxError: '(' was never closed ({file}:1)",
            UPGRADE,
        ),
        (
            "import json\njson.loads('{')\n",
            "acme_broken:Training",
            "its import raises JSONDecodeError: {json_error} ({file}:2)",
            UPGRADE,
        ),
        (
            "from json import no_such_name\n",
            "acme_broken:Training",
            "its import raises ImportError: {import_error} ({file}:1)",
            UPGRADE,
        ),
        (
            "from gluepy import DAG\nclass A(DAG): label = 'x:y'\n",
            "acme_broken:A",
            "its import fails: acme_broken:A ({file}:2): {label_error} ({file}:2)",
            "Use lower-case words with hyphens, for example 'forecast-training'.",
        ),
    ],
)
def test_what_cannot_be_imported_says_why_and_how_to_mend_it(
    install: Install, tmp_path: Path, source: str, value: str, reason: str, hint: str
) -> None:
    error = error_of(install(source, value))

    assert type(error) is PluginLoadError
    assert error.reason == reason.format(file=tmp_path / "acme_broken.py", **MESSAGES)
    assert error.hint == hint


@pytest.mark.parametrize(
    ("requires", "hint"),
    [
        (("scikit-lern>=1.3",), "Run: pip install 'scikit-lern>=1.3'"),
        (("sklern; extra == 'ml'",), "Run: pip install 'acme-broken[ml]'"),
        ((), "Install what provides 'sklern'; acme-broken 0.3 does not require it."),
    ],
)
def test_missing_dependency_is_named_with_what_installs_it(
    install: Install, requires: tuple[str, ...], hint: str
) -> None:
    error = error_of(install("import sklern\n", requires=requires))

    assert error.reason == "it needs the module 'sklern', which is not installed"
    assert error.hint == hint


def test_circular_import_is_called_that(install: Install) -> None:
    error = error_of(
        install(
            "from acme_other import other\nTraining = 1\n",
            acme_other="from acme_broken import Training\nother = 1\n",
        )
    )

    assert error.reason.startswith(
        "circular import: cannot import name 'Training' from partially initialized module"
    )


def test_plugin_that_asks_for_itself_while_it_is_imported_is_circular(install: Install) -> None:
    source = (
        "from gluepy.plugin.contributions import Contribution\n"
        "from gluepy.plugin.loading import load\n"
        "load(Contribution('dag', 'training', 'acme_broken:Training', '', '', 'here.py'))\n"
    )

    error = error_of(install(source))

    assert "circular import" in error.reason
    assert error.hint == "Mend here.py."


@pytest.mark.parametrize(
    ("kind", "thing", "reason"),
    [
        ("dag", "1", "it is of type int, not a subclass of gluepy.DAG"),
        ("dag", "type('Tr', (), {})", "it is the class Tr, not a subclass of gluepy.DAG"),
        ("dag", "__import__('gluepy').DAG", "it is the class DAG, not a subclass of gluepy.DAG"),
        ("dag", "__import__('json')", "it is the module json, not a subclass of gluepy.DAG"),
        ("task", "1", "it is of type int, not a subclass of gluepy.Task"),
        ("hook", "1", "it is of type int, not a module or an object with hooks"),
        ("hook", "lambda: 1", "it is of type function, not a module or an object with hooks"),
        ("command", "lambda: 1", "it is of type function, not a click command"),
        ("command", "__import__('click').Command", "it is the class Command, not a click command"),
        ("executor", "1", "it is of type int, which cannot be called"),
        ("storage", "None", "it is of type NoneType, which cannot be called"),
    ],
)
def test_wrong_object_is_an_error_that_says_what_it_is(
    install: Install, kind: str, thing: str, reason: str
) -> None:
    error = error_of(install(f"thing = {thing}\n", "acme_broken:thing", kind, "thing"))

    assert error.reason == reason
    assert error.hint == CORRECT


def test_class_of_hooks_that_cannot_be_made_is_an_error(install: Install, tmp_path: Path) -> None:
    source = "class Plugin:\n    def __init__(self):\n        raise ValueError('no')\n"

    error = error_of(install(source, "acme_broken:Plugin", "hook", "p"))

    assert error.reason == f"Plugin() raises ValueError: no ({tmp_path}/acme_broken.py:3)"


def test_label_that_disagrees_is_an_error_that_shows_both(install: Install) -> None:
    error = error_of(install(DAG_SOURCE, name="scoring"))

    assert type(error) is LabelMismatchError
    assert (error.name, error.label) == ("scoring", "training")


def test_record_that_is_broken_already_is_not_imported(install: Install) -> None:
    broken = install("")._replace(state="broken", reason="METADATA is missing")

    error = error_of(broken)

    assert (error.reason, error.hint) == ("METADATA is missing", REINSTALL)
    assert "acme_broken" not in sys.modules


def test_interrupt_by_the_user_is_no_fault_of_the_plugin(install: Install) -> None:
    contribution = install("raise KeyboardInterrupt\n")

    with pytest.raises(KeyboardInterrupt):
        load(contribution)


@pytest.mark.parametrize(
    ("source", "value"),
    [("", "acme_gone:A"), ("A = 1\n", "acme_broken:A"), ("1/0\n", "acme_broken:A")],
)
def test_for_the_projects_own_code_the_hint_names_its_file(
    install: Install, source: str, value: str
) -> None:
    own = install(source, value)._replace(distribution="", version="", file="conf/dags.py")

    assert error_of(own).hint == "Mend conf/dags.py."
