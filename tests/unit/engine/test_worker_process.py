from __future__ import annotations

import multiprocessing
import os
import select

import pytest

from gluepy.engine.worker_process import _end_of, _open_end


def test_end_of_a_process_that_is_gone_is_known_by_its_sentinel() -> None:
    process = multiprocessing.get_context("fork").Process(target=os.getpid)
    process.start()
    process.join()

    descriptor = _open_end(process)

    assert select.select([descriptor], [], [], 30)[0] == [descriptor]
    os.close(descriptor)


@pytest.mark.parametrize(
    ("code", "end"),
    [
        (0, "ended with exit code 0"),
        (-11, "was killed by SIGSEGV"),
        (-250, "was killed by signal 250"),
        (None, "ended with exit code None"),
    ],
)
def test_end_of_a_process_is_told_in_words(code: int | None, end: str) -> None:
    assert _end_of(code) == end
