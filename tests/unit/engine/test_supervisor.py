"""The parent of the process that runs tasks, with real processes: none of this can be made up."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gluepy.engine.supervisor import Death, Link, can_supervise

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

HEAD = """\
import os, signal, subprocess, sys, threading, time
from gluepy.engine.supervisor import supervise

def mourn(death):
    print("mourned", death.exit_code, list(death.runs), death.signal, flush=True)
    return 7

def sleeper():
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]).pid

link = supervise(mourn)
print("child", os.getpid(), flush=True)
"""

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Return what starts a supervised process that does something; all are ended with the test."""
    started: list[subprocess.Popen[str]] = []

    def begin(body: str, *, head: str = HEAD) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", head + body],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def line(process: subprocess.Popen[str], word: str) -> str:
    """Read on to the line that begins with a word, and return the rest of it."""
    assert process.stdout is not None
    for text in process.stdout:
        if text.startswith(f"{word} "):
            return text.removeprefix(word).strip()
    raise AssertionError(word)


def end(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Return what a process exits with, and what it has printed last."""
    out, err = process.communicate(timeout=30)
    assert err == ""
    return process.returncode, (out.splitlines() or [""])[-1]


def is_alive(pid: int) -> bool:
    """Return whether there is a process, which is no zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_until_gone(*pids: int, within_s: float = 10.0) -> None:
    moment = time.monotonic() + within_s
    while any(map(is_alive, pids)):
        assert time.monotonic() < moment, [pid for pid in pids if is_alive(pid)]
        time.sleep(0.01)


# -- the end of the child ----------------------------------------------------------------------


@pytest.mark.parametrize("last", ["sys.exit(0)", "os._exit(0)", "os.kill(os.getpid(), 9)"])
def test_word_of_the_child_is_the_exit_code(start: Start, last: str) -> None:
    code, said = end(start(f"link.conclude(5)\n{last}"))

    assert code == 5
    assert said.startswith("child ")


@pytest.mark.parametrize(
    ("last", "exit_code"),
    [
        ("os._exit(0)", 0),
        ("os._exit(3)", 3),
        ("sys.exit(4)", 4),
        ("os.kill(os.getpid(), signal.SIGSEGV)", -signal.SIGSEGV),
        ("os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL),
    ],
)
def test_child_that_ends_without_a_word_is_mourned(start: Start, last: str, exit_code: int) -> None:
    process = start(f"link.announce('runs/1')\nlink.announce('runs/2')\n{last}")

    assert end(process) == (7, f"mourned {exit_code} ['runs/1', 'runs/2'] 0")


def test_folder_of_a_run_may_have_any_name(start: Start) -> None:
    process = start("link.announce('a b\\nä\\udcff')\nos._exit(0)")

    assert end(process)[1] == r"mourned 0 ['a b ä\udcff'] 0"


def test_more_can_be_told_than_a_pipe_holds(start: Start) -> None:
    process = start(
        "for number in range(20_000):\n    link.announce(f'runs/{number}')\nlink.conclude(0)"
    )

    assert end(process)[0] == 0


def test_what_the_child_has_started_ends_with_it(start: Start) -> None:
    process = start("print('left', sleeper(), flush=True)\nos._exit(0)")
    left = int(line(process, "left"))

    assert end(process)[0] == 7

    wait_until_gone(left)


def test_what_the_child_leaves_behind_in_order_is_left_alone(start: Start) -> None:
    process = start(
        "left = subprocess.Popen(['sleep', '60'], stdout=subprocess.DEVNULL,"
        " stderr=subprocess.DEVNULL)\n"
        "print('left', left.pid, flush=True)\nlink.conclude(0)\nos._exit(0)"
    )
    left = int(line(process, "left"))

    assert end(process)[0] == 0

    assert is_alive(left)
    os.kill(left, signal.SIGKILL)


def test_child_that_has_said_its_last_word_and_does_not_end_is_ended(start: Start) -> None:
    process = start(
        "threading.Thread(target=time.sleep, args=(90,)).start()\nlink.conclude(3)\nsys.exit(3)"
    )

    assert end(process)[0] == 3


def test_process_that_a_task_forks_has_no_say(start: Start) -> None:
    process = start(
        "import warnings\nwarnings.simplefilter('ignore')  # of a fork beside threads\n"
        "if not os.fork():\n    link.conclude(0)\n    os._exit(0)\nos.wait()\nos._exit(0)"
    )

    assert end(process)[0] == 7


def test_descriptor_that_a_task_has_closed_is_not_written_to(start: Start, tmp_path: Path) -> None:
    process = start(
        "os.closerange(3, 64)\n"
        f"files = [open({str(tmp_path / 'other.txt')!r}, 'w') for _ in range(61)]\n"
        "link.conclude(0)\nos._exit(0)"
    )

    assert end(process)[0] == 7
    assert (tmp_path / "other.txt").read_text() == ""


# The thread that waits for the end of the parent sleeps until the task has closed its descriptors.
CLOSING = """\
import threading
closed = threading.Event()
threading.setprofile(
    lambda frame, event, arg: event == "c_call" and arg.__name__ == "register" and closed.wait()
)
"""


def test_closed_descriptor_is_no_sign_that_the_parent_is_gone(start: Start) -> None:
    body = "os.closerange(3, 64)\nclosed.set()\ntime.sleep(0.5)\nos._exit(3)"

    process = start(body, head=CLOSING + HEAD)

    assert end(process) == (7, "mourned 3 [] 0")


def test_child_that_has_closed_its_descriptors_ends_with_its_parent(start: Start) -> None:
    body = "os.closerange(3, 64)\nclosed.set()\nprint('closed', 0, flush=True)\ntime.sleep(60)"
    process = start(body, head=CLOSING + HEAD)
    child = int(line(process, "child"))
    line(process, "closed")

    process.kill()

    wait_until_gone(child)


def test_descriptor_that_is_closed_is_passed_over(start: Start) -> None:
    assert end(start("os.closerange(3, 64)\nlink.conclude(0)\nos._exit(0)"))[0] == 7


# -- signals -----------------------------------------------------------------------------------

COUNTING = """\
heard = []
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, lambda number, frame: heard.append(number))
link.announce("runs/1")
print("ready", os.getpid(), flush=True)
while not heard:
    time.sleep(0.01)
time.sleep(0.3)
print("heard", heard, flush=True)
link.conclude(128 + heard[0])
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_is_forwarded_once(start: Start, number: int) -> None:
    process = start(COUNTING)
    line(process, "ready")

    process.send_signal(number)

    assert line(process, "heard") == f"[{int(number)}]"
    assert end(process)[0] == 128 + number


def test_signal_that_kills_the_child_is_told(start: Start) -> None:
    process = start("print('ready', 1, flush=True)\ntime.sleep(60)")
    line(process, "ready")

    process.send_signal(signal.SIGTERM)

    assert end(process) == (7, f"mourned -{int(signal.SIGTERM)} [] {int(signal.SIGTERM)}")


def test_third_signal_kills_the_child_and_all_that_it_has_started(start: Start) -> None:
    process = start(
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('ready', sleeper(), flush=True)\ntime.sleep(60)"
    )
    left = int(line(process, "ready"))

    for _ in range(3):
        process.send_signal(signal.SIGTERM)
        time.sleep(0.1)

    assert end(process) == (7, f"mourned -9 [] {int(signal.SIGTERM)}")
    wait_until_gone(left)


def test_signal_that_nohup_keeps_off_is_not_forwarded(start: Start) -> None:
    head = "import signal\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)\n" + HEAD
    process = start(COUNTING.replace("signal.SIGTERM, signal.SIGHUP", "signal.SIGTERM"), head=head)
    line(process, "ready")

    process.send_signal(signal.SIGHUP)
    time.sleep(0.1)
    process.send_signal(signal.SIGTERM)

    assert line(process, "heard") == f"[{int(signal.SIGTERM)}]"


def test_parent_goes_on_when_both_were_stopped_for_a_while(start: Start) -> None:
    process = start(COUNTING)
    child = int(line(process, "ready"))

    for pid, number in (
        (child, signal.SIGSTOP),
        (process.pid, signal.SIGSTOP),
        (process.pid, signal.SIGCONT),
        (child, signal.SIGCONT),
    ):
        time.sleep(0.05)
        os.kill(pid, number)
    process.send_signal(signal.SIGTERM)

    assert end(process)[0] == 143


# -- the end of the parent ---------------------------------------------------------------------


def test_child_stops_in_order_when_the_parent_is_killed(start: Start, tmp_path: Path) -> None:
    process = start(
        f"path = {str(tmp_path / 'told.txt')!r}\n"
        "def stop(number, frame):\n    open(path, 'w').write('stopped')\n    os._exit(0)\n"
        "signal.signal(signal.SIGTERM, stop)\n"
        "print('ready', os.getpid(), flush=True)\ntime.sleep(60)"
    )
    child = int(line(process, "ready"))

    process.kill()

    wait_until_gone(child)
    assert (tmp_path / "told.txt").read_text() == "stopped"


def test_child_that_does_not_stop_is_killed_with_all_that_it_has_started(start: Start) -> None:
    process = start(
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('ready', os.getpid(), sleeper(), flush=True)\ntime.sleep(60)"
    )
    pids = [int(word) for word in line(process, "ready").split()]

    process.kill()

    wait_until_gone(*pids, within_s=20)


# -- in this process ---------------------------------------------------------------------------


def test_process_with_other_threads_cannot_be_divided() -> None:
    go_on = threading.Event()
    other = threading.Thread(target=go_on.wait)
    seen: list[bool] = []
    asking = threading.Thread(target=lambda: seen.append(can_supervise()))

    other.start()
    asking.start()
    asking.join()
    seen.append(can_supervise())
    go_on.set()
    other.join()

    assert seen == [False, False]


def test_link_whose_reader_is_gone_is_no_fault_of_the_run() -> None:
    words, tell = os.pipe()
    link = Link(tell)
    os.close(words)

    link.announce("runs/1")
    link.conclude(0)

    os.close(tell)


def test_link_whose_descriptor_is_closed_is_no_fault_of_the_run() -> None:
    words, tell = os.pipe()
    link = Link(tell)
    os.close(tell)

    link.conclude(0)

    assert os.read(words, 100) == b""
    os.close(words)


def test_death_can_be_compared() -> None:
    assert Death(7, 0, ("runs/1",), 0) == Death(pid=7, exit_code=0, runs=("runs/1",), signal=0)


# -- on a terminal -----------------------------------------------------------------------------

# A shell with one job, in a terminal of its own. It types what it is given, each time when the job
# has printed a line that begins with ``ready``; a job that stops is put into the foreground again.
SHELL = """\
import json, os, pty, signal, sys

job, keys = json.loads(sys.argv[1])
pid, terminal = pty.fork()
if not pid:
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    pid = os.fork()
    if not pid:
        os.setpgid(0, 0)
        os.tcsetpgrp(0, os.getpid())
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        os.execv(sys.executable, [sys.executable, "-c", job])
    while True:
        _, status = os.waitpid(pid, os.WUNTRACED)
        os.tcsetpgrp(0, os.getpgrp())
        if not os.WIFSTOPPED(status):
            break
        print("shell: stopped by", os.WSTOPSIG(status), flush=True)
        os.tcsetpgrp(0, pid)
        os.killpg(pid, signal.SIGCONT)
    print("shell: ended with", os.waitstatus_to_exitcode(status), flush=True)
    os._exit(0)
shown = b""
while True:
    try:
        read = os.read(terminal, 4096)
    except OSError:
        break
    if not read:
        break
    shown += read
    while keys and b"ready\\r\\n" in shown:
        shown = shown.replace(b"ready\\r\\n", b"READY\\r\\n", 1)
        os.write(terminal, keys.pop(0).encode())
os.waitpid(pid, 0)
sys.stdout.write(shown.decode().replace("\\r\\n", "\\n"))
"""

ON_TERMINAL = """\
heard = []
signal.signal(signal.SIGINT, lambda number, frame: heard.append("SIGINT"))
signal.signal(signal.SIGCONT, lambda number, frame: heard.append("SIGCONT"))
link.announce("runs/1")
print("foreground", os.tcgetpgrp(0) == os.getpgrp(), flush=True)
print("ready", flush=True)
while not heard:
    time.sleep(0.01)
print("heard", heard, flush=True)
"""


def in_a_terminal(body: str, *keys: str) -> list[str]:
    """Return what a terminal shows of a supervised process, as keys are typed."""
    done = subprocess.run(
        [sys.executable, "-c", SHELL, json.dumps([HEAD + body, keys])],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    shown = done.stdout.replace("^C", "").replace("^Z", "")  # the terminal's echo
    return [one for one in shown.splitlines() if not one.startswith("child")]


def test_ctrl_c_reaches_the_child_once_and_the_terminal_is_given_back() -> None:
    shown = in_a_terminal(
        ON_TERMINAL + "time.sleep(0.3)\nprint('in all', heard, flush=True)\nlink.conclude(130)",
        "\x03",
    )

    assert shown == [
        "foreground True",
        "READY",
        "heard ['SIGINT']",
        "in all ['SIGINT']",
        "shell: ended with 130",
    ]


def test_ctrl_z_stops_both_and_fg_lets_both_go_on() -> None:
    shown = in_a_terminal(
        ON_TERMINAL
        + "heard.clear()\nprint('foreground', os.tcgetpgrp(0) == os.getpgrp(), flush=True)\n"
        + "print('ready', flush=True)\n"
        + "while not heard:\n    time.sleep(0.01)\n"
        + "link.conclude(130)",
        "\x1a",
        "\x03",
    )

    assert shown == [
        "foreground True",
        "READY",
        f"shell: stopped by {int(signal.SIGSTOP)}",
        "heard ['SIGCONT']",
        "foreground True",
        "READY",
        "shell: ended with 130",
    ]


def test_terminal_of_another_session_is_left_alone() -> None:
    here, there = os.openpty()

    done = subprocess.run(
        [sys.executable, "-c", f"{HEAD}link.conclude(0)"],
        stdin=there,
        capture_output=True,
        start_new_session=True,
        timeout=30,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, b"")
    for descriptor in (here, there):
        os.close(descriptor)


def test_terminal_is_given_back_when_the_child_dies() -> None:
    shown = in_a_terminal("os._exit(0)")

    assert shown == ["mourned 0 [] 0", "shell: ended with 7"]
