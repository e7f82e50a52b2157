"""What is answered to the completion scripts of the shells."""

from __future__ import annotations

from collections.abc import Callable

import click
import pytest
from click.shell_completion import CompletionItem, get_completion_class
from click.testing import CliRunner, Result

from gluepy.commands import cli as gluepy
from gluepy.commands._shells import SHELLS, register_shells

Run = Callable[..., Result]

#: By which bash divides words.
SIGNS = " \t\n\"'@><=;|&(:"

LABELS = {"acme:training": "acme 1.0,\n  really", "clean": "", "load[a b]": "it's"}


def offer(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(one, help=text) for one, text in LABELS.items() if incomplete in one]


@click.group()
def cli() -> None:
    """Do something."""


@cli.command("run")
@click.argument("label", shell_complete=offer)
@click.option("--task", shell_complete=offer)
@click.option("--file", type=click.Path())
def do(label: str, task: str, file: str) -> None:
    """Run it."""


def answered(
    shell: str, line: str, monkeypatch: pytest.MonkeyPatch, *, signs: str = SIGNS
) -> list[str]:
    """Return the lines that a shell gets for a command line up to its cursor."""
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_WORDBREAKS", signs)
    return SHELLS[shell](cli, {}, "gluepy", "_GLUEPY_COMPLETE").complete().split("\n")


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("gluepy run cl", ["plain,clean"]),
        ("gluepy run acme:tr", ["plain,training"]),
        ("gluepy run acme:", ["plain,training"]),
        ("gluepy run x --task=acme:tr", ["plain,training"]),
        ("gluepy run x --task=cl", ["plain,clean"]),
        ("gluepy run x --task cl", ["plain,clean"]),
        ("gluepy run x --file ", ["file,"]),
        ("gluepy ", ["plain,run"]),
        ("gluepy", ["plain,run"]),
        ("", ["plain,run"]),
    ],
)
def test_bash_is_answered_after_the_last_sign_that_divides_words(
    line: str, offered: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert answered("bash", line, monkeypatch) == offered


def test_bash_whose_words_are_divided_otherwise_gets_whole_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer = answered("bash", "gluepy run acme:tr", monkeypatch, signs=" \t\n")

    assert answer == ["plain,acme:training"]


@pytest.mark.parametrize("shell", ["zsh", "powershell"])
def test_three_lines_say_kind_value_and_description(
    shell: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert answered(shell, "gluepy run ", monkeypatch) == [
        *("plain", "acme:training", "acme 1.0, really"),
        *("plain", "clean", ""),
        *("plain", "load[a b]", "it's"),
    ]


@pytest.mark.parametrize("shell", ["fish", "zsh", "powershell"])
def test_option_and_value_in_one_word_stay_one(shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = answered(shell, "gluepy run x --task=cl", monkeypatch)

    assert [one.removeprefix("plain,") for one in answer if "clean" in one] == ["--task=clean"]


def test_fish_gets_a_tab_before_the_description(monkeypatch: pytest.MonkeyPatch) -> None:
    assert answered("fish", "gluepy run ", monkeypatch) == [
        "plain,acme:training\tacme 1.0, really",
        "plain,clean",
        "plain,load[a b]\tit's",
    ]


@pytest.mark.parametrize("shell", SHELLS)
def test_click_answers_by_these(shell: str) -> None:
    register_shells()

    assert get_completion_class(shell) is SHELLS[shell]


def test_gluepy_answers_the_script_of_a_shell(run: Run) -> None:
    environ = {"_GLUEPY_COMPLETE": "fish_complete", "COMP_WORDS": "gluepy che"}

    result = CliRunner().invoke(gluepy, [], prog_name="gluepy", env=environ)

    assert result.output == "plain,check\tCheck project, registry and environment.\n"


def test_powershell_script_sends_the_line_and_quotes_what_needs_it() -> None:
    script = SHELLS["powershell"](cli, {}, "gluepy", "_GLUEPY_COMPLETE").source()

    assert "$env:_GLUEPY_COMPLETE = 'powershell_complete'" in script
    assert "-notmatch '^[\\w./:+=-]+$'" in script
    assert "$commandAst.ToString().PadRight($length).Substring(0, $length)" in script
    assert script.count("{") == script.count("}")
