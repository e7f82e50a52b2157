"""Pictures on their way into the storage."""

from __future__ import annotations

import io
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

import matplotlib.image
import matplotlib.pyplot as plt
import pytest

from gluepy.conf import default_context
from gluepy.conf.context import Context
from gluepy.exceptions import MissingLibraryError, UnknownFormatError
from gluepy.files.storages import BaseStorage, default_storage
from gluepy.files.storages.memory import MemoryStorage
from gluepy.files.storages.utils import plot
from gluepy.utils.loading import scoped

FIRST_BYTES = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF", "jpg": b"\xff\xd8"}


@pytest.fixture(autouse=True)
def storage() -> Iterator[BaseStorage]:
    plt.switch_backend("agg")
    storage = MemoryStorage()
    with (
        scoped(default_storage, storage),
        scoped(default_context, Context({"gluepy": {"run_folder": "runs/1"}})),
    ):
        yield storage
    assert plt.get_fignums() == []


def test_picture_lies_in_the_run_folder(storage: BaseStorage) -> None:
    with plot("figures/delay.png") as pyplot:
        pyplot.plot([1, 2, 3])

    assert pyplot is plt
    assert storage.ls("runs/1/figures") == (["delay.png"], [])


def test_picture_lies_in_the_root_when_told(storage: BaseStorage) -> None:
    with plot("delay.png", root=True) as pyplot:
        pyplot.plot([1, 2, 3])

    assert storage.ls() == (["delay.png"], [])


@pytest.mark.parametrize("ending", FIRST_BYTES)
def test_ending_names_the_format_in_any_case(storage: BaseStorage, ending: str) -> None:
    with plot(f"a.{ending.upper()}", root=True) as pyplot:
        pyplot.plot([1, 2, 3])

    assert storage.open(f"a.{ending.upper()}").startswith(FIRST_BYTES[ending])


def test_picture_without_ending_is_png(storage: BaseStorage) -> None:
    with plot("a", root=True):
        pass

    assert storage.open("a").startswith(FIRST_BYTES["png"])


def test_unknown_ending_is_refused_before_the_block_runs(storage: BaseStorage) -> None:
    ran = []

    with pytest.raises(UnknownFormatError, match=r"^'runs/1/a\.docx': its ending"), plot("a.docx"):
        ran.append(True)

    assert ran == []
    assert storage.ls() == ([], [])


def test_figure_that_the_block_makes_is_the_one_that_is_saved(storage: BaseStorage) -> None:
    with plot("a.png", root=True) as pyplot:
        pyplot.subplots(figsize=(3, 2), dpi=10)
        pyplot.gcf().set_dpi(10)

    height, width, _ = _image(storage, "a.png").shape
    assert width / height == pytest.approx(1.5)


def test_block_that_raises_saves_nothing(storage: BaseStorage) -> None:
    with pytest.raises(ZeroDivisionError), plot("a.png") as pyplot:
        pyplot.plot([1 / 0])

    assert storage.ls() == ([], [])


def test_figures_of_others_are_neither_drawn_on_nor_closed() -> None:
    other = plt.figure()
    other.gca().plot([1])

    with plot("a.png") as pyplot:
        pyplot.plot([2])

    assert plt.get_fignums() == [other.number]
    assert len(other.gca().lines) == 1
    plt.close(other)


def test_blocks_of_several_threads_draw_one_after_the_other(storage: BaseStorage) -> None:
    widths = range(1, 5)
    start = threading.Barrier(len(widths))

    def draw(width: int) -> None:
        start.wait(10)
        with plot(f"{width}.png", root=True) as pyplot:
            time.sleep(0.01)  # long enough for another thread to make a figure
            pyplot.gcf().set_size_inches(width, 1)

    with ThreadPoolExecutor(len(widths)) as threads:
        futures = [threads.submit(copy_context().run, draw, width) for width in widths]
        for future in futures:
            future.result()

    assert [_image(storage, f"{width}.png").shape[1] for width in widths] == [100, 200, 300, 400]


def test_block_may_have_another_within_it(storage: BaseStorage) -> None:
    with plot("outer.png", root=True) as pyplot:
        pyplot.gcf().set_size_inches(2, 1)
        with plot("inner.png", root=True):
            pyplot.gcf().set_size_inches(1, 1)

    outer, inner = (_image(storage, name).shape for name in ("outer.png", "inner.png"))
    assert outer[1] == 2 * inner[1]


def test_figure_that_the_block_closes_is_no_error(storage: BaseStorage) -> None:
    with plot("a.png", root=True) as pyplot:
        pyplot.close("all")

    assert storage.isfile("a.png")


def test_missing_matplotlib_is_one_sentence_with_the_way_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)

    with pytest.raises(MissingLibraryError) as caught, plot("a.png"):
        pass

    assert str(caught.value) == "plot() needs matplotlib, which is not installed"
    assert caught.value.hint == "Run: pip install 'gluepy-core[plot]'"


def _image(storage: BaseStorage, path: str) -> Any:
    return matplotlib.image.imread(io.BytesIO(storage.open(path)))
