from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from gluepy.views import draw_text

Document = dict[str, Any]
MakeGraph = Callable[..., Document]


def test_a_list_of_tasks_is_one_line(make: MakeGraph) -> None:
    document = make(["load", "score", "mail"], [("load", "score"), ("score", "mail")])

    assert draw_text(document) == "load -> score -> mail"


def test_a_graph_is_drawn_by_waves(make: MakeGraph) -> None:
    edges = [("a", "clean"), ("b", "clean"), ("clean", "fit"), ("clean", "report"), ("fit", "end")]
    document = make(["a", "b", "clean", "fit", "report", "end"], edges)

    assert draw_text(document).splitlines() == [
        "1  a   b",
        "2  clean <- a, b",
        "3  fit <- clean   report <- clean",
        "4  end <- fit",
    ]


def test_a_run_shows_status_time_and_partitions(diamond: Document) -> None:
    assert draw_text(diamond).splitlines() == [
        "1  load (done 12.4 s)",
        "2  left (FAILED 2/3) <- load   right (running) <- load",
        "3  end (not run) <- left, right",
    ]


def test_long_lines_are_wrapped_between_tasks(make: MakeGraph) -> None:
    labels = [f"task-{number}" for number in range(7)]

    waves = draw_text(make(labels), width=30)
    chain = draw_text(make(labels, itertools.pairwise(labels)), width=30)

    assert waves.splitlines() == [
        "1  task-0   task-1   task-2",
        "   task-3   task-4   task-5",
        "   task-6",
    ]
    assert chain.splitlines() == [
        "task-0 -> task-1 -> task-2 ->",
        "  task-3 -> task-4 ->",
        "  task-5 -> task-6",
    ]


def test_numbers_of_waves_are_aligned(make: MakeGraph) -> None:
    labels = [f"t{number}" for number in range(11)]
    document = make([*labels, "extra"], itertools.pairwise(labels))

    lines = draw_text(document).splitlines()

    assert lines[0] == " 1  t0   extra"
    assert lines[-1] == "11  t10 <- t9"


def test_a_graph_of_nothing_says_so(make: MakeGraph) -> None:
    assert draw_text(make([])) == "(no tasks)"


def test_one_task_is_its_label(make: MakeGraph) -> None:
    assert draw_text(make(["load"])) == "load"


def test_labels_cannot_command_the_terminal(hostile: Document) -> None:
    drawn = draw_text(hostile)

    assert drawn.replace("\n", "").isprintable()
    assert "line\\nfeed\\r\\ttab \\x1b[31m \\x00 \\ud800" in drawn


def test_characters_that_take_two_columns_count_twice(make: MakeGraph) -> None:
    labels = ["日本語日本語", "日本語日本語日"]

    assert draw_text(make(labels), width=24).splitlines() == [
        f"1  {labels[0]}",
        f"   {labels[1]}",
    ]
