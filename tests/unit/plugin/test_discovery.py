"""The scan of all distributions: records, shadows, broken metadata, policies."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from importlib.machinery import PathFinder
from pathlib import Path

import importlib_metadata
import pytest

from gluepy.exceptions import UnknownPluginError
from gluepy.plugin.contributions import Contribution
from gluepy.plugin.discovery import Policy, discover
from gluepy.testing.distributions import write_distribution

DAGS = {"gluepy.dags": {"training": "acme:Training"}}


def scan(*sites: Path, policy: Policy | None = None) -> tuple[Contribution, ...]:
    return discover([str(site) for site in sites], policy)


def states(found: Sequence[Contribution]) -> dict[str, str]:
    return {one.name or one.distribution: one.state_text for one in found}


def test_one_scan_finds_all_groups_sorted_by_group_name_and_distribution(tmp_path: Path) -> None:
    write_distribution(
        tmp_path,
        "beta",
        "2.0",
        entry_points={
            "gluepy.tasks": {"load": "beta:Load"},
            "console_scripts": {"beta": "beta:main"},
            "gluepy.dags": {"training": "beta:Training", "scoring": "beta:Scoring"},
            "gluepy.hooks": {"beta": "beta.hooks"},
            "gluepy.commands": {"beta": "beta:command"},
            "gluepy.executors": {"beta": "beta:make"},
            "gluepy.storages": {"beta": "beta:Storage"},
        },
    )
    info = write_distribution(tmp_path, "Acme_Pipes", "1.0", entry_points=DAGS)

    found = scan(tmp_path)

    assert [(one.kind, one.name, one.distribution) for one in found] == [
        ("command", "beta", "beta"),
        ("dag", "scoring", "beta"),
        ("dag", "training", "acme-pipes"),
        ("dag", "training", "beta"),
        ("executor", "beta", "beta"),
        ("hook", "beta", "beta"),
        ("storage", "beta", "beta"),
        ("task", "load", "beta"),
    ]
    assert found[2] == Contribution(
        "dag", "training", "acme:Training", "acme-pipes", "1.0", f"{info}/entry_points.txt"
    )
    assert all(one.state == "available" for one in found)


def test_order_does_not_depend_on_the_disk(tmp_path: Path) -> None:
    names = ["b", "c", "a", "d"]
    for site, order in (("one", names), ("two", names[::-1])):
        for name in order:
            write_distribution(tmp_path / site, name, entry_points=DAGS)

    one, two = scan(tmp_path / "one"), scan(tmp_path / "two")

    assert [record[:5] for record in one] == [record[:5] for record in two]


def test_default_is_the_path_of_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_distribution(tmp_path, "acme-on-sys-path", entry_points=DAGS)
    monkeypatch.syspath_prepend(tmp_path)

    assert "acme-on-sys-path" in {one.distribution for one in discover()}


def test_the_usual_scan_imports_no_metadata_library(tmp_path: Path) -> None:
    write_distribution(tmp_path, "acme", entry_points=DAGS)
    code = (
        "import sys; from gluepy.plugin.discovery import discover; "
        f"assert discover([{str(tmp_path)!r}]); "
        "print({'importlib_metadata', 'importlib.metadata', 'difflib'} & set(sys.modules))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "set()\n"


# -- shadows -------------------------------------------------------------------------------------


def test_first_on_the_path_shadows_the_others(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    write_distribution(one, "acme", "1.0", entry_points=DAGS)
    write_distribution(two, "Acme", "2.0", entry_points=DAGS)

    found = scan(one, two)

    assert [(copy.version, copy.state_text) for copy in found] == [
        ("1.0", "available"),
        ("2.0", f"shadowed by acme 1.0 in {one}"),
    ]


def test_copy_without_our_groups_shadows_too(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    write_distribution(one, "acme", "1.0")
    write_distribution(two, "acme", "2.0", entry_points=DAGS)

    assert states(scan(one, two)) == {"training": f"shadowed by acme 1.0 in {one}"}


@pytest.mark.parametrize(("version", "copies"), [("1.0", 1), ("0.9", 2)])
@pytest.mark.parametrize("is_first", [True, False])
def test_egg_info_of_an_editable_install_is_no_second_copy(
    version: str, copies: int, is_first: bool, tmp_path: Path
) -> None:
    site, sources = tmp_path / "site", tmp_path / "src"
    write_distribution(site, "acme", "1.0", entry_points=DAGS)
    info = write_distribution(sources, "acme", version, entry_points=DAGS)
    (info / "METADATA").rename(info / "PKG-INFO")
    info.rename(sources / "acme.egg-info")

    found = scan(sources, site) if is_first else scan(site, sources)

    assert len(found) == copies
    assert sum(one.state == "available" for one in found) == 1


@pytest.mark.parametrize("versions", [("1.9", "1.10"), ("1.10", "1.9")])
def test_in_one_folder_the_highest_version_wins(tmp_path: Path, versions: tuple[str, str]) -> None:
    for version in versions:
        write_distribution(tmp_path, "acme", version, entry_points=DAGS)

    found = scan(tmp_path)

    assert {copy.version: copy.state for copy in found} == {"1.10": "available", "1.9": "shadowed"}


def test_of_two_copies_of_one_version_the_newer_kind_of_folder_wins(tmp_path: Path) -> None:
    write_distribution(tmp_path, "acme", "1.0", entry_points=DAGS)
    egg = tmp_path / "acme-1.0-py3.11.egg-info"
    egg.mkdir()
    (egg / "PKG-INFO").write_text("Name: acme\nVersion: 1.0\n")
    (egg / "entry_points.txt").write_text("[gluepy.dags]\ntraining = old:Training\n")

    assert {one.value: one.state for one in scan(tmp_path)} == {
        "acme:Training": "available",
        "old:Training": "shadowed",
    }


def test_same_folder_twice_on_the_path_counts_once(tmp_path: Path) -> None:
    site, link = tmp_path / "site", tmp_path / "link"
    write_distribution(site, "acme", entry_points=DAGS)
    link.symlink_to(site)

    assert len(scan(site, site, link)) == 1


def test_shadowed_copy_that_is_broken_too_is_shadowed(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    write_distribution(one, "acme", entry_points=DAGS)
    write_distribution(two, "acme", entry_points=b"[gluepy.dags]\nx\n")

    assert states(scan(one, two)) == {
        "training": "available",
        "acme": f"shadowed by acme 1.0 in {one}",
    }


# -- archives and finders ------------------------------------------------------------------------


def test_folders_archives_and_eggs_of_the_path_are_read_in_its_order(tmp_path: Path) -> None:
    archive, egg, site = tmp_path / "site.zip", tmp_path / "acme-3.0.egg", tmp_path / "site"
    with zipfile.ZipFile(archive, "w") as target:
        target.writestr("acme-1.0.dist-info/METADATA", "Name: acme\nVersion: 1.0\n")
        target.writestr("acme-1.0.dist-info/entry_points.txt", "[gluepy.dags]\ntraining = a:B\n")
    (egg / "EGG-INFO").mkdir(parents=True)
    (egg / "EGG-INFO" / "PKG-INFO").write_text("Name: acme\nVersion: 3.0\n")
    (egg / "EGG-INFO" / "entry_points.txt").write_text("[gluepy.dags]\ntraining = a:B\n")
    write_distribution(site, "acme", "2.0", entry_points=DAGS)

    assert {one.version: one.state for one in scan(archive, egg, site)} == {
        "1.0": "available",
        "2.0": "shadowed",
        "3.0": "shadowed",
    }


def test_finders_of_others_are_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Finder:
        def find_distributions(self, context: object) -> list[object]:
            raise RuntimeError("frozen")

    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder()])
    write_distribution(tmp_path, "acme", entry_points=DAGS)

    broken, good = scan(tmp_path)

    assert broken.state_text == "broken: it cannot be read: RuntimeError: frozen"
    assert good.state == "available"


def test_finders_of_python_and_importlib_metadata_are_not_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = [PathFinder, importlib_metadata.MetadataPathFinder(), object()]
    monkeypatch.setattr(sys, "meta_path", usual)
    write_distribution(tmp_path, "acme", entry_points=DAGS)

    assert [one.state for one in scan(tmp_path)] == ["available"]


def test_folder_that_cannot_be_listed_is_left_out(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    write_distribution(tmp_path / "site", "acme", entry_points=DAGS)
    loop.symlink_to("loop")

    assert len(scan(loop, tmp_path / "none", tmp_path / "site")) == 1


def test_folder_that_vanishes_while_the_path_is_read_is_left_out(tmp_path: Path) -> None:
    gone, site = tmp_path / "gone", tmp_path / "site"
    gone.mkdir()
    write_distribution(site, "acme", entry_points=DAGS)

    def path() -> Iterator[str]:
        yield str(gone)
        gone.rmdir()
        yield str(site)

    assert len(discover(path())) == 1


# -- broken --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            b"[gluepy.dags]\ntraining\n",
            "entry_points.txt is malformed: line 2 is no 'name = module:object': 'training'",
        ),
        (
            b"a = acme:A\n[gluepy.dags]\n",
            "entry_points.txt is malformed: line 1 stands before the first [group]: 'a = acme:A'",
        ),
        (
            b"\xef\xbb\xbf[gluepy.dags]\nx = a:b\n",
            "entry_points.txt is malformed: it begins with a byte order mark",
        ),
        (
            b"[gluepy.dags]\n\xe9 = a:b\n",
            "entry_points.txt is malformed: it is not UTF-8: byte 14",
        ),
        (
            "[gluepy.dags]\nx = a:b\n".encode("utf-16"),
            "entry_points.txt is malformed: it is UTF-16, not UTF-8",
        ),
    ],
)
def test_file_that_cannot_be_parsed_costs_its_distribution_alone(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    write_distribution(tmp_path, "good", entry_points=DAGS)
    info = write_distribution(tmp_path, "bad", "0.1", entry_points=content)

    broken, good = scan(tmp_path)

    assert broken == Contribution(
        "", "", "", "bad", "0.1", f"{info}/entry_points.txt", "broken", reason
    )
    assert good.state == "available"


def test_file_that_cannot_be_read_costs_its_distribution_alone(tmp_path: Path) -> None:
    write_distribution(tmp_path, "good", entry_points=DAGS)
    (write_distribution(tmp_path, "bad") / "entry_points.txt").mkdir()

    assert states(scan(tmp_path)) == {
        "bad": "broken: entry_points.txt cannot be read: Is a directory",
        "training": "available",
    }


def test_missing_metadata_break_all_contributions_of_their_distribution(tmp_path: Path) -> None:
    write_distribution(tmp_path, "good", entry_points={"gluepy.tasks": {"load": "good:Load"}})
    info = write_distribution(tmp_path, "bad", entry_points=DAGS)
    (info / "METADATA").unlink()

    assert states(scan(tmp_path)) == {
        "training": "broken: METADATA is missing",
        "load": "available",
    }


def test_missing_record_costs_nothing(tmp_path: Path) -> None:
    (write_distribution(tmp_path, "acme", entry_points=DAGS) / "RECORD").unlink()

    assert states(scan(tmp_path)) == {"training": "available"}


@pytest.mark.parametrize(
    ("line", "record"),
    [
        ("a = not a value", ("a", "not a value", "broken: its value is no 'module:object'")),
        (
            "a = acme.dags",
            ("a", "acme.dags", "broken: its value names a module; write 'module:object'"),
        ),
        ("-a = acme:A", ("-a", "acme:A", "broken: its name begins with a hyphen, as options do")),
        (
            "a:b = acme:A",
            ("a:b", "acme:A", "broken: its name has a colon, which divides distribution and label"),
        ),
        (" = acme:A", ("", "acme:A", "broken: its name is empty")),
        ("two words = acme:A", ("two words", "acme:A", "available")),
        ("größe = acme : A [gpu]", ("größe", "acme:A", "available")),
    ],
)
def test_unusual_entry_point_is_read_or_costs_only_itself(
    tmp_path: Path, line: str, record: tuple[str, str, str]
) -> None:
    text = f"[gluepy.dags]\n{line}\nzz = acme:Z\n"
    write_distribution(tmp_path, "acme", entry_points=text.encode())

    *unusual, usual = scan(tmp_path)

    assert [(one.name, one.value, one.state_text) for one in unusual] == [record]
    assert (usual.name, usual.state) == ("zz", "available")


def test_name_that_is_declared_twice_is_broken_and_others_are_not(tmp_path: Path) -> None:
    text = b"[gluepy.dags]\na = acme:A\nb = acme:B\n[gluepy.tasks]\nb = acme:T\n"
    write_distribution(tmp_path, "acme", entry_points=text + b"[gluepy.dags]\na = acme:C\n")

    assert [(one.kind, one.name, one.value, one.state) for one in scan(tmp_path)] == [
        ("dag", "a", "acme:A", "broken"),
        ("dag", "a", "acme:C", "broken"),
        ("dag", "b", "acme:B", "available"),
        ("task", "b", "acme:T", "available"),
    ]


@pytest.mark.parametrize("group", ["gluepy.dag", "gluepy.Dags", " gluepy.dags "])
def test_misspelt_group_is_shown_where_it_was_meant(tmp_path: Path, group: str) -> None:
    write_distribution(tmp_path, "acme", entry_points={group: {"training": "acme:Training"}})

    (one,) = scan(tmp_path)

    assert (one.kind, one.name) == ("dag", "training")
    assert one.reason == f"there is no group {group!r}; it is called 'gluepy.dags'"


@pytest.mark.parametrize("group", ["gluepy.dashboards", "my.gluepy.dags.of.mine", "gluepy."])
def test_groups_of_others_are_not_ours(tmp_path: Path, group: str) -> None:
    write_distribution(tmp_path, "acme", entry_points={group: {"training": "acme:Training"}})

    assert scan(tmp_path) == ()


# -- policies ------------------------------------------------------------------------------------


@pytest.fixture
def site(tmp_path: Path) -> Path:
    write_distribution(tmp_path, "acme-pipes", entry_points=DAGS)
    write_distribution(
        tmp_path,
        "gluepy-mlflow",
        entry_points={
            "gluepy.hooks": {"mlflow": "mlflow_hooks"},
            "gluepy.commands": {"track": "mlflow_hooks:track"},
        },
    )
    (write_distribution(tmp_path, "wreck") / "entry_points.txt").mkdir()
    return tmp_path


FREE = {
    "training": "available",
    "mlflow": "available",
    "track": "available",
    "wreck": "broken: entry_points.txt cannot be read: Is a directory",
}


@pytest.mark.parametrize(
    ("policy", "changes"),
    [
        (Policy(), {}),
        (
            Policy(block=(("Gluepy_MLflow", "PLUGINS_BLOCK"),)),
            {"mlflow": "blocked by PLUGINS_BLOCK", "track": "blocked by PLUGINS_BLOCK"},
        ),
        (Policy(block=(("MLflow", "--no-plugin"),)), {"mlflow": "blocked by --no-plugin"}),
        (Policy(block=(("wreck", "PLUGINS_BLOCK"),)), {"wreck": "blocked by PLUGINS_BLOCK"}),
        (
            Policy(allow=("acme-pipes", "mlflow")),
            {"track": "blocked by PLUGINS_ALLOW", "wreck": "blocked by PLUGINS_ALLOW"},
        ),
        (Policy(autoload=False), {"mlflow": "blocked by --no-plugins"}),
        (
            Policy(autoload=False, why_no_autoload="GLUEPY_DISABLE_PLUGIN_AUTOLOAD"),
            {"mlflow": "blocked by GLUEPY_DISABLE_PLUGIN_AUTOLOAD"},
        ),
        (Policy(autoload=False, enable=("mlflow",)), {}),
        (Policy(enable=("mlflow",), block=(("mlflow", "PLUGINS_BLOCK"),)), {}),
        (
            Policy(enable=("mlflow",), block=(("mlflow", "--no-plugin"),)),
            {"mlflow": "blocked by --no-plugin"},
        ),
        (
            Policy(enable=("gluepy-mlflow",), allow=("wreck",)),
            {"training": "blocked by PLUGINS_ALLOW"},
        ),
    ],
)
def test_policy_decides_before_anything_is_imported(
    site: Path, policy: Policy, changes: dict[str, str]
) -> None:
    assert states(scan(site, policy=policy)) == FREE | changes


def test_shadowed_copy_stays_shadowed_when_it_is_blocked(site: Path, tmp_path: Path) -> None:
    later = tmp_path / "later"
    write_distribution(later, "acme-pipes", "2.0", entry_points=DAGS)

    found = scan(site, later, policy=Policy(block=(("acme-pipes", "PLUGINS_BLOCK"),)))

    assert {one.version: one.state for one in found if one.kind == "dag"} == {
        "1.0": "blocked",
        "2.0": "shadowed",
    }


@pytest.mark.parametrize(
    ("policy", "where"),
    [
        (Policy(allow=("mlfow",)), "PLUGINS_ALLOW"),
        (Policy(block=(("mlfow", "PLUGINS_BLOCK"),)), "PLUGINS_BLOCK"),
        (Policy(block=(("mlfow", "--no-plugin"),)), "--no-plugin"),
        (Policy(enable=("mlfow",)), "--plugin"),
    ],
)
def test_unknown_name_is_an_error_that_says_where_and_suggests(
    site: Path, policy: Policy, where: str
) -> None:
    with pytest.raises(UnknownPluginError) as caught:
        scan(site, policy=policy)

    assert str(caught.value) == f"{where}: no plugin or distribution is called 'mlfow'"
    assert caught.value.hint.startswith("Did you mean 'mlflow'")


def test_dag_cannot_be_blocked_by_its_label(site: Path) -> None:
    with pytest.raises(UnknownPluginError):
        scan(site, policy=Policy(block=(("training", "PLUGINS_BLOCK"),)))
