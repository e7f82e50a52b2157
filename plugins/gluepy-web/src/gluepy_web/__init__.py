"""Gluepy pipelines and their runs in the browser, live and read-only."""

from __future__ import annotations

from gluepy_web._command import command

__all__ = ["command"]
