"""A secret that cannot slip out: no repr, format, JSON, copy or dump of it shows what it holds."""

from typing import NoReturn, final


@final
class Secret:
    """Holds a key or token. `reveal` is the one way to it, for the call that must send it."""

    __slots__ = ("__text",)

    def __init__(self, text: str) -> None:
        self.__text = text

    def reveal(self) -> str:
        return self.__text

    def __bool__(self) -> bool:
        return bool(self.__text)

    def __repr__(self) -> str:
        return "Secret(...)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not to be stored")
