"""One line at the bottom of a terminal that is redrawn in place, and what looks after it."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable
from typing import Any

from gluepy.engine.output import WIPE, columns_of, guard_terminal, is_terminal

__all__ = ["ProgressLine", "Ticker"]

_STDIN = 0


class ProgressLine:
    """A line of a terminal that is drawn again and again, and wiped when something is printed.

    It guards the terminal: all that is printed meanwhile passes here.

    Args:
        stream: Leads to the terminal.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        # A handler of signals may print while this thread does.
        self._lock = threading.RLock()
        self._drawn = 0  # so many columns
        self._is_open = False  # a text that does not end stands in the line
        self._is_held = False

    def begin(self) -> None:
        """Let all that is printed pass here."""
        guard_terminal(self)

    def end(self) -> None:
        """Wipe the line, and let things be printed as ever."""
        with self._lock:
            self.wipe()
            guard_terminal(None)

    def draw(self, text: str) -> None:
        """Draw the line, unless a text of somebody stands there, or somebody types one.

        Args:
            text: Shorter than the terminal is wide.
        """
        with self._lock:
            if self._is_open or self._is_held or _is_line_edited():
                return
            self._put(f"{self._way_back()}{text}\x1b[K")
            self._drawn = len(text)

    def wipe(self) -> None:
        """Take the line away."""
        with self._lock:
            if self._drawn:
                self._put(self._way_back())
                self._drawn = 0

    def end_text(self) -> None:
        """End the line of a text that somebody has left open, before something else is printed."""
        with self._lock:
            if self._is_open:
                self._is_open = False
                with contextlib.suppress(OSError, ValueError, AttributeError):
                    sys.stdout.flush()
                self._put("\n")

    @contextlib.contextmanager
    def held(self) -> Any:
        """Do not draw while the block runs."""
        self.wipe()
        self._is_held = True
        try:
            yield
        finally:
            self._is_held = False

    def make_way(self) -> None:
        """Wipe the line, because something is about to be printed that does not pass here."""
        self.wipe()

    def write(self, stream: Any, data: Any) -> Any:
        """Write for somebody else, and return what that returns."""
        if not data or not is_terminal(stream):
            return stream.write(data)
        with self._lock:
            self.wipe()
            self._is_open = not data.endswith("\n" if isinstance(data, str) else b"\n")
            return stream.write(data)

    def _way_back(self) -> str:
        """Return what leads to the beginning of the line, and wipes it."""
        columns = columns_of(self._stream)
        rows = (self._drawn - 1) // columns if self._drawn else 0
        # The terminal was made narrower, and has broken the line.
        return f"\r\x1b[{rows}A\x1b[J" if rows > 0 else WIPE

    def _put(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):  # nobody looks any more
            self._stream.write(text)
            self._stream.flush()


class Ticker:
    """Does something again and again, in a thread of its own.

    Args:
        action: What to do; it is not called at once.
        interval_s: How long to wait before each time.
    """

    def __init__(self, action: Callable[[], None], interval_s: float) -> None:
        self._action = action
        self._interval_s = interval_s
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="gluepy-display", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; the action is not called afterwards."""
        self._is_over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._is_over.wait(self._interval_s):
            self._action()


def _is_line_edited() -> bool:
    """Return whether somebody types at the prompt of a debugger, which the line would destroy."""
    try:
        import termios

        return not termios.tcgetattr(_STDIN)[3] & termios.ICANON
    except (ImportError, OSError, termios.error):
        return False
