"""Where lines go, and what it costs when they cannot go there."""

from __future__ import annotations

import io
import json
import os
import sys
import threading
from pathlib import Path

import pytest

from gluepy import CommandInfo, SettingsInfo
from gluepy_logging import LoggingPlugin
from gluepy_logging._sinks import FileSink, StreamSink, find_sink

COMMAND = CommandInfo(name="dag")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def written(capsys: pytest.CaptureFixture[str], **settings: object) -> str:
    plugin = LoggingPlugin()
    plugin.configure(SettingsInfo(tuple(settings.items())))
    plugin.before_command(COMMAND)
    out, err = capsys.readouterr()
    assert out == ""
    return err


@pytest.mark.parametrize("settings", [{}, {"JSONLOG": "auto"}, {"JSONLOG": "stderr"}])
def test_lines_go_to_standard_error_that_is_no_terminal(
    capsys: pytest.CaptureFixture[str], settings: dict[str, object]
) -> None:
    assert json.loads(written(capsys, **settings))["event"] == "before_command"


def test_off_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert written(capsys, JSONLOG="off") == ""


def test_a_terminal_keeps_its_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())

    assert find_sink("auto", project="") is None


def test_a_terminal_gets_lines_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)

    sink = find_sink("stderr", project="")

    assert sink is not None
    sink.write("{}")
    assert terminal.getvalue() == "{}\n"


def test_without_a_standard_error_nothing_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)

    assert find_sink("stderr", project="") is None


def test_a_relative_file_lies_in_the_project_and_its_folder_is_made(tmp_path: Path) -> None:
    sink = find_sink("logs/run.jsonl", project=str(tmp_path))

    assert sink is not None
    sink.write("{}")
    sink.write("{}")
    assert (tmp_path / "logs" / "run.jsonl").read_text() == "{}\n{}\n"


def test_a_file_in_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    find_sink("~/run.jsonl", project="/nowhere")

    assert (tmp_path / "run.jsonl").exists()


def test_a_file_that_was_rotated_is_begun_again(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    sink = FileSink(str(path))
    sink.write("1")
    path.rename(tmp_path / "run.jsonl.1")

    sink.write("2")

    assert path.read_text() == "2\n"


def test_threads_do_not_tear_each_others_lines(tmp_path: Path) -> None:
    sink = FileSink(str(tmp_path / "run.jsonl"))
    texts = [letter * 5000 for letter in "abcd"]

    def write(text: str) -> None:
        for _ in range(50):
            sink.write(text)

    threads = [threading.Thread(target=write, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    lines = (tmp_path / "run.jsonl").read_text().split("\n")
    assert sorted(lines) == ["", *sorted(texts * 50)]


def test_a_file_that_cannot_be_written_is_one_sentence_and_then_silence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    plugin = LoggingPlugin()

    with pytest.raises(OSError, match="JSONLOG") as caught:
        plugin.configure(SettingsInfo((("JSONLOG", "file/run.jsonl"),), project=str(tmp_path)))

    path = os.path.join(tmp_path, "file", "run.jsonl")
    assert str(caught.value) == (
        f"the file {path!r}, which the setting JSONLOG names, cannot be written: Not a directory"
    )
    plugin.before_command(COMMAND)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="cannot be written: Is a directory"):
        find_sink(str(tmp_path), project="")


def test_each_event_that_a_full_disk_loses_is_an_error() -> None:
    sink = FileSink("/dev/full")

    with pytest.raises(OSError, match="No space left"):
        sink.write("{}")


def test_a_standard_error_that_was_closed_is_an_error() -> None:
    stream = io.StringIO()
    sink = StreamSink(stream)
    stream.close()

    with pytest.raises(ValueError, match="closed"):
        sink.write("{}")


@pytest.mark.parametrize("choice", [True, 5, "", "  ", ["a"], None])
def test_a_choice_that_is_none_is_one_sentence(choice: object) -> None:
    with pytest.raises(ValueError, match="JSONLOG") as caught:
        LoggingPlugin().configure(SettingsInfo((("JSONLOG", choice),)))

    assert str(caught.value) == (
        f"the setting JSONLOG must be 'auto', 'stderr', 'off' or a path, not {choice!r}"
    )


def test_a_wrong_flag_is_one_sentence(tmp_path: Path) -> None:
    settings = (("JSONLOG", str(tmp_path / "a")), ("JSONLOG_RECORDS", "maybe"))

    with pytest.raises(ValueError, match="JSONLOG_RECORDS") as caught:
        LoggingPlugin().configure(SettingsInfo(settings))

    assert str(caught.value) == "the setting JSONLOG_RECORDS must be true or false, not 'maybe'"


def test_configured_again_it_forgets_where_it_wrote(
    capsys: pytest.CaptureFixture[str], plugin: LoggingPlugin, log_file: Path
) -> None:
    plugin.configure(SettingsInfo((("JSONLOG", "off"),)))

    plugin.before_command(COMMAND)

    assert log_file.read_text() == ""
    assert capsys.readouterr().err == ""
