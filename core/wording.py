"""What msgspec says of a wrong config, in our words."""

import re

_WORDS = {
    "int": "a whole number", "float": "a number", "decimal": "a number", "str": "text",
    "bool": "true or false", "object": "a table", "array": "a list",
}  # fmt: skip
_WHOLE = "a number, got a whole number"  # in a row of a table; elsewhere it is one too


def explain(error: str) -> str:
    """msgspec's words as: key: what was expected."""
    where = match[1] if (match := re.search(r"`\$\.?([^`]*)`$", error)) else ""
    if match := re.match(r"Object contains unknown field `(.*?)`", error):
        return f"{f'{where}.{match[1]}'.strip('.')}: unknown key: remove it or mend its name"
    if match := re.match(r"Object missing required field `(.*?)`", error):
        return f"{f'{where}.{match[1]}'.strip('.')}: missing: every key must be given"
    words = re.sub(r"`(\w+)`", lambda word: _WORDS.get(word[1], word[1]), error.split(" - at")[0])
    words = words.replace(", got", " with a point, as 2.0, got") if _WHOLE in words else words
    return f"{where}: {words[0].lower()}{words[1:]}"
