#!/bin/bash
# A real systemd as PID 1 in a container of its own, in which the unit is tried.
#   container.sh build               the root file system: Debian, systemd, no Python; needs apt
#   container.sh up [BIND...]        boot it with SOURCE:TARGET bound read-only; writes go to memory
#   container.sh run COMMAND...      inside, as root
#   container.sh down                power off; what was written inside is gone
# Needs root on a Debian-like host. The host itself need not run systemd.
set -euo pipefail
HOME_DIR=${TRADEBOT_CONTAINER:-/var/tmp/tradebot-container}
ROOT=$HOME_DIR/root
PID=$HOME_DIR/pid
CONSOLE=$HOME_DIR/console.log
# What Debian's own Python is linked with, and its modules; not Python itself.
PACKAGES=systemd-sysv,procps,libpython3-stdlib,libexpat1,zlib1g

# With a PATH of its own: that of the host may lack sbin.
inside() {
  nsenter --target "$(cat "$PID.leader")" --all --root --wd -- \
    env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

build() {
  [ "$(cat "$HOME_DIR/complete" 2>/dev/null)" = "$PACKAGES" ] && return
  if ! command -v mmdebstrap || ! command -v systemd-nspawn; then
    apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends \
      mmdebstrap systemd-container
  fi
  rm -rf "$HOME_DIR"
  mkdir -p "$HOME_DIR"
  # The host's suite, since a Python of the host needs its C libraries.
  mmdebstrap --quiet --variant=minbase --include="$PACKAGES" \
    --dpkgopt=force-unsafe-io --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/man/*' \
    "$(. /etc/os-release; echo "$VERSION_CODENAME")" "$ROOT"
  : >"$ROOT/etc/machine-id"
  echo "$PACKAGES" >"$HOME_DIR/complete"
}

up() {
  local binds=()
  for bind in "$@"; do binds+=("--bind-ro=$bind"); done
  setsid systemd-nspawn --quiet --boot --directory="$ROOT" --volatile=overlay --register=no \
    --keep-unit --private-network --machine=tradebot-test "${binds[@]}" \
    >"$CONSOLE" 2>&1 </dev/null &
  echo $! >"$PID"
  for _ in $(seq 300); do
    kill -0 "$(cat "$PID")" 2>/dev/null || break
    pgrep --parent "$(cat "$PID")" >"$PID.leader" || true
    case $([ -s "$PID.leader" ] && inside systemctl is-system-running 2>/dev/null || true) in
      running | degraded) return ;;
    esac
    sleep 0.1
  done
  echo "the container did not come up:" >&2
  tail -20 "$CONSOLE" >&2
  down
  return 1
}

down() {
  local nspawn
  nspawn=$(cat "$PID" 2>/dev/null) || return 0
  inside systemctl poweroff --no-wall 2>/dev/null || true
  for _ in $(seq 100); do
    kill -0 "$nspawn" 2>/dev/null || break
    sleep 0.1
  done
  kill -9 "$nspawn" 2>/dev/null || true
  rm -f "$PID" "$PID.leader"
  # systemd-nspawn leaves its control groups on a host without systemd.
  for tree in systemd unified; do
    find /sys/fs/cgroup/$tree/payload /sys/fs/cgroup/$tree/supervisor -depth -type d \
      -exec rmdir {} + 2>/dev/null || true
  done
}

verb=${1:-}
shift || true
case $verb in
  build) build ;;
  up) up "$@" ;;
  run) inside "$@" ;;
  down) down ;;
  *) sed -n '2,7s/^# //p' "$0" >&2; exit 2 ;;
esac
