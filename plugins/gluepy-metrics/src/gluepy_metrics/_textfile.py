"""A file for the textfile collector of Prometheus' node exporter."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote

from prometheus_client import Metric, write_to_textfile
from prometheus_client.parser import text_string_to_metric_families

from gluepy_metrics._book import RunBook, clean
from gluepy_metrics._families import LASTING, Families, ended, last_run, started, totals
from gluepy_metrics._settings import SettingError

__all__ = ["Textfile"]

logger = logging.getLogger(__name__)

#: A sample's name and labels -> its value.
_Values = dict[tuple[str, frozenset[tuple[str, str]]], float]


class Textfile:
    """Writes one file for each DAG into the folder that the node exporter reads.

    The file is replaced in one step. What tells of more than the last run is read from the old file
    first: so the counters go on counting from one process to the next, and a run that fails does
    not forget when the last one succeeded.

    Args:
        book: What is known of the runs.
        folder: The node exporter's ``--collector.textfile.directory``.

    Raises:
        SettingError: If ``folder`` is none.
    """

    def __init__(self, book: RunBook, folder: str) -> None:
        # Not made here: a folder that nobody reads is more likely a slip of the pen.
        if not os.path.isdir(folder):
            raise SettingError("METRICS_TEXTFILE_DIR", "a folder that exists", folder)
        self._book = book
        self._folder = folder
        self._counted: _Values = {}

    def path(self, dag: str) -> str:
        """Return the path of the file of a DAG."""
        return os.path.join(self._folder, f"gluepy_{quote(clean(dag), safe='')}.prom")

    def begin(self, dag: str) -> None:
        """Write when the run began, beside what is there of the last one."""
        path = self.path(dag)
        with _locked(self._folder):
            families = _read(path) | _by_name(started(self._book.read_dag(dag)))
            _write(path, families)

    def end(self, dag: str) -> None:
        """Write how the run ended, and add it to the counters."""
        path = self.path(dag)
        with _locked(self._folder):
            old = _read(path)
            books = self._book.read_dag(dag)
            counters = totals(books)
            lasting = {name: old[name] for name in LASTING if name in old}
            families = _by_name(last_run(books)) | lasting
            for family in ended(books):
                families[family.name] = _with_values(family, _values(lasting, family))
            for family in counters:
                families[family.name] = _with_values(family, self._grown(lasting, family))
            _write(path, families)
            # Only now: what could not be written is added next time.
            for family in counters:
                self._counted |= _values({}, family)

    def _grown(self, lasting: Mapping[str, Metric], counter: Metric) -> _Values:
        """Return what the counter of the file becomes with what was not added to it yet."""
        values = _values(lasting, Metric(counter.name, "", "counter"))
        for key, count in _values({}, counter).items():
            values[key] = values.get(key, 0.0) + count - self._counted.get(key, 0.0)
        return values


def _read(path: str) -> dict[str, Metric]:
    """Return the families of a file; none where there is no file, or one that is not ours."""
    try:
        with open(path, encoding="utf-8") as file:
            return _by_name(text_string_to_metric_families(file.read()))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        logger.warning("%r is damaged, so its counters begin anew: %s", path, error)
        return {}


def _write(path: str, families: Mapping[str, Metric]) -> None:
    try:
        write_to_textfile(path, Families(families.values()))
    except OSError as error:
        raise OSError(f"the file {path!r} cannot be written: {error.strerror}") from error


def _by_name(families: Iterable[Metric]) -> dict[str, Metric]:
    return {family.name: family for family in families}


def _values(lasting: Mapping[str, Metric], family: Metric) -> _Values:
    """Return the values of a family over those that lasted under its name."""
    before = lasting.get(family.name)
    samples = [*(before.samples if before else ()), *family.samples]
    return {(sample.name, frozenset(sample.labels.items())): sample.value for sample in samples}


def _with_values(family: Metric, values: _Values) -> Metric:
    made = Metric(family.name, family.documentation, family.type)
    for (name, labels), value in values.items():
        made.add_sample(name, dict(sorted(labels)), value)
    return made


@contextlib.contextmanager
def _locked(folder: str) -> Iterator[None]:
    """Let other processes wait that write into the folder; the lock is the folder itself."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
