#!/usr/bin/env bash
# Runs all tests from a clean clone: installs what is missing as far as it may, builds, runs the unit tests and then
# the interop tests against C tor. The last line is "N passed, N failed". Nothing is ever left out in silence.
set -euo pipefail
cd "$(dirname "$0")/.."

# What the private test network is known to work with.
readonly OLDEST_TOR=0.4.8
readonly OLDEST_NODE=20.19.0
# What a private network may take to start, its second and third attempts included.
readonly NETWORK_LIMIT_SECONDS=150

# standstill_limit NAME: more than any test or hook of the project may take before it fails by its own limit.
standstill_limit() {
  case "$1" in
    unit | renderer) echo 120 ;;
    *) echo 400 ;;
  esac
}

# For a runner whose own process is blocked; one whose tests stand still is found by the limit above. More than the longest
# project takes on two slow cores.
readonly RUN_LIMIT_SECONDS=2100

# Debian keeps daemons out of the path of ordinary users.
export PATH="$PATH:/usr/sbin:/sbin"

work="$(mktemp -d)"
networks=()

clean_up() {
  local network
  for network in "${networks[@]}"; do kill "$network" 2>/dev/null && wait "$network" 2>/dev/null || true; done
  rm -rf "$work"
}
trap clean_up EXIT

stop() {
  echo "$1" >&2
  echo '0 passed, 1 failed'
  exit 1
}

# is_at_least VERSION OLDEST
is_at_least() {
  [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

tor_version() {
  { tor --version 2>/dev/null || true; } | sed -nE 's/^Tor version ([0-9][0-9.]*[0-9]).*/\1/p' | head -n 1
}

# The programs that people use with a Tor client, and the Debian packages that they come in.
readonly PROGRAMS=(curl wget torsocks dig ssh sshd nc chromium chromium-headless-shell firefox-esr faketime microsocks tinyproxy
  obfs4proxy certutil gsettings kwriteconfig5 kreadconfig5 dbus-daemon dbus-send Xvfb)
readonly PACKAGES=(tor curl wget torsocks dnsutils openssh-client openssh-server netcat-openbsd chromium
  chromium-headless-shell firefox-esr faketime microsocks tinyproxy
  obfs4proxy libnss3-tools debian-archive-keyring libglib2.0-bin dconf-gsettings-backend gsettings-desktop-schemas libkf5config-bin dbus
  xvfb libgtk-3-0 libnss3 libgbm1 libasound2)

# Electron and Chromium are linked to these; without one of them they do not start.
readonly LIBRARIES=(libgtk-3.so.0 libnss3.so libgbm.so.1 libasound.so.2)

missing_programs() {
  local program library libraries
  for program in "${PROGRAMS[@]}"; do command -v "$program" >/dev/null || printf '%s ' "$program"; done
  libraries="$(ldconfig -p 2>/dev/null || true)"
  for library in "${LIBRARIES[@]}"; do grep -q "$library" <<<"$libraries" || printf '%s ' "$library"; done
}

has_tools() {
  local version
  version="$(tor_version)"
  [ -n "$version" ] && is_at_least "$version" "$OLDEST_TOR" && [ -z "$(missing_programs)" ]
}

# apt-get as root, or not at all: a password prompt would hang a machine that nobody watches.
apt_get() {
  local as_root=()
  [ "$(id -u)" -eq 0 ] || as_root=(sudo -n)
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq "$@" >>"$work/apt.log" 2>&1 </dev/null
}

may_install() {
  command -v apt-get >/dev/null || return 1
  [ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null
}

ensure_tools() {
  has_tools && return
  if may_install; then
    echo 'Installing tor and the programs that the tests use with it, with apt-get.'
    if ! { apt_get update && apt_get install -y --no-install-recommends "${PACKAGES[@]}"; }; then
      tail -n 5 "$work/apt.log" | sed -E 's#[a-z]+://[^[:space:]]+#(address)#g' >&2
    fi
    hash -r
  fi
  has_tools && return
  stop "The tests need C tor $OLDEST_TOR or newer (found: $(tor_version | grep . || echo none)) and programs to use with it (missing: $(missing_programs)): install the packages ${PACKAGES[*]}."
}

ensure_node() {
  command -v node >/dev/null || stop "Node.js $OLDEST_NODE or newer is needed (found: none)."
  is_at_least "$(node -p process.versions.node)" "$OLDEST_NODE" ||
    stop "Node.js $OLDEST_NODE or newer is needed (found: $(node -p process.versions.node))."
}

# npm writes this file last: without it an installation is missing or was interrupted.
ensure_packages() {
  [ -f node_modules/.package-lock.json ] && return
  echo 'Installing npm packages.'
  bash scripts/install.sh || stop 'The npm packages could not be installed.'
}

# Peers that Debian's stable release lacks or has too old; they are unpacked beside the sources and never installed.
readonly PEERS=(webtunnel lyrebird snowflake-proxy)

# A test whose peer cannot be had says so itself, and fails or puts a proved one in its place.
ensure_peers() {
  node scripts/fetch-peer.mjs "${PEERS[@]}" >/dev/null || echo 'The tests that need these packages will say so.' >&2
}

extra_failures=0

# start_network KIND: beside the tests before, because nearly all of its start is waiting for the authorities' vote.
start_network() {
  node scripts/test-network.mjs "$work/$1.network" "$1" >"$work/$1.network.log" 2>&1 </dev/null &
  networks+=($!)
  echo $! >"$work/$1.pid"
}

# started_network KIND: prints the file of a network that runs. A project that gets none starts one itself, and fails
# with the reason when it cannot.
started_network() {
  local second
  for ((second = 0; second < NETWORK_LIMIT_SECONDS; second++)); do
    if [ -f "$work/$1.network" ]; then
      echo "$work/$1.network"
      return
    fi
    kill -0 "$(cat "$work/$1.pid")" 2>/dev/null || break
    sleep 1
  done
  echo "The $1 test network did not start; the tests start one of their own." >&2
}

# run_vitest NAME REPORT [FILE…]: ends with 124 when it stood still.
run_vitest() {
  ALLIUM_STANDSTILL_SECONDS="$(standstill_limit "$1")" timeout --kill-after=10 "$RUN_LIMIT_SECONDS" \
    node_modules/.bin/vitest run --project "$1" --allowOnly=false \
    --reporter=default --reporter=json --reporter=./scripts/standstill-reporter.mjs \
    --outputFile.json="$work/$2.json" "${@:3}" </dev/null
}

# More failing files than these are no accident, and are not run again.
readonly AGAIN_AT_MOST=3

# run_again NAME: tests with real relays, browsers and the clock of a busy machine may fail by chance. Their files are
# run a second time, alone, and every failure is named at the end, one that did not come back, too. Unit tests have no
# such excuse.
run_again() {
  local files
  mapfile -t files < <(node scripts/tally.mjs files "$work/$1.json")
  if [ "$1" = unit ] || [ "${#files[@]}" -eq 0 ] || [ "${#files[@]}" -gt "$AGAIN_AT_MOST" ]; then return; fi
  echo "Run again, alone: ${files[*]}"
  run_vitest "$1" "$1.again" "${files[@]}"
}

# run_project NAME: its report goes to $work/NAME.json. An error outside any test fails the run, too.
run_project() {
  local name="$1" status=0 failed
  run_vitest "$name" "$name" || status=$?
  if [ "$status" -eq 124 ]; then
    # Every test has a limit of its own, so the runner itself stood still; what it stood at has been said. That was seen
    # once in some fifty runs; a second time it counts.
    echo "The $name tests stood still and are run again." >&2
    status=0
    rm -f "$work/$name.json"
    run_vitest "$name" "$name" || status=$?
  fi
  read -r _ failed _ <<<"$(node scripts/tally.mjs counts "$work/$name.json")"
  if [ "$failed" -gt 0 ]; then
    status=0
    run_again "$name" || status=$?
    read -r _ failed _ <<<"$(node scripts/tally.mjs counts "$work/$name.json")"
  fi
  if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then
    echo "The $name tests ended with an error outside any test." >&2
    extra_failures=$((extra_failures + 1))
  fi
}

ensure_node
ensure_packages
ensure_tools
ensure_peers

start_network plain
start_network varied
run_project unit
run_project renderer
if npm run --silent build; then
  plain="$(started_network plain)"
  varied="$(started_network varied)"
  if [ -n "$plain" ]; then export INTEROP_NETWORK="$plain"; fi
  if [ -n "$varied" ]; then export INTEROP_VARIED_NETWORK="$varied"; fi
  run_project interop
  run_project interop-varied
  run_project app
else
  echo 'The build failed, so the interop tests have nothing to run.' >&2
fi

reports=("$work"/{unit,renderer,interop,interop-varied,app}.json)
read -r passed failed skipped <<<"$(node scripts/tally.mjs counts "${reports[@]}")"
node scripts/tally.mjs failures "${reports[@]}"
failed=$((failed + extra_failures))
# Nothing passing is no success, whatever went wrong.
if [ "$passed" -eq 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi
if [ "$skipped" -gt 0 ]; then echo "$skipped tests were skipped; see above."; fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
