"""The gateway's envelope: HTTP 200 with success, code and text, also for what it refuses."""

from typing import Any

Reply = dict[str, Any]


def ok(**payload: Any) -> Reply:
    return {**payload, "success": True, "errorCode": 0, "errorMessage": None}


def fail(code: int, text: str = "") -> Reply:
    return {"success": False, "errorCode": int(code), "errorMessage": text or None}
