# What scripts/run and scripts/cluster have in common: a directory that belongs to one of them at a time, a database, and
# dompetd processes that are started, waited for and stopped. Sourced, never run.
#
# The caller sets `root`, `var`, `programs` and `wanted_by` (the command as people type it: make run) before the first call.
# shellcheck shell=bash disable=SC2154

ready_deadline_s=120 # recovery after a crash comes first
drain_s=30           # how long dompetd may take to finish what it began
database=""          # its URL, once start_database has returned
owns_postgres=""     # not empty: it is ours, and stops with us
new_administrator="" # not empty: his password has not been shown yet

say() { printf '%s: %s\n' "${0##*/}" "$*"; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# Where a client on this machine reaches a server that listens on $1.
url_of() {
  case $1 in
    0.0.0.0:*) echo "http://127.0.0.1:${1##*:}" ;;
    "[::]:"*) echo "http://[::1]:${1##*:}" ;;
    *) echo "http://$1" ;;
  esac
}

# A zombie counts as dead: nobody may be there to reap it.
alive() { [ -n "$1" ] && grep -qs '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$1/status"; }

# One of us a directory. The kernel drops the lock with us, however we end; children do not inherit it (9>&-).
# $1: how another one gets a directory and ports of its own, as a command.
take_directory() {
  mkdir -p "$var" 2>/dev/null || die "cannot make $var; set DOMPET_VAR to a directory that you may write to."
  var=$(cd "$var" && pwd -P)
  exec 9>>"$var/run.lock" || die "cannot write to $var; set DOMPET_VAR to a directory that you may write to."
  if ! flock -n 9; then
    die "another '$wanted_by' (pid $(cat "$var/run.lock")) uses $var. Stop it first, or give this one a directory and a port of its own: $1"
  fi
  echo $$ >"$var/run.lock"
}

install_and_build() {
  [ -z "${DOMPET_BIN:-}" ] || return 0
  "$root/scripts/bootstrap" run
  "$root/scripts/build" release dompetd dompetctl
}

# A dompetd whose starter was killed with -9 gets SIGTERM from the kernel (see launch) and may still be draining.
# $1: its directory.
wait_for_earlier_server() {
  local pid deadline=$((SECONDS + drain_s))
  pid=$(cat "$1/dompetd.pid" 2>/dev/null || true)
  [[ $pid =~ ^[0-9]+$ ]] && [[ $(readlink "/proc/$pid/exe" 2>/dev/null) == */dompetd* ]] || return 0
  say "waiting for an earlier dompetd (pid $pid) to end"
  while alive "$pid"; do
    [ $SECONDS -lt $deadline ] || die "dompetd (pid $pid) still serves from $1. Stop it with: kill $pid"
    sleep 0.1
  done
}

start_database() {
  database=${DOMPET_DATABASE_URL:-}
  if [ -z "$database" ]; then
    owns_postgres=yes
    database=$("$root/scripts/postgres" start "$var" 9>&-)
  fi
  "$programs/dompetctl" migrate up --database "$database" 9>&-
}

# The first administrator, once a directory: made in the database, his password kept in $var/administrator, which only this
# user may read. From here on DOMPET_ADMIN_EMAIL and DOMPET_ADMIN_PASSWORD are his, for dompetctl.
take_administrator() {
  local file=$var/administrator made name value
  if [ ! -s "$file" ]; then
    made=$("$programs/dompetctl" init --database "$database" 9>&-)
    # Somebody else's database has an administrator of its own, whose password is not ours to know.
    [ -n "$made" ] || return 0
    (umask 077 && printf '%s\n' "$made" >"$file")
    new_administrator=yes
  fi
  while IFS='=' read -r name value; do export "$name=$value"; done <"$file"
}

# His password is shown once; afterwards the file has it.
greet_administrator() {
  [ -n "${DOMPET_ADMIN_EMAIL:-}" ] || return 0
  if [ -n "$new_administrator" ]; then
    printf '  administrator: %s, password %s  (this once; kept in %s)\n' "$DOMPET_ADMIN_EMAIL" "$DOMPET_ADMIN_PASSWORD" \
      "$var/administrator"
  else
    printf '  administrator: %s, password in %s\n' "$DOMPET_ADMIN_EMAIL" "$var/administrator"
  fi
}

# For people: a token in the variable TOKEN. $1: the server's URL.
print_login() {
  cat <<LOGIN
Log in, for a quarter of an hour:
  TOKEN=\$(set -a; . $var/administrator; $programs/dompetctl login --url $1)
LOGIN
}

# Starts a dompetd in the background with these arguments; its pid is $!.
# setsid: Ctrl-C goes to the script alone, which then stops things in order. pdeathsig: if the script is killed with -9,
# dompetd is told to stop. Neither changes the pid.
launch() { setsid setpriv --pdeathsig TERM "$programs/dompetd" --database "$database" "$@" 9>&- & }

# Waits until the dompetd at address $1 with pid $2 can take money; 1 when it ended instead.
wait_until_ready() {
  local deadline=$((SECONDS + ready_deadline_s))
  until curl -fs -o /dev/null --noproxy '*' --max-time 2 "$(url_of "$1")/readyz"; do
    alive "$2" || return 1
    [ $SECONDS -lt $deadline ] || die "dompetd at $1 is not ready after $ready_deadline_s s; what it says is ${3:-above}."
    sleep 0.1
  done
  # Somebody else's server may answer at a taken port; ours has refused it then.
  alive "$2"
}

# Demo wallets, once a directory, and never in a database that somebody else named. $1: the address to send them to.
seed_once() {
  [ -n "$owns_postgres" ] && [ ! -e "$var/seeded" ] || return 0
  say "seeding a small demo"
  if "$programs/dompetctl" seed --url "$(url_of "$1")" --small 9>&-; then
    touch "$var/seeded"
  else
    say "seeding failed; serving without the demo."
  fi
}

# Tells these dompetd processes to stop, all at once, and ends those that do not within drain_s.
stop_servers() {
  local pid deadline=$((SECONDS + drain_s)) left=()
  for pid in "$@"; do
    if alive "$pid"; then left+=("$pid"); fi
  done
  [ ${#left[@]} -gt 0 ] || return 0
  say "stopping dompetd"
  kill -TERM "${left[@]}" 2>/dev/null || true
  for pid in "${left[@]}"; do
    while alive "$pid" && [ $SECONDS -lt $deadline ]; do sleep 0.1; done
    if alive "$pid"; then
      say "dompetd (pid $pid) did not stop within $drain_s s; ending it (nothing acknowledged is lost)."
      kill -KILL "$pid" 2>/dev/null || true
    fi
  done
}

stop_database() {
  [ -n "$owns_postgres" ] || return 0
  "$root/scripts/postgres" stop "$var" 9>&- || say "PostgreSQL did not stop; see $var/postgres/log."
}
