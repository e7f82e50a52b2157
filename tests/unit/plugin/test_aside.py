"""Standard output put aside."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from gluepy.plugin._aside import output_aside


def run(code: str) -> subprocess.CompletedProcess[str]:
    code = f"import os, sys\nfrom gluepy.plugin._aside import output_aside\n{code}"
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_printing_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    with output_aside():
        print("inside")
    print("outside")

    assert capsys.readouterr() == ("outside\n", "inside\n")


def test_what_bypasses_python_goes_to_standard_error_too() -> None:
    done = run(
        "print('before')\n"
        "with output_aside():\n"
        "    os.write(1, b'descriptor\\n')\n"
        "    sys.__stdout__.write('original\\n')\n"
        "    os.system('echo child')\n"
        "print('after')\n"
    )

    assert done.stdout == "before\nafter\n"
    assert set(done.stderr.split()) == {"descriptor", "original", "child"}


def test_blocks_may_be_nested(capfd: pytest.CaptureFixture[str]) -> None:
    with output_aside():
        with output_aside():
            os.write(1, b"inner ")
        os.write(1, b"outer")
    os.write(1, b"outside")

    assert capfd.readouterr() == ("outside", "inner outer")


def test_blocks_of_threads_may_overlap(capfd: pytest.CaptureFixture[str]) -> None:
    first_ends = threading.Event()

    def second() -> None:
        with output_aside():
            first_ends.wait()
            os.write(1, b"second")

    thread = threading.Thread(target=second)
    with output_aside():
        thread.start()
    first_ends.set()
    thread.join()
    os.write(1, b"outside")

    assert capfd.readouterr() == ("outside", "second")


def test_output_is_back_after_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="inside"), output_aside():
        raise ValueError("inside")
    os.write(1, b"outside")

    assert capfd.readouterr() == ("outside", "")


@pytest.mark.parametrize("closed", ["1", "2", "1, 2"])
def test_closed_streams_are_no_trouble(closed: str) -> None:
    done = run(
        f"for fd in ({closed},): os.close(fd)\n"
        "with output_aside():\n"
        "    reached = True\n"
        "os._exit(0 if reached else 1)\n"
    )

    assert done.returncode == 0


def test_closed_standard_output_stays_closed() -> None:
    saved = os.dup(1)
    os.close(1)
    try:
        with output_aside():
            pass
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(1)
    finally:
        os.dup2(saved, 1)
        os.close(saved)


def test_no_streams_at_all_are_no_trouble() -> None:
    done = run(
        "sys.stdout = sys.stderr = sys.__stdout__ = None\n"
        "with output_aside(): print('lost')\n"
        "os.write(1, b'kept')"
    )

    assert (done.returncode, done.stdout) == (0, "kept")
