"""How kernels are compiled: once on a machine, and again when anything they stand on has changed.

numba keeps machine code on disk and knows it by the file of its function alone. A constant or a
callee of another file that changed would go on there as it was, so the key here holds those too.
What was not kept whole (a power cut, a full disk), or cannot be kept, is compiled anew: no error.
"""

# mypy: disable-error-code="no-untyped-call"
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from io import BytesIO
from types import CodeType, FunctionType, ModuleType
from typing import Any
from zlib import crc32

from numba import njit
from numba.core.caching import FunctionCache, IndexDataCacheFile

CRC_BYTES = 4  # at the end of each file


def compiled(function: Any) -> Any:
    """A kernel that runs without the interpreter's lock."""
    kernel: Any = njit(nogil=True)(function)
    with suppress(RuntimeError):  # no directory that we may write: compiled at each start
        kernel._cache = Kept(function)
    return kernel


class Kept(FunctionCache):
    def __init__(self, function: Any) -> None:
        super().__init__(function)
        numbas = self._cache_file
        self._cache_file = Files(self._cache_path, self._impl.filename_base, numbas._source_stamp)

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        ground = "\n".join(stands_on(self._py_func, set()))
        return *super()._index_key(sig, codegen), sha256(ground.encode()).hexdigest()

    def save_overload(self, sig: Any, data: Any) -> None:
        with suppress(OSError):
            super().save_overload(sig, data)


class Files(IndexDataCacheFile):
    @contextmanager
    def _open_for_write(self, filepath: str) -> Iterator[BytesIO]:
        with super()._open_for_write(filepath) as file:
            whole = BytesIO()
            yield whole
            file.write(whole.getvalue() + crc_of(whole.getvalue()))

    def _load_index(self) -> Any:
        return super()._load_index() if is_whole(self._index_path) else {}

    def _load_data(self, name: str) -> Any:
        if not is_whole(self._data_path(name)):
            raise FileNotFoundError(name)  # as good as none
        return super()._load_data(name)


def crc_of(raw: bytes) -> bytes:
    return crc32(raw).to_bytes(CRC_BYTES, "big")


def is_whole(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            raw = file.read()
    except OSError:
        return False
    return len(raw) > CRC_BYTES and crc_of(raw[:-CRC_BYTES]) == raw[-CRC_BYTES:]


def stands_on(function: Any, seen: set[Any]) -> Iterator[str]:
    """All that is frozen into its machine code: what it says, the constants that it names, and the
    same of each function of Python that it calls."""
    function = getattr(function, "py_func", function)
    if function in seen:
        return
    seen.add(function)
    for code in codes(function.__code__):
        says = [part for part in code.co_consts if not isinstance(part, CodeType)]
        yield f"{code.co_code.hex()} {says} {code.co_names}"
        for name in code.co_names:
            value = function.__globals__.get(name)
            if isinstance(getattr(value, "py_func", value), FunctionType):
                yield from stands_on(value, seen)
            elif not callable(value) and not isinstance(value, ModuleType):
                yield f"{name} {getattr(value, 'tolist', lambda it=value: it)()!r}"


def codes(code: CodeType) -> Iterator[CodeType]:
    """It and those within it."""
    yield code
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield from codes(part)
