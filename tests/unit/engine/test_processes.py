from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from pathlib import Path

import pytest

from gluepy.engine.processes import ProcessesExecutor
from gluepy.engine.starting import START_METHODS
from gluepy.exceptions import WorkerLostError
from gluepy.testing.commands import wait_until

# As source, because a worker that was not forked cannot import what is in a test.
NOTE_AND_WAIT = """
import os, time
with open(f"{folder}/begun", "a") as file:
    file.write(f"{name} {os.getpid()}\\n")
try:
    while not os.path.exists(f"{folder}/go-on"):
        time.sleep(0.005)
except KeyboardInterrupt:
    open(f"{folder}/interrupted", "w").close()
    if is_stubborn:
        while not os.path.exists(f"{folder}/go-on"):
            time.sleep(0.005)
    else:
        raise
"""


class Bench:
    """An executor, and what it does in a folder.

    Args:
        executor: Has two workers.
        folder: Empty.
    """

    def __init__(self, executor: ProcessesExecutor, folder: Path) -> None:
        self.executor = executor
        self._folder = folder

    def start(self, name: str, *, is_stubborn: bool = False) -> Future[None]:
        """Let a worker note that it has begun, and wait."""
        names = {"folder": str(self._folder), "name": name, "is_stubborn": is_stubborn}
        return self.executor.submit(exec, NOTE_AND_WAIT, names)

    def wait_for(self, *names: str) -> list[int]:
        """Wait until these have begun, and return their processes."""
        wait_until(lambda: set(names) <= set(self.begun()), "the calls to begin", within_s=30)
        return [self.begun()[name] for name in names]

    def begun(self) -> dict[str, int]:
        file = self._folder / "begun"
        lines = file.read_text().splitlines() if file.exists() else []
        return {name: int(pid) for name, pid in map(str.split, lines)}

    def is_interrupted(self) -> bool:
        return (self._folder / "interrupted").exists()

    def go_on(self) -> None:
        (self._folder / "go-on").touch()


@pytest.fixture(params=START_METHODS)
def each(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    """A bench for each way to start a process."""
    with ProcessesExecutor(2, start_method=request.param) as executor:
        yield Bench(executor, tmp_path)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with ProcessesExecutor(2) as executor:
        yield Bench(executor, tmp_path)


def test_calls_run_side_by_side_in_processes_of_their_own(each: Bench) -> None:
    futures = [each.start(name) for name in "ab"]

    pids = each.wait_for("a", "b")
    each.go_on()

    assert [future.result(timeout=30) for future in futures] == [None, None]
    assert len({*pids, os.getpid()}) == 3


def test_worker_serves_one_call_after_the_other(bench: Bench) -> None:
    pids = {bench.executor.submit(os.getpid).result(timeout=30) for _ in range(20)}

    assert len(pids) <= 2


def test_result_and_arguments_travel(bench: Bench) -> None:
    assert bench.executor.submit(int, "ff", base=16).result(timeout=30) == 255


def test_no_process_is_started_before_it_is_needed(bench: Bench) -> None:
    assert bench.executor._workers == set()


def test_process_that_is_killed_costs_its_own_call_and_is_replaced(each: Bench) -> None:
    victim, other = each.start("victim"), each.start("other")
    pid, _ = each.wait_for("victim", "other")

    os.kill(pid, signal.SIGKILL)

    error = victim.exception(timeout=30)
    assert isinstance(error, WorkerLostError)
    assert (error.message, error.hint, error.pid) == (
        f"the worker process {pid} was killed by SIGKILL",
        "Did it run out of memory, or call os._exit()? 'dmesg' may tell.",
        pid,
    )
    third = each.start("third")
    assert each.wait_for("third") != [pid]
    each.go_on()
    assert other.result(timeout=30) is None
    assert third.result(timeout=30) is None


@pytest.mark.parametrize("code", [0, 3])
def test_process_that_exits_says_how(bench: Bench, code: int) -> None:
    error = bench.executor.submit(os._exit, code).exception(timeout=30)

    assert isinstance(error, WorkerLostError)
    assert error.end == f"ended with exit code {code}"


def test_process_that_closes_its_pipe_is_ended(bench: Bench) -> None:
    pid = bench.executor.submit(os.getpid).result(timeout=30)
    futures = [bench.executor.submit(os.closerange, 3, 100) for _ in range(2)]

    for future in futures:
        assert isinstance(future.exception(timeout=30), WorkerLostError)
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), "the end of the process", within_s=30)
    assert bench.executor.submit(abs, -1).result(timeout=30) == 1


@pytest.mark.parametrize(
    ("call", "end"),
    [
        (("int", "x"), "raised ValueError: invalid literal for int() with base 10: 'x'"),
        (("exit", 0), "raised SystemExit: 0"),
    ],
)
def test_call_that_raises_says_so_in_words(
    bench: Bench, call: tuple[str, object], end: str
) -> None:
    import builtins

    error = bench.executor.submit(getattr(builtins, call[0]), call[1]).exception(timeout=30)

    assert isinstance(error, WorkerLostError)
    assert error.end == end


def test_kill_ends_the_process_of_a_call(each: Bench) -> None:
    victim, other = each.start("victim"), each.start("other")
    pid, _ = each.wait_for("victim", "other")

    each.executor.kill(victim)

    assert isinstance(victim.exception(timeout=30), WorkerLostError)
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), "the end of the process", within_s=30)
    each.go_on()
    assert other.result(timeout=30) is None


@pytest.mark.parametrize("way", ["kill", "interrupt"])
def test_call_that_has_not_begun_never_begins(bench: Bench, way: str) -> None:
    busy = [bench.start(name) for name in "ab"]
    bench.wait_for("a", "b")
    third = bench.start("third")

    getattr(bench.executor, way)(third)
    bench.go_on()

    error = third.exception(timeout=30)
    assert isinstance(error, WorkerLostError)
    assert error.end == "was not given the step any more"
    assert [future.result(timeout=30) for future in busy] == [None, None]
    assert sorted(bench.begun()) == ["a", "b"]


def test_interrupt_is_raised_in_the_call_and_the_process_lives(each: Bench) -> None:
    victim, other = each.start("victim"), each.start("other")
    pid, _ = each.wait_for("victim", "other")

    def interrupt() -> bool:
        each.executor.interrupt(victim)
        return victim.done()

    # Again, until it comes through: Python 3.13.0 may overlook a signal after a fork in a thread.
    wait_until(interrupt, "the interrupt", within_s=30)

    error = victim.exception(timeout=30)
    assert isinstance(error, WorkerLostError)
    assert error.end.startswith("raised Stopped")
    assert each.is_interrupted()
    assert Path(f"/proc/{pid}").exists()
    each.go_on()
    assert other.result(timeout=30) is None


def test_second_interrupt_does_not_disturb_what_cleans_up(bench: Bench) -> None:
    future = bench.start("stubborn", is_stubborn=True)
    bench.wait_for("stubborn")

    bench.executor.interrupt(future)
    wait_until(bench.is_interrupted, "the interrupt", within_s=30)
    bench.executor.interrupt(future)
    time.sleep(0.05)
    bench.go_on()

    assert future.result(timeout=30) is None


# Python ignores what is raised in the callback, and tells of it on standard error.
WAIT_IN_CALLBACK = """
import os, time, weakref
class One: pass
def wait(_):
    open(f"{folder}/begun", "w").write(f"a {os.getpid()}\\n")
    time.sleep(60)
one = One()
other = weakref.ref(one, wait)
del one
time.sleep(60)
"""


def test_interrupt_that_python_ignores_comes_again(
    bench: Bench, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    future = bench.executor.submit(exec, WAIT_IN_CALLBACK, {"folder": str(tmp_path)})
    bench.wait_for("a")

    bench.executor.interrupt(future)

    error = future.exception(timeout=30)
    assert isinstance(error, WorkerLostError)
    assert error.end.startswith("raised Stopped")
    assert bench.executor.submit(abs, -1).result(timeout=30) == 1
    assert capfd.readouterr() == ("", "")


# Anything else that is ignored is told as ever.
FAIL_IN_CALLBACK = """
class One:
    def __del__(self):
        raise ValueError("gone")
One()
"""


def test_other_errors_that_python_ignores_are_told(
    bench: Bench, capfd: pytest.CaptureFixture[str]
) -> None:
    bench.executor.submit(exec, FAIL_IN_CALLBACK, {}).result(timeout=30)

    assert "ValueError: gone" in capfd.readouterr().err


@pytest.mark.parametrize("way", ["kill", "interrupt"])
def test_what_has_ended_is_not_disturbed(bench: Bench, way: str) -> None:
    future = bench.executor.submit(os.getpid)
    pid = future.result(timeout=30)

    getattr(bench.executor, way)(future)

    assert Path(f"/proc/{pid}").exists()
    assert bench.executor.submit(abs, -1).result(timeout=30) == 1


def test_interrupt_between_calls_is_ignored(bench: Bench) -> None:
    pid = bench.executor.submit(os.getpid).result(timeout=30)

    os.kill(pid, signal.SIGINT)

    assert bench.executor.submit(abs, -1).result(timeout=30) == 1
    assert Path(f"/proc/{pid}").exists()


def test_shutdown_ends_all_processes(each: Bench) -> None:
    futures = [each.start(name) for name in "ab"]
    pids = each.wait_for("a", "b")
    threading.Timer(0.2, each.go_on).start()

    each.executor.shutdown()

    assert [future.result(timeout=0) for future in futures] == [None, None]
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_shutdown_cancels_what_waits_if_asked(bench: Bench) -> None:
    busy = [bench.start(name) for name in "ab"]
    bench.wait_for("a", "b")
    third = bench.start("third")
    threading.Timer(0.2, bench.go_on).start()

    bench.executor.shutdown(cancel_futures=True)

    assert [future.exception(timeout=0) for future in busy] == [None, None]
    with pytest.raises(CancelledError):
        third.result(timeout=1)


def test_future_that_is_cancelled_is_not_carried_out(bench: Bench) -> None:
    busy = [bench.start(name) for name in "ab"]
    bench.wait_for("a", "b")
    third = bench.start("third")

    is_cancelled = third.cancel()
    bench.go_on()

    assert is_cancelled
    assert [future.result(timeout=30) for future in busy] == [None, None]
    bench.executor.shutdown()
    assert sorted(bench.begun()) == ["a", "b"]


def test_worker_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    pid = os.fork()
    if not pid:  # a coordinator that dies without a word, in the middle of a call
        executor = ProcessesExecutor(1, start_method="spawn")
        names = {"folder": str(tmp_path), "name": "orphan", "is_stubborn": False}
        executor.submit(exec, NOTE_AND_WAIT, names)
        wait_until(begun.exists, "the call to begin", within_s=30)
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)

    worker = int(begun.read_text().split()[1])

    wait_until(
        lambda: not Path(f"/proc/{worker}").exists() or _is_zombie(worker),
        "the end of the process",
        within_s=30,
    )


def test_end_of_a_process_is_seen_though_a_child_of_it_lives(each: Bench, tmp_path: Path) -> None:
    source = "import os, time; os.fork() and os._exit(3); open(file, 'w').write(str(os.getpid()))"
    file = tmp_path / "child"
    names = {"file": str(file)}

    error = each.executor.submit(exec, f"{source}; time.sleep(60)", names).exception(timeout=30)

    wait_until(lambda: file.exists() and file.read_text(), "the file", within_s=30)
    os.kill(int(file.read_text()), signal.SIGKILL)
    assert isinstance(error, WorkerLostError)
    assert error.end == "ended with exit code 3"


def test_worker_that_ends_between_calls_is_replaced(each: Bench) -> None:
    pid = each.executor.submit(os.getpid).result(timeout=30)

    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not each.executor._workers, "the end of all workers", within_s=30)

    assert each.executor.submit(os.getpid).result(timeout=30) != pid


def test_worker_that_cannot_be_sent_a_call_is_replaced(bench: Bench) -> None:
    pid = bench.executor.submit(os.getpid).result(timeout=30)
    (worker,) = bench.executor._workers
    worker.connection.close()

    assert bench.executor.submit(os.getpid).result(timeout=30) != pid
    assert not Path(f"/proc/{pid}").exists()


# Writes an answer of one byte into every socket, and ends when it has been read.
ANSWER = """
import os, stat, time
for one in range(3, 100):
    try:
        if stat.S_ISSOCK(os.fstat(one).st_mode):
            os.write(one, answer)
    except OSError:
        pass
time.sleep(0.5)
"""


@pytest.mark.parametrize(
    ("times", "kind"), [(1, pickle.UnpicklingError), (2, WorkerLostError)], ids=["one", "two"]
)
def test_worker_that_answers_more_than_it_is_asked_is_replaced(
    times: int, kind: type[Exception]
) -> None:
    answer = (b"\1" + bytes(7) + b"x") * times
    with ProcessesExecutor(1) as executor:
        pid = executor.submit(os.getpid).result(timeout=30)

        error = executor.submit(exec, ANSWER, {"answer": answer}).exception(timeout=30)

        assert isinstance(error, kind)
        wait_until(lambda: not Path(f"/proc/{pid}").exists(), "the end of the process", within_s=30)
        assert executor.submit(abs, -1).result(timeout=30) == 1


def test_message_of_any_size_travels(bench: Bench) -> None:
    text = "long" * 1_000_000

    assert bench.executor.submit(str.upper, text).result(timeout=30) == text.upper()


def test_call_that_cannot_be_pickled_fails(bench: Bench) -> None:
    future = bench.executor.submit(lambda: None)

    assert isinstance(future.exception(timeout=0), (pickle.PicklingError, AttributeError))


def test_process_that_cannot_be_started_fails_each_call(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no more processes")

    monkeypatch.setattr(multiprocessing.get_context("spawn").Process, "start", refuse)
    with ProcessesExecutor(1, start_method="spawn") as executor:
        errors = [executor.submit(abs, -1).exception(timeout=30) for _ in range(2)]

    assert [str(error) for error in errors] == ["no more processes"] * 2


def refuse_to_start(_: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


def test_process_that_ends_when_there_can_be_no_more_threads_costs_its_call(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    future = bench.start("a")
    (pid,) = bench.wait_for("a")
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse_to_start)
        os.kill(pid, signal.SIGKILL)
        error = future.exception(timeout=30)

    assert isinstance(error, WorkerLostError)
    assert bench.executor.submit(abs, -1).result(timeout=30) == 1


def test_call_for_which_no_thread_can_be_started_is_refused(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse_to_start)
        with pytest.raises(RuntimeError, match="can't start new thread"):
            bench.executor.submit(abs, -1)

    assert bench.executor.submit(abs, -1).result(timeout=30) == 1


def test_nothing_can_be_submitted_after_shutdown(bench: Bench) -> None:
    bench.executor.shutdown()

    with pytest.raises(RuntimeError, match=r"^cannot submit anything after shutdown\(\)$"):
        bench.executor.submit(abs, -1)


def test_shutdown_that_does_not_wait_lets_calls_end(bench: Bench) -> None:
    future = bench.start("a")
    (pid,) = bench.wait_for("a")

    bench.executor.shutdown(wait=False)
    is_done = future.done()
    bench.go_on()

    assert not is_done
    assert future.result(timeout=30) is None
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), "the end of the process", within_s=30)


def _is_zombie(pid: int) -> bool:
    return ") Z" in Path(f"/proc/{pid}/stat").read_text()


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("start_method", START_METHODS)
@pytest.mark.parametrize("delay_s", [0.02, 0.06, 0.1])
def test_interrupt_of_a_worker_that_only_starts_ends_its_first_call_in_silence(
    start_method: str, delay_s: float, capfd: pytest.CaptureFixture[str]
) -> None:
    executor = ProcessesExecutor(1, start_method=start_method)

    future = executor.submit(time.sleep, 60)
    time.sleep(delay_s)
    executor.interrupt(future)

    assert isinstance(future.exception(timeout=20), (WorkerLostError, KeyboardInterrupt))
    assert executor.submit(abs, -3).result(timeout=20) == 3
    executor.shutdown()
    assert capfd.readouterr() == ("", "")


# -- taking answers in the thread that waits ------------------------------------------------------


def attend_until(executor: ProcessesExecutor, condition: Callable[[], object]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        executor.attend(0.2)


def test_futures_end_in_the_thread_that_attends(each: Bench) -> None:
    threads = []
    each.executor.attend(0)
    futures = [each.start(name) for name in "ab"]
    for future in futures:
        future.add_done_callback(lambda _: threads.append(threading.get_ident()))
    each.wait_for("a", "b")

    each.go_on()
    attend_until(each.executor, lambda: all(future.done() for future in futures))

    assert threads == [threading.get_ident()] * 2


def test_calls_that_wait_are_given_out_by_the_thread_that_attends(bench: Bench) -> None:
    futures = [bench.executor.submit(abs, -number) for number in range(20)]

    attend_until(bench.executor, lambda: all(future.done() for future in futures))

    assert [future.result() for future in futures] == list(range(20))


def test_attending_ends_when_a_process_was_lost_and_replaced(each: Bench) -> None:
    each.executor.attend(0)
    victim, other = each.start("victim"), each.start("other")
    pid, _ = each.wait_for("victim", "other")

    os.kill(pid, signal.SIGKILL)
    start = time.monotonic()
    while not victim.done():
        each.executor.attend(20)

    assert time.monotonic() - start < 10
    assert isinstance(victim.exception(), WorkerLostError)
    third = each.start("third")
    each.wait_for("third")
    each.go_on()
    attend_until(each.executor, lambda: other.done() and third.done())


def test_attending_that_waits_can_be_woken_by_another_thread(bench: Bench) -> None:
    bench.executor.attend(0)
    bench.executor.attend(0)  # what was left of the bell
    threading.Timer(0.1, bench.executor.wake).start()

    start = time.monotonic()
    bench.executor.attend(20)

    assert time.monotonic() - start < 10


def test_attending_that_waits_is_woken_by_a_signal_handler(bench: Bench) -> None:
    bench.executor.attend(0)
    bench.executor.attend(0)
    before = signal.signal(signal.SIGUSR1, lambda *_: bench.executor.wake())
    try:
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGUSR1)).start()

        start = time.monotonic()
        bench.executor.attend(20)
    finally:
        signal.signal(signal.SIGUSR1, before)

    assert time.monotonic() - start < 10


def test_waking_an_executor_that_is_shut_down_does_nothing(bench: Bench) -> None:
    bench.executor.shutdown()
    files = len(os.listdir("/proc/self/fd"))

    bench.executor.wake()
    bench.executor.shutdown()

    assert len(os.listdir("/proc/self/fd")) == files


def test_descriptors_that_somebody_closes_cost_the_calls_of_their_workers(each: Bench) -> None:
    future = each.start("a")
    each.wait_for("a")
    (worker,) = each.executor._workers

    for descriptor in (worker.here, worker.end):
        os.close(descriptor)
    each.executor.wake()

    assert isinstance(future.exception(timeout=30), WorkerLostError)
    assert each.executor.submit(abs, -1).result(timeout=30) == 1


# -- what could hang ------------------------------------------------------------------------------


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a Python of its own, which must come to its end."""
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("start_method", ["forkserver", "fork"])
def test_program_ends_though_nobody_has_shut_the_executor_down(start_method: str) -> None:
    done = run_python(
        "from gluepy.engine.processes import ProcessesExecutor\n"
        f"executor = ProcessesExecutor(1, start_method={start_method!r})\n"
        "print(executor.submit(abs, -1).result())\n"
    )

    assert (done.stdout, done.stderr, done.returncode) == ("1\n", "", 0)


def test_forked_process_that_ends_leaves_the_workers_to_its_parent(bench: Bench) -> None:
    worker = bench.executor.submit(os.getpid).result(timeout=30)

    bench.executor._pid = 0  # as a forked process sees it: it is of another
    bench.executor._shut_down_at_exit()

    assert bench.executor.submit(os.getpid).result(timeout=30) == worker


# The child holds the end of the pipe that its parent had, and does nothing with it.
FORK = """
import os, time
child = os.fork()
if not child:
    time.sleep(60)
    os._exit(0)
with open(f"{folder}/pids", "w") as file:
    file.write(f"{os.getpid()} {child}")
"""


@pytest.fixture
def orphan(bench: Bench, tmp_path: Path) -> Iterator[int]:
    """A worker that has left a process behind; its process id."""
    bench.executor.workers = 1
    bench.executor.submit(exec, FORK, {"folder": str(tmp_path)}).result(timeout=30)
    worker, child = map(int, (tmp_path / "pids").read_text().split())
    yield worker
    os.kill(child, signal.SIGKILL)


def test_worker_that_is_killed_with_half_a_message_in_its_pipe_is_replaced(
    bench: Bench, orphan: int
) -> None:
    os.kill(orphan, signal.SIGSTOP)
    threading.Timer(0.2, os.kill, (orphan, signal.SIGKILL)).start()

    size = bench.executor.submit(len, b"x" * 10_000_000).result(timeout=30)

    assert size == 10_000_000


def test_worker_that_is_killed_with_half_an_answer_in_its_pipe_is_lost(
    bench: Bench, orphan: int
) -> None:
    (worker,) = bench.executor._workers
    # Half of an answer, from the process that was left behind.
    half = (100).to_bytes(8, "little") + b"x"
    future = bench.executor.submit(exec, WRITE_AND_WAIT, {"half": half})
    wait_until(lambda: worker.future is future, "the call to be given out", within_s=30)

    error = future.exception(timeout=30)

    assert isinstance(error, WorkerLostError)
    assert "SIGKILL" in error.message


# To each socket, as the worker's own code does not say which it is.
WRITE_AND_WAIT = """
import os, signal, stat
for name in os.listdir("/proc/self/fd"):
    number = int(name)
    try:
        if stat.S_ISSOCK(os.fstat(number).st_mode):
            os.write(number, half)
    except OSError:
        pass
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_forkserver_of_others_lives_on(tmp_path: Path) -> None:
    go_on = tmp_path / "go-on"
    context = multiprocessing.get_context("forkserver")
    other = context.Process(target=exec, args=(WAIT, {"path": str(go_on)}))
    with ProcessesExecutor(1) as executor:
        other.start()
        executor.submit(abs, -1).result(timeout=30)

    is_alive = other.is_alive()
    go_on.touch()
    other.join(30)

    assert is_alive
    assert other.exitcode == 0


WAIT = """
import os, time
while not os.path.exists(path):
    time.sleep(0.005)
"""


@pytest.mark.parametrize("start_method", START_METHODS)
def test_workers_start_below_a_temporary_folder_with_a_long_path(
    start_method: str, tmp_path: Path
) -> None:
    folder = tmp_path / ("long" * 25)
    folder.mkdir()
    program = tmp_path / "program.py"
    program.write_text(
        "import tempfile\n"
        "from gluepy.engine.processes import ProcessesExecutor\n"
        "if __name__ == '__main__':\n"
        f"    with ProcessesExecutor(1, start_method={start_method!r}) as executor:\n"
        "        print(executor.submit(abs, -7).result(), tempfile.gettempdir())\n"
    )

    done = subprocess.run(
        [sys.executable, program],
        env={**os.environ, "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.stdout, done.stderr) == (f"7 {folder}\n", "")
