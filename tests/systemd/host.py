"""The machine that the unit is tried on: a container, and what a test does with it."""

import json
import subprocess
import sys
import sysconfig
import time
from collections import Counter
from pathlib import Path

REPO = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("container.sh")
DROP_IN = "/etc/systemd/system/tradebot.service.d"
WAL, STATE = "/var/lib/tradebot/wal", "/var/lib/tradebot/state"
LEDGER = "/var/tmp/gateway-ledger.jsonl"
TRADEBOT = """#!/opt/tradebot/.venv/bin/python
import sys
from cli.main import main
sys.exit(main())
"""
# Program and interpreter are not installed here but bound in from the host.
PLACE = "Environment=PYTHONPATH=/opt/tradebot/src LD_LIBRARY_PATH=/opt/python/lib\n"
GATEWAY = """[Service]
User=tradebot
# Its first line holds the key: that is how scripts get it.
StandardOutput=null
StandardError=journal
{place}
EnvironmentFile=/etc/tradebot/gateway.env
WorkingDirectory=/opt/tradebot
ExecStart=/opt/tradebot/.venv/bin/tradebot gateway --config /etc/tradebot/config.toml \\
  --port 4000 --speed {speed} --ledger {ledger}
"""
AT_GATEWAY = """[Service]
Environment=TRADEBOT_VENUE_REST_URL=http://127.0.0.1:4000
Environment=TRADEBOT_VENUE_USER_HUB_URL=http://127.0.0.1:4000/hubs/user
Environment=TRADEBOT_VENUE_MARKET_HUB_URL=http://127.0.0.1:4000/hubs/market
"""


class Host:
    def boot(self, opt):
        """Build the root once, and boot it with interpreter, packages and program bound in."""
        container("build")
        lib = f".venv/lib/python{sysconfig.get_python_version()}/site-packages"
        for folder in (".venv/bin", lib, "src"):
            (opt / folder).mkdir(parents=True)
        (opt / ".venv/pyvenv.cfg").write_text("home = /opt/python/bin\n")
        python = f"/opt/python/bin/python{sysconfig.get_python_version()}"
        (opt / ".venv/bin/python").symlink_to(python)
        (opt / ".venv/bin/tradebot").write_text(TRADEBOT)
        (opt / ".venv/bin/tradebot").chmod(0o755)
        for name in ("models", "data"):
            (opt / name).symlink_to(f"src/{name}")
        opt.chmod(0o755)
        container(
            "up", f"{sys.base_prefix}:/opt/python", f"{opt}:/opt/tradebot",
            f"{REPO}:/opt/tradebot/src",
            f"{sysconfig.get_path('purelib')}:/opt/tradebot/{lib}",
        )  # fmt: skip

    def halt(self):
        container("down")

    def install(self):
        self.sh("useradd --system --home-dir /var/lib/tradebot --shell /usr/sbin/nologin tradebot")
        self.write("/etc/systemd/system/tradebot.service", unit().read_text())
        self.write("/etc/tradebot/config.toml", (REPO / "config.toml").read_text())
        self.credentials("sim", "none-needed")

    def credentials(self, username, api_key):
        self.sh("install -d -m 700 /etc/tradebot && chmod 711 /etc/tradebot")
        self.write("/etc/tradebot/topstepx_username", username)
        self.write("/etc/tradebot/topstepx_api_key", api_key)
        self.sh("chmod 600 /etc/tradebot/topstepx_*")

    def clean(self):
        self.sh("systemctl stop tradebot tradebot-gateway 2>/dev/null || true")
        self.sh(f"rm -rf {DROP_IN} {WAL} {STATE} {LEDGER}; systemctl reset-failed")
        self.drop_in("place", "[Service]\n" + PLACE)

    def drop_in(self, name, text):
        self.write(f"{DROP_IN}/{name}.conf", text)
        self.sh("systemctl daemon-reload")

    def environment(self, **settings):
        """TRADEBOT_<SECTION>_<KEY> for the daemon."""
        lines = [f"Environment=TRADEBOT_{key}={value}\n" for key, value in settings.items()]
        self.drop_in("settings", "[Service]\n" + "".join(lines))

    def gateway(self, username, api_key, speed, **settings):
        """A gateway that outlives the daemon, and a daemon that is told where it is."""
        text = GATEWAY.format(place=PLACE, speed=speed, ledger=LEDGER)
        self.write("/etc/systemd/system/tradebot-gateway.service", text)
        secret = f"TOPSTEPX_USERNAME={username}\nTOPSTEPX_API_KEY={api_key}\n"
        own = "".join(f"TRADEBOT_{key}={value}\n" for key, value in settings.items())
        self.write("/etc/tradebot/gateway.env", secret + own)
        self.credentials(username, api_key)
        self.drop_in("gateway", AT_GATEWAY)
        self.sh("systemctl start tradebot-gateway")
        self.until(self.serving, 60)

    def serving(self):
        """Whether this gateway says so, not one that an earlier test had."""
        run = "$(systemctl show -p InvocationID --value tradebot-gateway)"
        return "serving" in self.sh(f"journalctl -b _SYSTEMD_INVOCATION_ID={run}")

    def sh(self, command):
        return container("run", "sh", "-ec", command)

    def start(self):
        """Returns when the daemon is ready, as systemctl does."""
        self.sh(
            "systemctl start tradebot || { journalctl -b -u tradebot -n 40 --no-pager; exit 1; }"
        )

    def stop(self):
        """Returns when the daemon is gone, which must have been with exit 0."""
        self.sh("systemctl stop tradebot")
        assert self.show("Result", "ExecMainStatus", "ActiveState") == {
            "Result": "success", "ExecMainStatus": "0", "ActiveState": "inactive",
        }, self.sh("journalctl -b -u tradebot -n 40 --no-pager")  # fmt: skip

    def write(self, path, text):
        container("run", "sh", "-ec", f"mkdir -p {Path(path).parent}; cat >{path}", stdin=text)

    def show(self, *names):
        """Properties of the unit, as text."""
        wanted = " ".join(f"-p {name}" for name in names)
        rows = self.sh(f"systemctl show tradebot {wanted}").splitlines()
        return dict(row.split("=", 1) for row in rows)

    def pid(self):
        return int(self.show("MainPID")["MainPID"])

    def records(self, *kinds):
        """The log's records of these kinds; of all, if none is named."""
        lines = self.sh(f"cat {WAL}/*.jsonl 2>/dev/null || true").splitlines()
        rows = [json.loads(line) for line in lines if line.endswith('"}')]
        return [row for row in rows if not kinds or row["kind"] in kinds]

    def fetch(self, folder):
        """Copies of the gateway's ledger and of the log, with its snapshots."""
        (folder / "ledger.jsonl").write_text(self.sh(f"cat {LEDGER}"))
        (folder / "wal").mkdir()
        for name in self.sh(f"cd {WAL}; ls *.jsonl *.json 2>/dev/null || true").split():
            (folder / "wal" / name).write_text(self.sh(f"cat {WAL}/{name}"))

    def until(self, condition, limit_s):
        """Wait for it, and say for how many seconds."""
        began = time.monotonic()
        while not condition():
            if time.monotonic() - began > limit_s:
                seen = Counter(row["reason"] for row in self.records())
                said = self.sh("journalctl -b -u tradebot -n 30")
                raise AssertionError(f"not so within {limit_s} s:\n{seen}\n{said}")
            time.sleep(0.1)
        return time.monotonic() - began


def unit():
    return REPO / "systemd" / "tradebot.service"


def container(*words, stdin=None):
    done = subprocess.run(
        [SCRIPT, *words], input=stdin, text=True, capture_output=True, timeout=300, check=False
    )
    assert done.returncode == 0, f"{words}: exit {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout
