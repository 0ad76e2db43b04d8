"""Files of many makes as lazy tables, with their columns as they are.

Parquet (also a folder of it), Arrow/Feather, CSV and TXT with any of `,;|` or tab between, with a
header or without, plain or compressed, zipped as QuantConnect packs them, Databento DBN, captured
frames, tapes.
"""

import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import UsageError
from research import captures, dbn
from storage.tape import TRADE

TEXTS = (".csv", ".txt", ".tsv")
LINES = (".jsonl", ".ndjson", ".json", ".dat", ".data")
SQUEEZED = (".gz", ".zst", ".bz2")
HEADLESS = {  # what a line without names holds, by the number of its fields
    6: ("time", "open", "high", "low", "close", "volume"),
    7: ("date", "time", "open", "high", "low", "close", "volume"),
}
LEAN = re.compile(r"(\d{8})_(\w+?)_(tick|second|minute|hour|daily)_(trade|quote)(?:_(\d+))?")
HEAD_BYTES = 65_536
UNREADABLE = (
    OSError, EOFError, UnicodeDecodeError, zlib.error, zipfile.BadZipFile, pa.ArrowInvalid,
    pl.exceptions.PolarsError, pl.exceptions.PanicException,  # of damaged files
    RuntimeError,  # of an archive with a password, or packed in a way that is not known
)  # fmt: skip
INVENTED = b"tradebot.synth"  # key of the metadata
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
COMMA = re.compile(r"(^|;)-?\d+,\d+(;|$)")  # of a number, where fields are parted otherwise


def open_table(path: Path) -> pl.LazyFrame:
    """The file's own columns, lazily. Raises UsageError when it cannot be read."""
    names = [suffix.lower() for suffix in path.suffixes]
    kind = next((name for name in reversed(names) if name not in SQUEEZED), "")
    if not path.exists():
        raise UsageError(f"{path}: no such file")
    with reading(path):
        if path.is_dir():
            return folder(path)
        if kind == ".parquet":
            return parquet(path)
        if kind == ".dbn":
            return dbn.read(path)
        if kind in (".feather", ".arrow", ".ipc"):
            return pl.scan_ipc(path)
        if kind == ".zip":
            return zipped(path)
        if kind in LINES or (names[-1:] == [".gz"] and kind not in TEXTS):
            return captures.read(path)
        if kind in TEXTS:
            return text(path)
    raise UsageError(f"{path}: expected .parquet, .feather, .csv, .txt, .jsonl, .zip or .dbn")


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Around whatever reads the file, for a lazy table may fail long after it was opened: what goes
    wrong is said in words. Raises UsageError."""
    try:
        yield
    except UNREADABLE as error:
        raise UsageError(f"{path}: not readable: {one_line(error)}") from None


def one_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def folder(path: Path) -> pl.LazyFrame:
    """All Parquet files in it, whatever the partitions are called."""
    files = sorted(path.rglob("*.parquet"))
    if not files:
        raise UsageError(f"{path}: no .parquet file in it")
    return pl.scan_parquet(files, hive_partitioning=False)


def parquet(path: Path) -> pl.LazyFrame:
    told = (pq.read_schema(path).metadata or {}).get(b"tradebot")
    lazy = pl.scan_parquet(path)
    if told is None or "kind" not in lazy.collect_schema().names():
        return lazy
    about = json.loads(told)
    return tape(lazy, float(about["tick"]), str(about["symbol"]))


def invented(path: Path) -> bool:
    """Was any of it made by `tradebot synth`? Such Parquet says so in its metadata."""
    files = path.rglob("*.parquet") if path.is_dir() else [path] if path.is_file() else []
    kinds = [file for file in files if file.suffix == ".parquet"]
    with reading(path):
        return any(INVENTED in (pq.read_schema(file).metadata or {}) for file in kinds)


def tape(lazy: pl.LazyFrame, tick: float, symbol: str) -> pl.LazyFrame:
    """Our own tape: its trades, as prices, and beside each the quote that stood."""
    quote = pl.col("kind") != TRADE
    stood = [
        (pl.when(quote).then(pl.col(side)).forward_fill().fill_null(0) * tick).round(9)
        for side in ("bid", "ask")
    ]
    return (
        lazy.with_columns(stood).filter(pl.col("kind") == TRADE)
        .with_columns((pl.col("price") * tick).round(9), symbol=pl.lit(symbol))
        .select("at", "price", "size", "side", "bid", "ask", "symbol")
    )  # fmt: skip


def zipped(path: Path) -> pl.LazyFrame:
    """Each member of the archive, one below the other; QuantConnect's by the names they have."""
    with zipfile.ZipFile(path) as archive:
        parts = [member(archive.read(name), Path(name)) for name in archive.namelist()]
    if not parts:
        raise UsageError(f"{path}: the archive is empty")
    return pl.concat(parts, how="vertical_relaxed").lazy()


def member(content: bytes, name: Path) -> pl.DataFrame:
    """QuantConnect: ms since midnight UTC, prices; the rest as any text."""
    if name.suffix.lower() in LINES or content[:1] == b"{":
        return captures.table(content, name)
    lean = LEAN.match(name.stem)
    if lean is None:
        return pl.read_csv(content, **shape(content[:HEAD_BYTES]))
    day, symbol, step, what, contract = lean.groups()
    frame = pl.read_csv(content, has_header=False)
    if what == "quote":
        names = [f"{side}_{part}" for side in ("bid", "ask")
                 for part in ("open", "high", "low", "close", "size")]  # fmt: skip
    else:
        names = ["open", "high", "low", "close", "volume"] if step != "tick" else ["price", "size"]
    frame = frame.rename(dict(zip(frame.columns[1:], names, strict=False)))
    midnight = pl.lit(day).str.to_datetime("%Y%m%d", time_unit="ns", time_zone="UTC")
    at = midnight + pl.duration(milliseconds=pl.col(frame.columns[0]))
    named = frame.select(at.alias("start"), *names, symbol=pl.lit(symbol))
    return named.with_columns(contract=pl.lit(contract)) if contract else named


def text(path: Path) -> pl.LazyFrame:
    with pa.input_stream(path, compression="detect") as file:
        head = file.read(HEAD_BYTES)
    if not head.startswith(UTF_16) and path.suffix.lower() != ".bz2":
        return pl.scan_csv(path, **shape(head))
    with pa.input_stream(path, compression="detect") as file:
        content = file.read()
    if head.startswith(UTF_16):  # as spreadsheets write it
        content = content.decode("utf-16").encode()
    return pl.read_csv(content, **shape(content[:HEAD_BYTES])).lazy()


def shape(head: bytes) -> dict[str, Any]:
    """How a text table is written: what stands between fields, and the names of its columns."""
    lines = head.decode("utf-8", "replace").lstrip("\ufeff").splitlines() or [""]
    line = lines[0].strip()
    between = max(";,\t|", key=line.count)
    fields = [field.strip().strip('"<>').lower() for field in line.split(between)]
    told: dict[str, Any] = {"separator": between, "infer_schema_length": 10_000}
    told["try_parse_dates"] = False
    told["decimal_comma"] = between == ";" and any(COMMA.search(line) for line in lines[:3])
    if any(re.fullmatch(r"[a-z_ ]+", field) for field in fields):
        return {**told, "new_columns": fields}
    if len(fields) not in HEADLESS:
        raise UsageError(f"a table without names and {len(fields)} columns: give it a first line")
    return {**told, "has_header": False, "new_columns": list(HEADLESS[len(fields)])}
