"""What keeps the server from beginning; Gluepy shows the sentence and the hint."""

from __future__ import annotations

from gluepy.exceptions import CommandError

__all__ = ["AddressError", "ExposedError", "PortInUseError", "WeakTokenError"]


class ExposedError(CommandError):
    """Others could reach the server, and nobody has said that they may.

    Args:
        host: Where it should listen.
        misses: What has to be added.
    """

    def __init__(self, host: str, misses: str) -> None:
        super().__init__(
            f"at {host!r} others can reach the pages, and what tasks have printed",
            hint=f"To let them, add {misses}.",
        )
        self.host = host
        self.misses = misses


class WeakTokenError(CommandError):
    """A token that could be guessed.

    Args:
        least: How many characters it must have.
    """

    def __init__(self, least: int) -> None:
        super().__init__(
            f"the token has fewer than {least} characters",
            hint="Make one: python -c 'import secrets; print(secrets.token_urlsafe())'.",
        )
        self.least = least


class PortInUseError(CommandError):
    """Another process listens there.

    Args:
        host: The host.
        port: The port.
    """

    def __init__(self, host: str, port: int) -> None:
        super().__init__(
            f"port {port} of {host!r} is in use",
            hint="Another 'gluepy web' may be running; choose a port with --port, 0 for any.",
        )
        self.host = host
        self.port = port


class AddressError(CommandError):
    """The address cannot be listened at.

    Args:
        host: The host.
        port: The port.
        reason: What the system says.
    """

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(
            f"cannot listen at port {port} of {host!r}: {reason}", hint="Check --host and --port."
        )
        self.host = host
        self.port = port
        self.reason = reason
