"""Who may call: credentials, tokens (JWT, HS256) and how often: sliding windows."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections import deque


def encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Tokens:
    """Issues and checks tokens of one user; wall time, `life_s` seconds each."""

    def __init__(self, life_s: float) -> None:
        self.life_s = life_s
        self.secret = secrets.token_bytes(32)
        self.ended: set[str] = set()  # logged out

    def issue(self, username: str) -> str:
        head = encode(b'{"alg":"HS256","typ":"JWT"}')
        claims = {"sub": username, "jti": secrets.token_hex(8), "exp": time.time() + self.life_s}
        body = encode(json.dumps(claims).encode())
        return f"{head}.{body}.{self.sign(f'{head}.{body}')}"

    def sign(self, text: str) -> str:
        return encode(hmac.new(self.secret, text.encode(), hashlib.sha256).digest())

    def valid(self, token: str) -> bool:
        text, _, signature = token.rpartition(".")
        if not hmac.compare_digest(self.sign(text).encode(), signature.encode()):
            return False
        claims = json.loads(decode(text.partition(".")[2]))
        return bool(claims["exp"] > time.time() and token not in self.ended)

    def end(self, token: str) -> None:
        self.ended.add(token)


class Window:
    """At most `most` calls in any `seconds`; a call refused is not counted."""

    def __init__(self, most: int, seconds: float) -> None:
        self.most, self.seconds = most, seconds
        self.calls: deque[float] = deque()

    def admit(self, now: float) -> bool:
        while self.calls and self.calls[0] <= now - self.seconds:
            self.calls.popleft()
        if len(self.calls) >= self.most:
            return False
        self.calls.append(now)
        return True
