"""A Pushgateway, which keeps what batch jobs push until Prometheus fetches it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.parse import urlsplit

from prometheus_client import Metric, push_to_gateway, pushadd_to_gateway
from prometheus_client.exposition import basic_auth_handler, default_handler

from gluepy_metrics._book import RunBook, clean
from gluepy_metrics._families import Families, ended, last_run, started
from gluepy_metrics._settings import SettingError

__all__ = ["PASSWORD_VARIABLE", "Pushgateway"]

#: Not a setting: plugins are given settings with their secrets masked.
PASSWORD_VARIABLE = "GLUEPY_METRICS_PUSHGATEWAY_PASSWORD"  # noqa: S105 - the name, not the password

_RESERVED = {"job", "dag", "task", "outcome", "metric"}


class Pushgateway:
    """Pushes how runs ended, into one group for each DAG.

    No counters: a Pushgateway keeps the last push and adds nothing up, so a counter of a process
    that counts one run would be 1 for ever.

    Args:
        book: What is known of the runs.
        url: Of the gateway, with or without ``http://``.
        job: The label ``job`` of the groups.
        grouping: More labels of the groups.
        user: For basic authentication; empty for none.
        timeout_s: How long one push may take, in seconds.

    Raises:
        SettingError: If ``url`` names a user, or ``grouping`` a label that is taken.
    """

    def __init__(
        self,
        book: RunBook,
        url: str,
        *,
        job: str,
        grouping: Mapping[str, str],
        user: str,
        timeout_s: float,
    ) -> None:
        if urlsplit(url).username is not None:
            wanted = f"without a user (METRICS_PUSHGATEWAY_USER, {PASSWORD_VARIABLE})"
            raise SettingError("METRICS_PUSHGATEWAY", wanted, url)
        if not _RESERVED.isdisjoint(grouping):
            wanted = f"without {', '.join(sorted(_RESERVED))}"
            raise SettingError("METRICS_GROUPING", wanted, dict(grouping))
        self._book = book
        self._url = url
        self._job = job
        self._grouping = dict(grouping)
        self._user = user
        self._timeout_s = timeout_s

    def begin(self, dag: str) -> None:
        """Push when the run began, beside what is there of the last one."""
        self._push(pushadd_to_gateway, started(self._book.read_dag(dag)), dag=clean(dag))

    def end(self, dag: str) -> None:
        """Push how the run ended, in place of what was there.

        When a run last ended with which outcome stays in a group of its own for each outcome: a run
        that fails does not take away when the last one succeeded.
        """
        for book in self._book.read_dag(dag):
            self._push(push_to_gateway, last_run([book]), dag=book.dag)
            for outcome, moment in book.ended_at.items():
                families = ended([replace(book, ended_at={outcome: moment})])
                self._push(push_to_gateway, families, dag=book.dag, outcome=outcome)

    def _push(self, push: Callable[..., None], families: list[Metric], **group: str) -> None:
        try:
            push(
                self._url,
                job=self._job,
                registry=Families(families),
                grouping_key=self._grouping | group,
                timeout=self._timeout_s,
                handler=self._send,
            )
        except (OSError, HTTPException, ValueError) as error:
            raise OSError(
                f"the Pushgateway {self._url!r}, which the setting METRICS_PUSHGATEWAY names, "
                f"did not take the metrics: {_reason_of(error)}"
            ) from error

    def _send(
        self,
        url: str,
        method: str,
        timeout: float | None,
        headers: list[tuple[str, str]],
        data: bytes,
    ) -> Callable[[], None]:
        if not self._user:
            return default_handler(url, method, timeout, headers, data)
        password = os.environ.get(PASSWORD_VARIABLE, "")
        return basic_auth_handler(url, method, timeout, headers, data, self._user, password)


def _reason_of(error: Exception) -> str:
    if isinstance(error, HTTPError):
        with error:
            text = error.read(200).decode("utf-8", "replace").strip()
        return f"{error.code} {error.reason}: {text}" if text else f"{error.code} {error.reason}"
    return str(getattr(error, "reason", None) or error)
