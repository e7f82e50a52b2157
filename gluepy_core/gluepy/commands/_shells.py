"""The scripts by which shells ask what to offer, and how each wants to be answered.

All of them send the command line up to the cursor. click's own send the words that the shell has
made of it, and bash makes three of ``acme:training``.
"""

from __future__ import annotations

import os
import re
from typing import Any

from click.shell_completion import (
    CompletionItem,
    ShellComplete,
    add_completion_class,
    split_arg_string,
)

__all__ = ["SHELLS", "register_shells"]

_BASH = """\
%(complete_func)s() {
    local type value
    COMPREPLY=()
    while IFS=, read -r type value; do
        case $type in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done < <(COMP_WORDS="${COMP_LINE:0:COMP_POINT}" COMP_WORDBREAKS="$COMP_WORDBREAKS" \\
        %(complete_var)s=bash_complete "$1" 2>/dev/null)
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""

# Found in a file of its name, the function puts itself in the place of the whole file.
_ZSH = """\
#compdef %(prog_name)s

_%(prog_name)s() {
    local -a described plain
    local type value help
    (( $+commands[%(prog_name)s] )) || return 1
    while IFS= read -r type && IFS= read -r value && IFS= read -r help; do
        case $type in
            dir) _path_files -/ ;;
            file) _path_files ;;
            plain)
                if [[ -n $help ]]; then
                    described+=("${value//:/\\\\:}:$help")
                else
                    plain+=("$value")
                fi ;;
        esac
    done < <(COMP_WORDS="${(j: :)words[1,CURRENT]}" \\
        %(complete_var)s=zsh_complete %(prog_name)s 2>/dev/null)
    (( $#described )) && _describe -V %(prog_name)s described
    (( $#plain )) && compadd -V %(prog_name)s -a plain
}

if [[ $funcstack[1] == _%(prog_name)s ]]; then
    _%(prog_name)s "$@"
else
    compdef _%(prog_name)s %(prog_name)s
fi
"""

_FISH = """\
function %(complete_func)s
    set -lx COMP_WORDS (commandline --cut-at-cursor --current-process | string collect)
    set -lx %(complete_var)s fish_complete
    for line in (%(prog_name)s 2>/dev/null)
        set -l parts (string split --max 1 , -- $line)
        switch $parts[1]
            case dir
                __fish_complete_directories (commandline --current-token)
            case file
                __fish_complete_path (commandline --current-token)
            case plain
                echo $parts[2]
        end
    end
end

complete --no-files --keep-order --command %(prog_name)s --arguments "(%(complete_func)s)"
"""

_POWERSHELL = """\
Register-ArgumentCompleter -Native -CommandName %(prog_name)s -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $length = [Math]::Max(0, $cursorPosition - $commandAst.Extent.StartOffset)
    $before = $env:COMP_WORDS
    $env:COMP_WORDS = $commandAst.ToString().PadRight($length).Substring(0, $length)
    $env:%(complete_var)s = 'powershell_complete'
    try {
        $lines = @(& %(prog_name)s 2>$null)
    } finally {
        $env:COMP_WORDS = $before
        Remove-Item Env:%(complete_var)s
    }
    for ($i = 0; $i + 2 -lt $lines.Count; $i += 3) {
        $type, $value, $help = $lines[$i..($i + 2)]
        if ($type -eq 'plain') {
            $shown = $value
            if ($value -notmatch '^[\\w./:+=-]+$') {
                $value = "'" + $value.Replace("'", "''") + "'"
            }
            if (-not $help) { $help = $shown }
            [System.Management.Automation.CompletionResult]::new(
                $value, $shown, 'ParameterValue', $help)
        } else {
            Get-ChildItem -Path "$wordToComplete*" -Directory:($type -eq 'dir') |
                ForEach-Object {
                    [System.Management.Automation.CompletionResult]::new(
                        $_.FullName, $_.Name, 'ProviderItem', $_.FullName)
                }
        }
    }
}
"""


class _LineComplete(ShellComplete):
    """Is given the command line up to the cursor."""

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words after the program, and the one that has been begun."""
        line = os.environ["COMP_WORDS"]
        words = split_arg_string(line)[1:]
        is_begun = bool(words) and not line[-1].isspace()
        return (words[:-1], words[-1]) if is_begun else (words, "")

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[Any]]:
        """Return what is to be offered for the whole word: ``--task=clean``, not ``clean``."""
        items = super().get_completions(args, incomplete)
        if not (incomplete.startswith("-") and "=" in incomplete):
            return items
        option = incomplete.partition("=")[0]
        return [CompletionItem(f"{option}={one.value}", one.type, one.help) for one in items]


class BashComplete(_LineComplete):
    """bash; it completes what stands after the last sign that divides words for it."""

    name = "bash"
    source_template = _BASH

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[Any]]:
        """Return what is to be offered, without the part that bash takes for words before."""
        items = super().get_completions(args, incomplete)
        signs = set(os.environ.get("COMP_WORDBREAKS", "")) & set(":=")
        start = 1 + max((incomplete.rfind(sign) for sign in signs), default=-1)
        return [CompletionItem(one.value[start:], one.type, one.help) for one in items]

    def format_completion(self, item: CompletionItem[Any]) -> str:
        """Return a line; bash shows no descriptions."""
        return f"{item.type},{item.value}"


class ZshComplete(_LineComplete):
    """zsh."""

    name = "zsh"
    source_template = _ZSH

    def format_completion(self, item: CompletionItem[Any]) -> str:
        """Return three lines."""
        return f"{item.type}\n{item.value}\n{_on_one_line(item.help)}"


class FishComplete(_LineComplete):
    """fish."""

    name = "fish"
    source_template = _FISH

    def format_completion(self, item: CompletionItem[Any]) -> str:
        """Return a line; a tab divides the value from its description."""
        help_text = _on_one_line(item.help)
        return (
            f"{item.type},{item.value}\t{help_text}" if help_text else f"{item.type},{item.value}"
        )


class PowerShellComplete(_LineComplete):
    """Windows PowerShell 5.1 and PowerShell 7."""

    name = "powershell"
    source_template = _POWERSHELL

    def format_completion(self, item: CompletionItem[Any]) -> str:
        """Return three lines."""
        return f"{item.type}\n{item.value}\n{_on_one_line(item.help)}"


#: By name.
SHELLS: dict[str, type[ShellComplete]] = {
    cls.name: cls for cls in (BashComplete, FishComplete, PowerShellComplete, ZshComplete)
}


def register_shells() -> None:
    """Let click answer the shells by these instead of its own."""
    for cls in SHELLS.values():
        add_completion_class(cls)


def _on_one_line(text: str | None) -> str:
    return re.sub(r"\s+", " ", text or "").strip()
