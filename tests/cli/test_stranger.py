"""Whoever has the port of a daemon that is gone: its answers are no daemon's."""

import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from storage import sentinel


@contextmanager
def stranger(state, code, said):
    """Another program has the port that a daemon left behind when it was killed."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(code)
            self.end_headers()
            self.wfile.write(said)

        do_POST = do_GET
        log_message = lambda *_: None  # noqa: E731

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        where = {"port": server.server_port, "token": "t", "pid": 1}
        (state / "api.json").write_text(json.dumps(where))
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("code", "said"),
    [(200, b"[]"), (200, b"{}"), (200, b'"ok"'), (404, b"[]"), (404, b'{"detail": "Not Found"}'),
     (500, b"null"), (200, b"[" * 100_000)],
)  # fmt: skip
def test_a_stranger_on_the_port_is_no_daemon_and_stops_no_kill(tradebot, tmp_path, code, said):
    with stranger(tmp_path, code, said):
        for verb, *words in (["status"], ["risk"], ["flatten"], ["rearm", "--by=a", "--why=b"]):
            done, out, err = tradebot(verb, "--state", tmp_path, *words)
            assert (done, out, err.count("\n")) == (1, "", 1) and "no daemon answers" in err
        done, out, _ = tradebot("kill", "--state", tmp_path, "--by", "ada", "--why", "storm")
    assert done == 73 and "NOT proven flat" in out
    assert "by ada, why storm" in sentinel.read(tmp_path)
