"""The context: the parameters of a run, frozen, and how they are put together.

Values may refer to environment variables, as ``${env:NAME}``. Such a reference is resolved each
time the value is read, and kept as it is in everything that is printed or stored.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NoReturn, cast

from gluepy.conf._section import MASKED, Section, make_section, note_reads, plain, resolve_all
from gluepy.conf._stored import add_missing, refill, without_masked
from gluepy.conf._yaml import dump_yaml, ends_in_comment, load_yaml
from gluepy.conf.secrets import is_secret, mask, mask_arguments
from gluepy.conf.settings import Settings
from gluepy.exceptions import (
    ContextError,
    InvalidPathError,
    MergeTypeError,
    OverrideError,
    PatchError,
    PathOutsideRootError,
)
from gluepy.utils.backends import make_backend
from gluepy.utils.dict import merge

__all__ = ["Context", "DefaultContextManager", "dump_context", "note_reads", "parse_override"]

_MAX_DEPTH = 100


class Context:
    """The parameters of a run: frozen, by attribute or by item.

    Args:
        data: A nested mapping with plain values, which is copied. Lists come back as tuples.

    Raises:
        UnknownParameterError: When a parameter is read that does not exist; it is a ``KeyError``
            and an ``AttributeError``.
        ContextError: When a parameter is read whose environment variable is not set.

    Example:
        >>> context = Context({"train": {"horizon": 7}})
        >>> context.train.horizon, context["train"]["horizon"]
        (7, 7)
    """

    __slots__ = ("_root",)

    _root: Section

    def __init__(self, data: Mapping[str, Any]) -> None:
        object.__setattr__(self, "_root", make_section(data))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)  # special methods of a section are not ours
        return getattr(self._root, name)

    def __getitem__(self, key: str) -> Any:
        return self._root[key]

    def __contains__(self, key: object) -> bool:
        return key in self._root

    def __iter__(self) -> Iterator[str]:
        return iter(self._root)

    def __len__(self) -> int:
        return len(self._root)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Context) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]  # it may hold what has no hash

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise TypeError(f"the context is frozen: {name!r} cannot be set")

    def __delattr__(self, name: str) -> NoReturn:
        raise TypeError(f"the context is frozen: {name!r} cannot be deleted")

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value, or ``default`` if there is none."""
        return self._root.get(key, default)

    def to_dict(self) -> dict[str, Any]:
        """Return a plain nested dict.

        References to environment variables are in it as they were written.
        """
        return self._root.to_dict()

    def __reduce__(self) -> tuple[Any, ...]:
        return (Context, (self.to_dict(),))

    def __str__(self) -> str:
        return str(self._root)

    def __repr__(self) -> str:
        return f"Context({self})"


def dump_context(context: Context) -> str:
    """Return the YAML of a context, fit to be stored.

    Secrets are left out: ``${masked}`` stands in their place. References to environment variables
    stay, for they tell where a secret is, not what it is.
    """
    return dump_yaml(mask(context.to_dict(), placeholder=MASKED))


def parse_override(text: str) -> dict[str, Any]:
    """Return ``train.horizon=7`` as ``{"train": {"horizon": 7}}``.

    Args:
        text: A dotted key and a value: a YAML scalar, or a list or mapping in brackets. An empty
            value is None.

    Raises:
        OverrideError: If it has no key, or no value that YAML can read on one line.
    """
    dotted, equals, value = text.partition("=")
    try:
        keys = _parse_key(dotted.strip(), has_value=bool(equals))
        nested = _parse_value(value.strip())
    except ValueError as error:
        shown = f"{dotted}=***" if is_secret(dotted) and equals else mask_arguments([text])[0]
        raise OverrideError(shown, str(error)) from error
    for key in reversed(keys):
        nested = {key: nested}
    return cast("dict[str, Any]", nested)


def _parse_key(dotted: str, *, has_value: bool) -> list[str]:
    keys = dotted.split(".")
    if not has_value:
        raise ValueError("there is no '='")
    if not all(keys) or len(keys) > _MAX_DEPTH:
        raise ValueError(f"{dotted!r} is no key")
    return keys


def _parse_value(value: str) -> object:
    try:
        parsed = load_yaml(value, where="--set")
    except ContextError as error:
        raise ValueError(f"the value {error.reason}") from error
    if isinstance(parsed, dict | list) and not value.startswith(("{", "[")):
        raise ValueError("the value needs quotes, or brackets around it")
    if ends_in_comment(value):
        raise ValueError("'#' begins a comment; put the value in quotes")
    return parsed


class DefaultContextManager:
    """Makes the context of a new run, and loads that of an earlier one.

    Args:
        settings: Of the project; None for ``default_settings``.
        clock: Tells the time in UTC.

    Attributes:
        read_file: Reads a ``--patch`` file, or a stored context, from the storage. By default, from
            a storage of the class that the setting ``STORAGE_BACKEND`` names.
    """

    read_file: Callable[[str], bytes]

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._given_settings = settings
        self._clock = clock
        self.read_file = self._read_from_storage

    def create_context(
        self,
        run_id: str | None = None,
        run_folder: str | None = None,
        patches: Sequence[str] | None = None,
        local_patches: Sequence[str] | None = None,
        evaluate_lazy: bool = False,  # noqa: FBT001, FBT002 - positional in Gluepy 1.6
        *,
        overrides: Mapping[str, Any] | None = None,
    ) -> Context:
        """Put the parameters of a new run together.

        From weakest to strongest: the YAML files of ``CONFIG_PATH`` in the order of their names,
        ``patches``, ``local_patches``, ``overrides``.

        Args:
            run_id: None for a new UUID.
            run_folder: Relative to the root of the storage; None for
                ``runs/YEAR/MONTH/DAY/RUN_ID``, in UTC.
            patches: Paths of YAML files in the storage.
            local_patches: Paths of YAML files on this machine.
            evaluate_lazy: Check now that every ``${env:NAME}`` can be resolved, rather than when
                it is read.
            overrides: Nested; see `parse_override`.

        Raises:
            PatchError: If a patch is missing, is no YAML, or does not fit.
            ContextError: If a file of ``CONFIG_PATH`` cannot be read, or does not fit.
            OverrideError: If an override does not fit.
        """
        data = self._read_config_path()
        self._apply(data, patches, local_patches, overrides)
        data["gluepy"] = self.get_run_meta(run_id=run_id, run_folder=run_folder)
        context = Context(data)
        if evaluate_lazy:
            resolve_all(context._root)  # noqa: SLF001 - of this module
        return context

    def load_context(
        self,
        path: str,
        patches: Sequence[str] | None = None,
        local_patches: Sequence[str] | None = None,
        *,
        overrides: Mapping[str, Any] | None = None,
    ) -> Context:
        """Load the context of an earlier run, and patch it.

        Secrets, which are not stored, are taken from the files of ``CONFIG_PATH`` again, unless a
        patch or an override gives them. The section ``gluepy`` stays as it is, but the run folder
        is where the file lies now: it may have been copied or renamed.

        Args:
            path: Of its ``context.yaml``, in the storage.
            patches: As for `create_context`.
            local_patches: As for `create_context`.
            overrides: As for `create_context`.

        Raises:
            ContextError: If the file is missing or damaged.
            PatchError: If a patch is missing, is no YAML, or does not fit.
            OverrideError: If an override does not fit.
        """
        content = self._read_stored(path)
        stored = _load_mapping(content, path)
        if MASKED.encode() in content:
            stored = refill(stored, self._read_config_path())
        data = without_masked(stored)
        self._apply(data, patches, local_patches, overrides)
        add_missing(data, stored)
        meta = stored.get("gluepy")
        data["gluepy"] = {
            **(meta if isinstance(meta, dict) else {}),
            "run_folder": path.rpartition("/")[0],
        }
        return Context(data)

    def get_run_meta(self, **kwargs: Any) -> dict[str, Any]:
        """Return the section ``gluepy`` of a new run: who it is, where it lies, when it began.

        Args:
            kwargs: ``run_id`` and ``run_folder``, as for `create_context`. Others are put into the
                section as they are.
        """
        now = self._clock()
        run_id = kwargs.pop("run_id", None) or str(uuid.uuid4())
        folder = kwargs.pop("run_folder", None)
        return {
            "run_id": run_id,
            "run_folder": folder or f"runs/{now.year}/{now.month}/{now.day}/{run_id}",
            "created_at": now.isoformat(),
            **kwargs,
        }

    @property
    def _settings(self) -> Settings:
        if self._given_settings is not None:
            return self._given_settings
        from gluepy.conf import default_settings

        return default_settings

    def _read_from_storage(self, path: str) -> bytes:
        storage = make_backend("STORAGE_BACKEND", self._settings.STORAGE_BACKEND)
        return cast("bytes", storage.open(path, mode="rb"))

    def _read_config_path(self) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for path in self._config_files():
            try:
                with open(path, "rb") as file:
                    content = file.read()
            except OSError as error:
                raise ContextError(path, f"cannot be read: {error.strerror}") from error
            try:
                merge(data, _load_mapping(content, path))
            except MergeTypeError as error:
                raise ContextError(path, str(error), hint=error.hint) from error
        return data

    def _config_files(self) -> list[str]:
        folder = self._settings.CONFIG_PATH
        try:
            # Sorted: the disk has an order of its own, and the last file that sets a key wins.
            names = sorted(os.listdir(folder))
        except FileNotFoundError as error:
            if self._settings.source_of("CONFIG_PATH") == "default":
                return []
            raise ContextError(
                "CONFIG_PATH", f"there is no folder {folder!r}", hint="Run 'gluepy settings'."
            ) from error
        except OSError as error:
            raise ContextError(
                "CONFIG_PATH", f"the folder {folder!r} cannot be read: {error.strerror}"
            ) from error
        return [
            os.path.join(folder, name)
            for name in names
            if name.endswith((".yaml", ".yml")) and not name.startswith(".")
        ]

    def _read_stored(self, path: str) -> bytes:
        try:
            return self.read_file(path)
        except FileNotFoundError as error:
            raise ContextError(path, "there is no such file in the storage") from error

    def _apply(
        self,
        data: dict[str, Any],
        patches: Sequence[str] | None,
        local_patches: Sequence[str] | None,
        overrides: Mapping[str, Any] | None,
    ) -> None:
        if "gluepy" in (overrides or {}):
            raise OverrideError("gluepy", "this section says who the run is, and cannot be set")
        for path in patches or ():
            _patch(data, "--patch", path, self.read_file)
        for path in local_patches or ():
            _patch(data, "--local-patch", path, _read_local)
        try:
            merge(data, plain(overrides or {}))
        except MergeTypeError as error:
            raise OverrideError(error.path, error.message) from error


def _patch(data: dict[str, Any], option: str, path: str, read: Callable[[str], bytes]) -> None:
    try:
        merge(data, _load_mapping(read(path), path))
    except FileNotFoundError as error:
        raise _no_such_patch(option, path) from error
    except OSError as error:
        reason = f"cannot be read: {error.strerror or error}"
        raise PatchError(option, path, reason) from error
    except (ContextError, InvalidPathError, MergeTypeError, PathOutsideRootError) as error:
        raise PatchError(option, path, str(error), hint=error.hint) from error


def _no_such_patch(option: str, path: str) -> PatchError:
    if option == "--local-patch":
        return PatchError(option, path, "there is no such file")
    hint = "It is a file on this machine: use --local-patch." if os.path.isfile(path) else ""
    return PatchError(option, path, "there is no such file in the storage", hint=hint)


def _read_local(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _load_mapping(content: bytes, where: str) -> dict[str, Any]:
    data = load_yaml(content, where=where)
    if data is None:
        return {}  # an empty file
    if not isinstance(data, dict):
        raise ContextError(
            where,
            f"holds a {type(data).__name__} at its top, not keys with values",
            hint="Write it as 'section:' with 'key: value' below.",
        )
    return data
