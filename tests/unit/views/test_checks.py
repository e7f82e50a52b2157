"""``gluepy check`` as a document: every way in which something can be out of order."""

from __future__ import annotations

import _thread
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gluepy.app import App, get_app, set_app
from gluepy.files.storages import default_storage
from gluepy.runs.index import RunIndex
from gluepy.testing.distributions import write_distribution
from gluepy.views import check_view, list_view
from gluepy.views.probing import Trial, run_trials

Checked = Callable[[dict[str, Any]], dict[str, Any]]
RecordRun = Callable[..., str]

DAG = "from gluepy import DAG, Task\nclass Load(Task): ...\nclass Bad(DAG):\n    tasks = [Load]\n"


@pytest.fixture
def write(site: Path) -> Callable[..., None]:
    """Return what writes a distribution with one DAG whose module begins with some lines."""

    def write_it(lines: str = "", **more: dict[str, str]) -> None:
        write_distribution(
            site,
            "acme",
            entry_points={"gluepy.dags": {"bad": "acme:Bad"}, **more},
            modules={"acme": f"{lines}\n{DAG}"},
        )

    return write_it


def unusual(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in document["findings"] if one["level"] != "ok"]


def test_everything_is_looked_at_and_in_order(write: Callable[..., None], checked: Checked) -> None:
    write()

    document = checked(check_view())

    areas = list(dict.fromkeys(one["area"] for one in document["findings"]))
    assert areas == ["environment", "settings", "storage", "registry", "context", "history"]
    assert unusual(document) == []
    assert document["is_good"]
    assert "acme" not in sys.modules
    assert not Path("data").exists()


@pytest.mark.parametrize(
    ("lines", "level", "text"),
    [
        ("import os; os._exit(0)", "FAIL", "its import ends the process with the exit code 0"),
        ("import sys; sys.exit(3)", "FAIL", "its import calls sys.exit(3)"),
        (
            "import os; os.kill(os.getpid(), 11)",
            "FAIL",
            "its import crashes: the process was killed by SIGSEGV",
        ),
        (
            "import os; os.kill(os.getpid(), 40)",
            "FAIL",
            "its import crashes: the process was killed by the signal 40",
        ),
        ("import leftpad", "FAIL", "it needs the module 'leftpad', which is not installed"),
        ("print('hello')", "warn", "its import prints 'hello'"),
    ],
)
def test_contribution_that_misbehaves_is_named(
    lines: str, level: str, text: str, write: Callable[..., None], checked: Checked
) -> None:
    write(lines)

    (finding,) = unusual(checked(check_view()))

    assert finding["level"] == level
    assert finding["text"].startswith(f"DAG 'bad' of acme 1.0 (acme:Bad): {text}")
    assert finding["hint"]
    assert (finding["distribution"], finding["version"]) == ("acme", "1.0")
    assert finding["entry_point"] == "bad = acme:Bad"


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ("import time; time.sleep(600)", "takes longer than 2 s"),
        (
            "import subprocess; subprocess.run(['sleep', '600'])",
            "takes longer than 2 s",
        ),
        (
            "import threading, time; threading.Thread(target=time.sleep, args=(600,)).start()",
            "leaves threads behind that keep the process from ending",
        ),
    ],
)
def test_contribution_that_hangs_is_stopped_and_named(
    lines: str, text: str, write: Callable[..., None], checked: Checked
) -> None:
    write(lines)

    (finding,) = unusual(checked(check_view(limit_s=2)))

    assert finding["text"] == f"DAG 'bad' of acme 1.0 (acme:Bad): its import {text}"


def test_slow_import_is_worth_a_warning(write: Callable[..., None], checked: Checked) -> None:
    write("import time; time.sleep(0.3)")

    document = checked(check_view(slow_s=0.2, is_strict=True))

    (finding,) = unusual(document)
    assert finding["text"].startswith("DAG 'bad' of acme 1.0 (acme:Bad): its import takes ")
    assert finding["hint"] == "Import what is heavy inside the functions that need it."
    assert not document["is_good"]


def test_imports_are_stopped_when_the_user_interrupts(
    write: Callable[..., None], tmp_path: Path
) -> None:
    write(f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))")
    with (tmp_path / "site" / "acme.py").open("a") as file:
        file.write("\ntime.sleep(600)\n")
    app = get_app()
    interrupt = threading.Thread(target=interrupt_when, args=(tmp_path / "pid",))
    interrupt.start()

    with pytest.raises(KeyboardInterrupt):
        run_trials(
            app.options, [Trial(one) for one in app.contributions if one.name == "bad"], limit_s=60
        )

    interrupt.join()
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def interrupt_when(path: Path) -> None:
    """Wait until a file has a content, and interrupt the main thread."""
    while not (path.exists() and path.read_text()):
        time.sleep(0.01)
    _thread.interrupt_main()


def test_good_plugins_and_commands_are_in_order(site: Path, checked: Checked) -> None:
    write_distribution(
        site,
        "acme",
        entry_points={
            "gluepy.hooks": {"watch": "acme_hooks"},
            "gluepy.executors": {"pool": "builtins:dict"},
        },
        modules={"acme_hooks": "from gluepy import hookimpl\n@hookimpl\ndef after_dag(): ...\n"},
    )
    Path("gluepy.toml").write_text('[prefer]\nbad = "acme"\nworse = "amce"\n')

    document = checked(check_view())

    assert [one["text"] for one in unusual(document)] == [
        "PREFER['worse']: no plugin or distribution is called 'amce'"
    ]
    assert "0 labels and 2 plugins of distributions can be used" in [
        one["text"] for one in document["findings"]
    ]


@pytest.mark.usefixtures("site")
def test_registry_without_distributions_says_so(
    checked: Checked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GLUEPY_PLUGINS_ALLOW")
    monkeypatch.setenv("GLUEPY_DISABLE_PLUGIN_AUTOLOAD", "1")

    texts = [one["text"] for one in checked(check_view())["findings"]]

    assert "no installed distribution adds labels or plugins" in texts


def test_copy_that_is_hidden_is_worth_a_warning(
    write: Callable[..., None], site: Path, tmp_path: Path, checked: Checked
) -> None:
    write()
    write_distribution(
        tmp_path / "behind", "acme", "0.9", entry_points={"gluepy.dags": {"bad": "acme:Bad"}}
    )
    sys.path.append(str(tmp_path / "behind"))

    (finding,) = unusual(checked(check_view()))

    assert finding["text"].endswith(f"shadowed by acme 1.0 in {site}")


def test_install_that_is_stale_is_worth_a_warning(
    write: Callable[..., None], site: Path, tmp_path: Path, checked: Checked
) -> None:
    write()
    origin = {"url": tmp_path.as_uri(), "dir_info": {"editable": True}}
    (site / "acme-1.0.dist-info" / "direct_url.json").write_text(json.dumps(origin))
    (tmp_path / "pyproject.toml").write_text('[project.entry-points."gluepy.dags"]\nnew = "a:B"\n')

    (finding,) = unusual(checked(check_view()))

    assert finding["hint"] == f"Run: pip install -e {tmp_path}"


def test_what_was_found_is_noted_for_the_lists(
    write: Callable[..., None], checked: Checked
) -> None:
    write()
    check_view()
    set_app(App())

    (dag,) = list_view(["dag"], source="acme")["dags"]

    assert dag["tasks"] == ["load"]


def test_import_that_ends_the_process_is_noted_too(write: Callable[..., None]) -> None:
    write("import os; os._exit(0)")
    check_view()
    set_app(App())

    (dag,) = list_view(["dag"], source="acme")["dags"]

    assert dag["problem"] == "its import ends the process with the exit code 0"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("@hookimpl\ndef befor_dag(): ...", "there is no hook 'befor_dag'"),
        ("@hookimpl\ndef configure(): raise KeyError('x')", "hook 'configure': KeyError: 'x'"),
    ],
)
def test_hook_plugin_that_is_wrong_is_named(
    source: str, text: str, site: Path, checked: Checked
) -> None:
    write_distribution(
        site,
        "acme",
        entry_points={"gluepy.hooks": {"watch": "acme_hooks"}},
        modules={"acme_hooks": f"from gluepy import hookimpl\n{source}\n"},
    )

    (finding,) = unusual(checked(check_view()))

    assert text in finding["text"]
    assert "acme 1.0" in finding["text"]


def test_task_with_an_option_that_cannot_be_used_is_named(site: Path, checked: Checked) -> None:
    write_distribution(
        site,
        "acme",
        entry_points={"gluepy.tasks": {"fit": "acme:Fit"}},
        modules={"acme": "from gluepy import Task\nclass Fit(Task):\n    retries = 'x'\n"},
    )

    (finding,) = unusual(checked(check_view()))

    assert "retries is 'x'" in finding["text"]


@pytest.fixture
def no_allowing(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Block all distributions, and name none that is not there."""
    write_distribution(site, "acme", entry_points={"gluepy.storages": {"none": "builtins:dict"}})


@pytest.mark.usefixtures("no_allowing")
@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("1 / 0", "ZeroDivisionError"),
        (
            "import os; os._exit(0)",
            "INSTALLED_MODULES: the import of 'churn' ends the process with the exit code 0",
        ),
    ],
)
def test_module_of_the_project_that_misbehaves_is_named(
    source: str, text: str, checked: Checked
) -> None:
    Path("churn.py").write_text(source)
    Path("gluepy.toml").write_text('installed_modules = ["churn"]\n')

    (finding,) = unusual(checked(check_view()))

    assert (finding["area"], finding["level"]) == ("registry", "FAIL")
    assert text in finding["text"]


@pytest.mark.usefixtures("no_allowing")
def test_hook_of_the_project_that_fails_is_named(checked: Checked) -> None:
    Path("own.py").write_text(
        "from gluepy import hookimpl\n@hookimpl\ndef configure(): raise KeyError('x')\n"
    )
    Path("churn.py").write_text("from gluepy import Task\nclass Mail(Task): ...\n")
    Path("gluepy.toml").write_text('hooks = ["own"]\ninstalled_modules = ["churn"]\n')

    document = checked(check_view())

    assert [one["text"] for one in unusual(document)] == [
        "plugin 'own' of the project: hook 'configure': KeyError: 'x'"
    ]
    assert "1 label of the project can be used" in [one["text"] for one in document["findings"]]


@pytest.mark.usefixtures("no_allowing")
def test_storage_that_gives_back_something_else_fails(
    checked: Checked, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("odd_storage.py").write_text(
        "from gluepy.files.storages.local import LocalStorage\n"
        "class Odd(LocalStorage):\n"
        "    def _read(self, key):\n"
        "        return b'old'\n"
    )
    monkeypatch.setenv("GLUEPY_STORAGE_BACKEND", "odd_storage.Odd")
    Path("gluepy.toml").touch()

    findings = unusual(checked(check_view()))

    assert findings[0]["text"].endswith("does not give back what was written last")


@pytest.mark.usefixtures("no_allowing")
def test_runs_that_are_not_in_order_are_named(record_run: RecordRun, checked: Checked) -> None:
    get_app().settings  # noqa: B018 - default_storage reads them
    storage = default_storage
    record_run(storage, "indexed")
    damaged = [record_run(storage, f"damaged-{number}") for number in range(12)]
    for number in range(4):
        record_run(storage, f"hidden-{number}", age=timedelta(hours=1))
    index = RunIndex(storage)
    index.rebuild()
    for number in range(4):
        index.forget(f"runs/2026/11/22/hidden-{number}")
    for folder in damaged:
        storage.touch(f"{folder}/journal.jsonl", "{}\n{}\n")

    document = checked(check_view())

    texts = [one["text"] for one in unusual(document) if one["area"] == "history"]
    assert len(texts) == 12
    assert texts[10] == "2 more records are damaged"
    assert texts[11].startswith("4 runs not in the index: runs/2026/11/22/hidden-0, ")
    assert texts[11].endswith(" and 1 more")
    assert not document["is_good"]


@pytest.mark.usefixtures("no_allowing")
def test_run_whose_process_died_is_named(record_run: RecordRun, checked: Checked) -> None:
    get_app().settings  # noqa: B018 - default_storage reads them
    folder = record_run(default_storage, "dead", {"load": "running"}, finish=False)
    default_storage.touch(f"{folder}/lock", '{"pid": 7}')

    (finding,) = unusual(checked(check_view()))

    assert finding["text"] == f"1 run whose process died: {folder}"
    assert finding["hint"] == "Resume with: gluepy dag LABEL --resume"
