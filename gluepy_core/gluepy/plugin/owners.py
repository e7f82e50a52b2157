"""To whom a class belongs: the distribution that declares it, or whose module defines it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gluepy.exec.registry import Source
from gluepy.plugin.contributions import USABLE, Contribution

__all__ = ["Owners", "source_of"]


class Owners:
    """Tells the sources of a class that has just been defined.

    A class belongs to the distribution that declares it as an entry point; else to the one that
    declares another class of the same module, or of a package around it; else to the project. A
    class in one of ``installed_modules`` belongs to the project too.

    Args:
        contributions: What distributions declare.
        installed_modules: The modules of the project.
    """

    def __init__(
        self, contributions: Iterable[Contribution], installed_modules: Sequence[str] = ()
    ) -> None:
        self._installed_modules = tuple(installed_modules)
        self._by_target: dict[tuple[str, str], list[Contribution]] = {}
        self._by_module: dict[str, Contribution] = {}
        shared: set[str] = set()
        for one in contributions:
            if one.kind not in ("dag", "task") or one.state not in USABLE:
                continue
            module = one.value.partition(":")[0]
            self._by_target.setdefault((one.name, one.value), []).append(one)
            self._by_module.setdefault(module, one)
            top = module.partition(".")[0]
            if self._by_module.setdefault(top, one).distribution != one.distribution:
                shared.add(top)  # a namespace package: several distributions live in it
        for top in shared:
            del self._by_module[top]

    def __call__(self, cls: type) -> tuple[Source, ...]:
        """Return the sources of a class; at least one."""
        label, module = getattr(cls, "label", ""), cls.__module__
        declared = self._by_target.get((label, f"{module}:{cls.__qualname__}"), [])
        sources = [source_of(one) for one in declared] or list(self._of_module(module))
        if not sources or self._is_installed(module):
            sources.append(Source("project", module))
        return tuple(sources)

    def _of_module(self, module: str) -> Iterable[Source]:
        while module:
            if module in self._by_module:
                one = self._by_module[module]
                yield Source("distribution", one.distribution, one.version)
                return
            module = module.rpartition(".")[0]

    def _is_installed(self, module: str) -> bool:
        return any(
            module == name or module.startswith(f"{name}.") for name in self._installed_modules
        )


def source_of(one: Contribution) -> Source:
    """Return a contribution as the source of the class that it names."""
    return Source(
        "distribution", one.distribution, one.version, entry_point=f"{one.name} = {one.value}"
    )
