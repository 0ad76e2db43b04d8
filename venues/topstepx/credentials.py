"""Who we are to the gateway: from the environment, or from files handed over by systemd."""

import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from core.errors import ConfigError
from core.secret import Secret

USERNAME, API_KEY = "TOPSTEPX_USERNAME", "TOPSTEPX_API_KEY"


class Credentials(Struct, frozen=True):
    username: str
    api_key: Secret


def load(env: Mapping[str, str] = os.environ) -> Credentials:
    """Read both. Raises ConfigError that says where they were looked for."""
    return Credentials(find(USERNAME, env), Secret(find(API_KEY, env)))


def find(name: str, env: Mapping[str, str]) -> str:
    """The variable, else the file of that name in lower case under $CREDENTIALS_DIRECTORY."""
    text = env.get(name, "").strip()
    folder = env.get("CREDENTIALS_DIRECTORY", "")
    if not text and folder:
        text = read(Path(folder) / name.lower())
    if not text:
        where = f"or put it in {folder}/{name.lower()}" if folder else "in the environment"
        raise ConfigError(f"{name}: no credential: set {name} {where}")
    return text


def read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: credential not readable: {type(error).__name__}") from None
