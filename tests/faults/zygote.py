"""Starts ``gluepy`` commands by forking: a tenth of the time that a new interpreter takes.

It imports the package once and listens on a socket. Each connection sends one command as a line of
JSON; it is answered by the process id and, when the command has ended, by its status. The command
runs in a session of its own, with the environment, folder and streams that the line names.

``GLUEPY_FAULTS=full`` does without it: every command is then a process of its own from the start.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import pkgutil
import signal
import socket
import sys
import types


def serve(path: str) -> list[str]:
    """Answer connections for ever; return only in the processes that are to be a command."""
    import_all()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"{path}.new")
    listener.listen(100)
    os.rename(f"{path}.new", path)  # it is there once it listens
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who answer
    parent = os.getppid()
    listener.settimeout(5)
    while os.getppid() == parent:
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            continue
        if os.fork() == 0:
            listener.close()
            return answer(connection)
        connection.close()
    os._exit(0)


def answer(connection: socket.socket) -> list[str]:
    """Start one command and wait for it; return only in the command."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    connection.settimeout(None)
    with connection.makefile("rw") as stream:
        request = json.loads(stream.readline())
        pid = os.fork()
        if pid:
            print(pid, file=stream, flush=True)
            _, status = os.waitpid(pid, 0)
            with contextlib.suppress(BrokenPipeError):
                print(os.waitstatus_to_exitcode(status), file=stream, flush=True)
            os._exit(0)
    connection.close()
    become(request)
    return list(request["words"])


def become(request: dict[str, object]) -> None:
    """Make this process as if it had been started by itself."""
    os.setsid()
    env = request["env"]
    assert isinstance(env, dict)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(str(request["cwd"]))
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    for number, file in enumerate(("/dev/null", request["out"], request["err"])):
        descriptor = os.open(str(file), flags if number else os.O_RDONLY, 0o666)
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.stdin = sys.__stdin__ = io.TextIOWrapper(io.FileIO(0, closefd=False))  # type: ignore[misc]
    sys.stdout = sys.__stdout__ = text_stream(1, "strict")  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = text_stream(2, "backslashreplace")  # type: ignore[misc]
    sys.modules["__main__"] = types.ModuleType("__main__")  # workers import nothing of this file
    for folder in reversed(env.get("PYTHONPATH", "").split(os.pathsep)):
        if folder and folder not in sys.path:
            sys.path.insert(0, folder)
    importlib.import_module("sitecustomize").FAULTS.arm()


def text_stream(descriptor: int, errors: str) -> io.TextIOWrapper:
    raw = io.FileIO(descriptor, "w", closefd=False)
    is_error = descriptor == 2
    return io.TextIOWrapper(
        io.BufferedWriter(raw), "utf-8", errors, line_buffering=is_error, write_through=is_error
    )


def import_all() -> None:
    """Import the package, so that no command has to."""
    import gluepy

    for module in pkgutil.walk_packages(gluepy.__path__, "gluepy."):
        if not module.name.startswith(("gluepy.testing", "gluepy.__main__")):
            with contextlib.suppress(ImportError):
                importlib.import_module(module.name)


if __name__ == "__main__":
    words = serve(sys.argv[1])
    sys.argv[:] = ["gluepy", *words]
    from gluepy.__main__ import main

    main()
