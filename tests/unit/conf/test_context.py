from __future__ import annotations

import copy
import datetime as dt
import json
import pickle
import re
import sys
from collections.abc import Callable
from contextvars import copy_context
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

import pytest
from box.exceptions import BoxError
from hypothesis import given
from hypothesis import strategies as st

from gluepy.conf._yaml import load_yaml
from gluepy.conf.context import (
    Context,
    DefaultContextManager,
    dump_context,
    note_reads,
    parse_override,
)
from gluepy.conf.secrets import mask
from gluepy.conf.settings import Settings
from gluepy.exceptions import (
    ContextError,
    InvalidPathError,
    ModuleLoadError,
    OverrideError,
    PatchError,
    PathOutsideRootError,
    UnknownParameterError,
)

NOON = dt.datetime(2026, 3, 4, 12, 0, tzinfo=dt.UTC)

# -- what is read ------------------------------------------------------------------------------


def test_values_that_are_read_are_noted_with_their_dotted_names() -> None:
    context = Context({"train": {"horizon": 7, "layers": [1, {"n": 2}]}, "fail": False})

    def read() -> set[str]:
        reads = note_reads()
        context.fail  # noqa: B018 - to read it
        dict(context.train.items())
        return reads

    assert copy_context().run(read) == {"fail", "train.horizon", "train.layers"}


def test_sections_and_what_is_not_there_are_no_values() -> None:
    context = Context({"train": {"horizon": 7}, "gluepy": {"run_id": "one"}})

    def read() -> set[str]:
        reads = note_reads()
        context.train.get("depth", 3)
        context.train.to_dict()
        context.gluepy.run_id  # noqa: B018 - to read it
        return reads

    assert copy_context().run(read) == set()


# -- a context ---------------------------------------------------------------------------------


def test_values_are_read_by_attribute_and_by_item() -> None:
    context = Context({"train": {"horizon": 7, "learning-rate": 0.1}, "days": ["mon", {"n": 1}]})

    assert context.train.horizon == context["train"]["horizon"] == 7
    assert context.train.learning_rate == context.train["learning-rate"] == 0.1
    assert context.days == ("mon", {"n": 1})
    assert context.days[1].n == 1


def test_context_is_like_a_mapping() -> None:
    context = Context({"a": 1, "b": {"c": 2}})

    assert "a" in context
    assert "x" not in context
    assert list(context) == list(context.keys()) == ["a", "b"]
    assert len(context) == 2
    assert context.get("a") == 1
    assert context.get("x") is None
    assert context.get("x", 5) == 5
    assert dict(context.items()) == {"a": 1, "b": {"c": 2}}


def test_section_is_a_dict() -> None:
    section = Context({"s": {"a": 1, "b": [2]}}).s

    assert isinstance(section, dict)
    assert dict(section) == dict(**section) == {"a": 1, "b": (2,)}
    assert list(section.values()) == [1, (2,)]
    assert section.get("x", 5) == 5
    assert json.dumps(section) == '{"a": 1, "b": [2]}'
    assert section == {"a": 1, "b": (2,)}


@pytest.mark.parametrize(
    ("read", "dotted", "hint"),
    [
        (lambda context: context.trian, "trian", "Did you mean 'train'?"),
        (lambda context: context["trian"], "trian", "Did you mean 'train'?"),
        (lambda context: context.train.horizn, "train.horizn", "Did you mean 'horizon'?"),
        (lambda context: context.train["horizn"], "train.horizn", "Did you mean 'horizon'?"),
        (lambda context: context.train["zzz"], "train.zzz", ""),
    ],
)
def test_unknown_parameter_is_named_in_full(
    read: Callable[[Context], object], dotted: str, hint: str
) -> None:
    context = Context({"train": {"horizon": 7, 5: "five"}})

    with pytest.raises(UnknownParameterError) as caught:
        read(context)

    assert str(caught.value) == f"the context: there is no parameter {dotted!r}"
    assert caught.value.hint == hint
    assert isinstance(caught.value, KeyError)
    assert isinstance(caught.value, AttributeError)


def test_private_names_are_plain_attribute_errors_unless_they_are_there() -> None:
    context = Context({"_there": 1})

    assert context._there == 1
    with pytest.raises(AttributeError, match=r"^_not_there$"):
        _ = context._not_there


def test_setting_a_top_level_name_is_a_type_error() -> None:
    context = Context({"a": {"b": 1}})

    with pytest.raises(TypeError, match=r"^the context is frozen: 'a' cannot be set$"):
        context.a = 1
    with pytest.raises(TypeError, match=r"^the context is frozen: 'a' cannot be deleted$"):
        del context.a
    with pytest.raises(TypeError):
        context["a"] = 1


def test_setting_a_nested_name_is_an_error_of_box() -> None:
    context = Context({"a": {"b": 1}})

    with pytest.raises(BoxError):
        context.a.b = 2
    with pytest.raises(BoxError):
        context.a["c"] = 2
    with pytest.raises(BoxError):
        del context.a.b


def test_context_does_not_follow_changes_of_its_data() -> None:
    data: dict[str, Any] = {"a": {"b": [1]}}
    context = Context(data)

    data["a"]["b"].append(2)
    context.to_dict()["a"]["b"].append(3)

    assert context.to_dict() == {"a": {"b": [1]}}


def test_context_takes_any_mapping() -> None:
    inner = Context({"x": {"y": 1}})

    context = Context(MappingProxyType({"a": inner.x, "b": MappingProxyType({"z": 2})}))

    assert context.to_dict() == {"a": {"y": 1}, "b": {"z": 2}}


def test_contexts_are_equal_by_value() -> None:
    context = Context({"a": 1})

    assert context == Context({"a": 1})
    assert context != Context({"a": 2})
    assert context != {"a": 1}
    with pytest.raises(TypeError):
        hash(context)


def test_context_and_section_can_be_pickled_and_copied() -> None:
    context = Context({"a": {"b": ["${env:X}", {"c": 1}]}})

    assert pickle.loads(pickle.dumps(context)) == context  # noqa: S301
    assert copy.deepcopy(context) == context
    section = pickle.loads(pickle.dumps(context.a))  # noqa: S301
    assert section.to_dict() == copy.copy(section).to_dict() == copy.deepcopy(section).to_dict()
    with pytest.raises(UnknownParameterError, match=r"'a\.x'"):
        _ = section.x


# -- references and secrets --------------------------------------------------------------------


def test_reference_is_resolved_whenever_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    context = Context({"db": {"url": "pg://${env:HOST}:${env:PORT}/x", "l": ["${env:HOST}"]}})
    monkeypatch.setenv("HOST", "one")
    monkeypatch.setenv("PORT", "1")

    assert context.db.url == "pg://one:1/x"
    assert context.db["url"] == context.db.get("url") == "pg://one:1/x"
    assert dict(context.db) == dict(context.db.items()) == dict(**context.db)
    assert dict(context.db) == {"url": "pg://one:1/x", "l": ("one",)}
    assert json.loads(json.dumps(context.db)) == {"url": "pg://one:1/x", "l": ["one"]}
    monkeypatch.setenv("HOST", "two")
    assert context.db.url == "pg://two:1/x"


def test_what_a_variable_holds_is_not_resolved_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A", "${env:B}")

    assert Context({"a": "${env:A}"}).a == "${env:B}"


def test_missing_variable_names_itself_and_the_parameter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOT_THERE", raising=False)
    context = Context({"db": {"hosts": [{"url": "${env:NOT_THERE}"}], "user": "amy"}})

    with pytest.raises(ContextError) as caught:
        _ = context.db.hosts[0].url

    assert str(caught.value) == (
        "the parameter 'db.hosts.url': the environment variable 'NOT_THERE' is not set"
    )
    assert caught.value.hint == "Set it: export NOT_THERE=VALUE."
    assert context.db.user == "amy"


def test_resolved_values_are_never_shown_or_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PW", "hush")
    context = Context({"db": {"where": "${env:PW}", "list": ["${env:PW}", {"x": "${env:PW}"}]}})

    for text in (
        *(str(context), repr(context), str(context.db), repr(context.db), repr(context.db.list[1])),
        *(dump_context(context), str(context.to_dict()), pickle.dumps(context).decode("latin-1")),
    ):
        assert "hush" not in text


def test_secrets_are_masked_when_a_context_is_printed() -> None:
    context = Context({"db": {"password": "hush", "n": 1}, "token": "hush"})

    assert str(context) == "{'db': {'password': '***', 'n': 1}, 'token': '***'}"
    assert repr(context) == f"Context({context})"
    assert repr(context.db) == "Section({'password': '***', 'n': 1})"


def test_section_below_a_secret_key_is_masked_when_it_is_printed() -> None:
    context = Context({"credentials": {"amy": {"name": "hush"}}})

    assert str(context.credentials.amy) == "{'name': '***'}"


def test_secrets_are_not_stored() -> None:
    context = Context(
        {"db": {"password": "hush", "port": 1, "token": "${env:TOKEN}"}, "url": "pg://u:hush@h/d"}
    )

    assert dump_context(context) == (
        "db:\n  password: ${masked}\n  port: 1\n  token: ${env:TOKEN}\nurl: pg://u:${masked}@h/d\n"
    )


def test_masked_value_cannot_be_read() -> None:
    context = Context({"db": {"password": "${masked}"}})

    with pytest.raises(ContextError) as caught:
        _ = context.db.password

    assert str(caught.value) == (
        "the parameter 'db.password': its value is a secret, which is not stored with the run"
    )
    assert caught.value.hint == (
        "Give it again: --set db.password=VALUE, or in a file of CONFIG_PATH."
    )


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), values))
def test_to_dict_gives_what_was_put_in(data: dict[str, Any]) -> None:
    context = Context(data)

    assert context.to_dict() == data
    assert pickle.loads(pickle.dumps(context)) == context  # noqa: S301


@given(st.dictionaries(st.sampled_from(["a", "password", "max_tokens", "b"]), values))
def test_dump_is_loaded_as_the_masked_context(data: dict[str, Any]) -> None:
    dumped = dump_context(Context(data))

    assert load_yaml(dumped, where="dumped") == mask(data, placeholder="${masked}")


# -- --set -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "nested"),
    [
        ("a=1", {"a": 1}),
        ("a.b.c=x y", {"a": {"b": {"c": "x y"}}}),
        (" a.b = 0.5 ", {"a": {"b": 0.5}}),
        ("a=1e-3", {"a": 0.001}),
        ("a=true", {"a": True}),
        ("a=", {"a": None}),
        ("a='1'", {"a": "1"}),
        ("a=[1, {b: c}]", {"a": [1, {"b": "c"}]}),
        ("a={b: 1}", {"a": {"b": 1}}),
        ("a=b=c", {"a": "b=c"}),
        ("a=${env:X}", {"a": "${env:X}"}),
        ("a=x#y", {"a": "x#y"}),
        ("learning-rate=0.1", {"learning-rate": 0.1}),
    ],
)
def test_override_is_parsed(text: str, nested: dict[str, Any]) -> None:
    assert parse_override(text) == nested


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a", "there is no '='"),
        ("", "there is no '='"),
        ("=1", "'' is no key"),
        ("a..b=1", "'a..b' is no key"),
        ("a=[1", "the value is not valid YAML: did not find expected ',' or ']'"),
        ("a=*b", "the value is not valid YAML: found undefined alias"),
        ("a=b: c", "the value needs quotes, or brackets around it"),
        ("a=- b", "the value needs quotes, or brackets around it"),
        ("color=#ff0000", "'#' begins a comment; put the value in quotes"),
        ("a=x #y", "'#' begins a comment; put the value in quotes"),
    ],
)
def test_override_is_refused(text: str, reason: str) -> None:
    with pytest.raises(OverrideError) as caught:
        parse_override(text)

    assert str(caught.value) == f"--set {text!r}: {reason}"


def test_override_that_is_too_deep_is_refused() -> None:
    with pytest.raises(OverrideError, match=r"is no key$"):
        parse_override(".".join("a" * 101) + "=1")


@pytest.mark.parametrize("value", ["hush: hush", "{a: hush", "[hush, 'hush"])
def test_refused_override_does_not_show_its_secret(value: str) -> None:
    with pytest.raises(OverrideError) as caught:
        parse_override(f"db.password={value}")

    assert str(caught.value).startswith("--set 'db.password=***': the value ")
    assert "hush" not in str(caught.value)


@given(st.text())
def test_any_override_is_parsed_or_refused(text: str) -> None:
    try:
        nested = parse_override(text)
    except OverrideError:
        return

    assert list(nested) == [text.partition("=")[0].strip().split(".")[0]]


# -- a new run ---------------------------------------------------------------------------------


class Project:
    """A project on disk and its storage, which is a dict."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.storage: dict[str, str] = {}
        self.settings = Settings()
        self.settings.CONFIG_PATH = str(folder / "configs")
        self.manager = DefaultContextManager(self.settings, clock=lambda: NOON)
        self.manager.read_file = self.read
        folder.joinpath("configs").mkdir()

    def config(self, text: str, name: str = "base.yaml") -> str:
        path = self.folder / "configs" / name
        path.write_text(text)
        return str(path)

    def local(self, text: str) -> str:
        path = self.folder / "local.yaml"
        path.write_text(text)
        return str(path)

    def store(self, path: str, text: str) -> str:
        self.storage[path] = text
        return path

    def read(self, path: str) -> bytes:
        if path.startswith(".."):
            raise PathOutsideRootError(path, "/root")
        if "\0" in path:
            raise InvalidPathError(path, "it holds a NUL")
        if path == "folder":
            raise IsADirectoryError(21, "Is a directory")
        try:
            return self.storage[path].encode()
        except KeyError:
            raise FileNotFoundError(path) from None


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_sources_are_merged_in_order(project: Project) -> None:
    project.config("s: {a: base, b: base, c: base, d: base, e: base}\n")
    first = project.store("1.yaml", "s: {b: one, c: one, d: one, e: one}\n")
    second = project.store("2.yaml", "s: {c: two, d: two, e: two}\n")
    local = project.local("s: {d: local, e: local, new: 1}\n")

    context = project.manager.create_context(
        patches=[first, second], local_patches=[local], overrides={"s": {"e": "option"}}
    )

    assert context.s.to_dict() == {
        "a": "base",
        "b": "one",
        "c": "two",
        "d": "local",
        "e": "option",
        "new": 1,
    }


def test_yaml_files_are_read_in_the_order_of_their_names(project: Project) -> None:
    for name in ("b.yml", "c.yaml", "a.yaml"):
        project.config(f"last: {name}\n{name[0]}: 1\n", name)
    project.config("last: hidden", ".d.yaml")
    project.config("last: text", "e.txt")

    data = project.manager.create_context().to_dict()

    assert list(data) == ["last", "a", "b", "c", "gluepy"]
    assert data["last"] == "c.yaml"


def test_new_run_has_an_id_a_folder_and_a_moment_in_utc(project: Project) -> None:
    first = project.manager.create_context().gluepy
    second = project.manager.create_context().gluepy

    assert re.fullmatch(
        r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", first.run_id
    )
    assert first.run_folder == f"runs/2026/3/4/{first.run_id}"
    assert first.created_at == "2026-03-04T12:00:00+00:00"
    assert second.run_id != first.run_id


def test_clock_is_in_utc() -> None:
    created_at = DefaultContextManager(Settings()).get_run_meta()["created_at"]

    assert dt.datetime.fromisoformat(created_at).utcoffset() == dt.timedelta(0)


def test_id_and_folder_can_be_given(project: Project) -> None:
    context = project.manager.create_context("mine", "runs/2026-01-01T10:00+00:00")

    assert context.gluepy.run_id == "mine"
    assert context.gluepy.run_folder == "runs/2026-01-01T10:00+00:00"


def test_run_meta_takes_more(project: Project) -> None:
    assert project.manager.get_run_meta(run_id="mine", dag="training") == {
        "run_id": "mine",
        "run_folder": "runs/2026/3/4/mine",
        "created_at": "2026-03-04T12:00:00+00:00",
        "dag": "training",
    }


def test_nobody_but_us_writes_the_section_of_the_run(project: Project) -> None:
    project.config("gluepy: {run_id: forged}\n")

    context = project.manager.create_context(run_id="mine")

    assert set(context.gluepy) == {"run_id", "run_folder", "created_at"}
    assert context.gluepy.run_id == "mine"


def test_section_of_the_run_cannot_be_overridden(project: Project) -> None:
    with pytest.raises(OverrideError, match=r"^--set 'gluepy': this section says who the run is"):
        project.manager.create_context(overrides={"gluepy": {"run_id": "forged"}})


def test_patch_of_an_aliased_section_changes_that_section_only(project: Project) -> None:
    project.config("a: &a {n: 1}\nb: *a\n")

    context = project.manager.create_context(overrides={"a": {"n": 2}})

    assert (context.a.n, context.b.n) == (2, 1)


def test_empty_files_change_nothing(project: Project) -> None:
    project.config("# nothing yet\n")

    context = project.manager.create_context(patches=[project.store("p.yaml", "")])

    assert list(context) == ["gluepy"]


def test_references_can_be_checked_early(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.config("a: 1\nl: [1, {x: '${env:NOT_THERE}'}]\n")

    project.manager.create_context()
    with pytest.raises(ContextError, match=r"'NOT_THERE' is not set$"):
        project.manager.create_context(evaluate_lazy=True)
    monkeypatch.setenv("NOT_THERE", "there")
    assert project.manager.create_context(evaluate_lazy=True).l[1].to_dict() == {
        "x": "${env:NOT_THERE}"
    }


# -- what can be wrong with it -----------------------------------------------------------------


def test_missing_folder_is_fine_when_it_is_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert list(DefaultContextManager(Settings()).create_context()) == ["gluepy"]


def test_missing_folder_is_an_error_when_it_was_named(project: Project) -> None:
    project.settings.CONFIG_PATH = "/not/there"

    with pytest.raises(ContextError, match=r"^CONFIG_PATH: there is no folder '/not/there'$"):
        project.manager.create_context()


def test_folder_that_is_none_is_an_error(project: Project, tmp_path: Path) -> None:
    project.settings.CONFIG_PATH = str(tmp_path / "file")
    tmp_path.joinpath("file").touch()

    with pytest.raises(ContextError, match=r"/file' cannot be read: Not a directory$"):
        project.manager.create_context()


def test_config_file_that_is_a_folder_is_an_error(project: Project) -> None:
    project.folder.joinpath("configs", "x.yaml").mkdir()

    with pytest.raises(ContextError, match=r"/configs/x\.yaml: cannot be read: Is a directory$"):
        project.manager.create_context()


def test_damaged_config_file_is_named_with_line_and_column(project: Project) -> None:
    path = project.config("a: 1\nb: [\n")

    with pytest.raises(ContextError, match=f"^{re.escape(path)}:3:1: is not valid YAML: "):
        project.manager.create_context()


def test_config_file_needs_keys_at_its_top(project: Project) -> None:
    path = project.config("- a\n")

    with pytest.raises(ContextError) as caught:
        project.manager.create_context()

    assert str(caught.value) == f"{path}: holds a list at its top, not keys with values"
    assert caught.value.hint == "Write it as 'section:' with 'key: value' below."


def test_config_files_that_do_not_fit_together_are_named(project: Project) -> None:
    project.config("a: 1\n", "1.yaml")
    path = project.config("a: x\n", "2.yaml")

    with pytest.raises(ContextError) as caught:
        project.manager.create_context()

    assert str(caught.value) == f"{path}: cannot merge 'a': int and str differ"


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("none.yaml", "there is no such file in the storage"),
        ("folder", "cannot be read: Is a directory"),
        ("../x", "the path '../x' leads out of the storage root '/root'"),
        ("x\0", "the path 'x\\x00' cannot be used: it holds a NUL"),
        (
            "broken.yaml",
            "broken.yaml:1:5: is not valid YAML: mapping values are not allowed in this context",
        ),
        ("list.yaml", "list.yaml: holds a list at its top, not keys with values"),
        ("type.yaml", "cannot merge 's.n': int and str differ"),
    ],
)
def test_patch_is_refused(project: Project, path: str, reason: str) -> None:
    project.config("s: {n: 1}\n")
    project.store("broken.yaml", "a: b: c")
    project.store("list.yaml", "[1]")
    project.store("type.yaml", "s: {n: x}")

    with pytest.raises(PatchError) as caught:
        project.manager.create_context(patches=[path])

    assert str(caught.value) == f"--patch {path!r}: {reason}"


def test_local_file_given_as_patch_gets_a_hint(project: Project) -> None:
    with pytest.raises(PatchError) as caught:
        project.manager.create_context(patches=[project.local("a: 1")])

    assert caught.value.hint == "It is a file on this machine: use --local-patch."


def test_missing_local_patch_is_an_error(project: Project) -> None:
    with pytest.raises(PatchError) as caught:
        project.manager.create_context(local_patches=["none.yaml"])

    assert str(caught.value) == "--local-patch 'none.yaml': there is no such file"
    assert caught.value.hint == ""


def test_local_patch_that_is_a_folder_is_an_error(project: Project, tmp_path: Path) -> None:
    with pytest.raises(PatchError, match=r"cannot be read: Is a directory$"):
        project.manager.create_context(local_patches=[str(tmp_path)])


def test_override_that_does_not_fit_is_an_error(project: Project) -> None:
    project.config("s: {n: 1}\n")

    with pytest.raises(OverrideError, match=r"^--set 's\.n': cannot merge 's\.n': int and str"):
        project.manager.create_context(overrides={"s": {"n": "x"}})


# -- an earlier run ----------------------------------------------------------------------------


def test_stored_context_is_loaded_and_patched(project: Project) -> None:
    project.config("a: {n: 9}\nnew: 1\n")
    path = project.store("runs/1/context.yaml", "a: {n: 1, m: 1}\ngluepy: {run_id: first}\n")
    patch = project.store("p.yaml", "a: {m: 2}\ngluepy: {run_id: forged}\n")

    context = project.manager.load_context(
        path, [patch], [project.local("a: {k: 3}")], overrides={"a": {"j": 4}}
    )

    assert context.to_dict() == {
        "a": {"n": 1, "m": 2, "k": 3, "j": 4},
        "gluepy": {"run_id": "first", "run_folder": "runs/1"},
    }


def test_copied_run_folder_is_its_own(project: Project) -> None:
    stored = "gluepy: {run_id: first, run_folder: runs/1}\n"
    path = project.store("elsewhere/10:40+01/context.yaml", stored)

    context = project.manager.load_context(path)

    assert context.gluepy.run_folder == "elsewhere/10:40+01"


def test_secrets_come_from_the_project_again(project: Project) -> None:
    secrets = "url: pg://u:hush@h\nhosts: [{token: one}, {token: two}]\n"
    project.config(f"db: {{password: 12345, user: amy}}\n{secrets}")
    stored = dump_context(project.manager.create_context("first"))
    project.config(f"db: {{password: 12345, user: bob}}\n{secrets}")
    path = project.store("runs/1/context.yaml", stored)

    context = project.manager.load_context(path)

    assert "hush" not in stored
    assert context.db.to_dict() == {"password": 12345, "user": "amy"}
    assert context.url == "pg://u:hush@h"
    assert context.hosts[1].token == "two"  # noqa: S105 - no secret of ours
    assert context.gluepy.run_id == "first"


def test_secrets_can_be_given_again_in_any_type(project: Project) -> None:
    path = project.store("c.yaml", "db: {password: '${masked}', user: amy}\n")

    context = project.manager.load_context(path, overrides={"db": {"password": 12345}})

    assert context.db.to_dict() == {"password": 12345, "user": "amy"}


@pytest.mark.parametrize("config", ["", "db: 5", "hosts: [{token: one}]", "hosts: none"])
def test_secret_that_is_nowhere_is_missed_when_it_is_read(project: Project, config: str) -> None:
    project.config(config)
    path = project.store(
        "c.yaml",
        "db: {password: '${masked}', user: amy}\n"
        "hosts: [{token: '${masked}'}, {token: '${masked}'}]\n",
    )

    context = project.manager.load_context(path, overrides={"db": {"user": "bob"}})

    assert context.db.user == "bob"
    with pytest.raises(ContextError, match=r"^the parameter 'db\.password': its value is a secret"):
        _ = context.db.password
    with pytest.raises(ContextError, match=r"^the parameter 'hosts\.token': its value is a secret"):
        _ = context.hosts[0].token


def test_section_with_a_secret_can_be_replaced_by_nothing(project: Project) -> None:
    path = project.store("c.yaml", "db: {password: '${masked}'}\n")

    context = project.manager.load_context(path, overrides={"db": None})

    assert context.db is None


def test_config_path_is_not_read_when_no_secret_is_missed(project: Project) -> None:
    project.config("broken: [")
    path = project.store("c.yaml", "a: 1\n")

    assert project.manager.load_context(path).a == 1


def test_stored_context_that_is_missing_is_an_error(project: Project) -> None:
    with pytest.raises(
        ContextError, match=r"^x/context\.yaml: there is no such file in the storage$"
    ):
        project.manager.load_context("x/context.yaml")


def test_stored_context_that_is_damaged_is_an_error(project: Project) -> None:
    path = project.store("c.yaml", "a: [")

    with pytest.raises(ContextError, match=r"^c\.yaml:\d:\d: is not valid YAML: "):
        project.manager.load_context(path)


class FixedStorage:
    """Holds one file, whatever it is called."""

    def open(self, path: str, mode: str = "r") -> bytes:
        assert mode == "rb"
        return f"where: {path}\n".encode()


def test_patches_are_read_from_the_storage_of_the_settings(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = ModuleType("own_storage")
    module.__dict__["FixedStorage"] = FixedStorage
    monkeypatch.setitem(sys.modules, "own_storage", module)
    project.settings.STORAGE_BACKEND = "own_storage.FixedStorage"

    context = DefaultContextManager(project.settings).create_context(patches=["p.yaml"])

    assert context.where == "p.yaml"


def test_storage_that_cannot_be_imported_is_named(project: Project) -> None:
    manager = DefaultContextManager(project.settings)
    project.settings.STORAGE_BACKEND = "gluepy.NoStorage"

    with pytest.raises(ModuleLoadError, match=r"^STORAGE_BACKEND names 'gluepy\.NoStorage', which"):
        manager.create_context(patches=["p.yaml"])
