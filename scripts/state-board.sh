# shellcheck shell=sh
# Proofs over the watcher's state board that need no fork. Sourced by
# daemon-util, the init script and the OCF agents, with `runtime` set to the
# board's directory. Half of what a check costs is to read and parse what it
# needs of this, so what only some need stands elsewhere (start-claim.sh).
#
# Written by rename (src/adapters/state/state-board.ts):
#   RUNTIME/watcher     1 PID START_TICKS BOOT_ID HEARTBEAT_MS STALE_AFTER_MS
#   RUNTIME/state/NAME  1 NAME OBSERVED READY PID START_TICKS DESIRED OWNER
#                       RESTARTS NEXT_TRY_MS PUBLISHED_MS REASON…

# Sets what the board says of its watcher. Fails where there is no board of this boot.
# A line without its newline is half a line: read says so. Of what is no file it
# might wait for one for ever.
read_watcher() {
  # shellcheck disable=SC2154 # set by who sources this
  [ -f "$runtime/watcher" ] || return 1
  { read -r version watcher_pid watcher_ticks board_boot heartbeat stale_after rest <"$runtime/watcher" &&
    read -r boot </proc/sys/kernel/random/boot_id; } 2>/dev/null || return 1
  [ "$version" = 1 ] && [ -z "$rest" ] && [ "$board_boot" = "$boot" ]
}

# Sets what the board says of daemon $1. Fails where it says nothing.
# shellcheck disable=SC2034 # for who sources this
read_daemon() {
  [ -f "$runtime/state/$1" ] || return 1
  { read -r version name observed _ pid ticks desired owner rest <"$runtime/state/$1"; } 2>/dev/null || return 1
  [ "$version" = 1 ] && [ "$name" = "$1" ] && [ -n "$rest" ]
}

# Whether process $1 is the one that was started $2 ticks after boot. A zombie
# is not. The command name in stat may hold anything, `) ` and newlines too: the
# numbers follow the last `) ` of the last line. To cut there takes a shell as
# long as all the rest, so it is only done where there is more than one.
is_process() {
  case $1 in '' | 0* | *[!0-9]*) return 1 ;; esac
  case $2 in '' | *[!0-9]*) return 1 ;; esac
  stat=
  { while IFS= read -r line || [ -n "$line" ]; do stat=$line; done <"/proc/$1/stat"; } 2>/dev/null || return 1
  fields=${stat#*) }
  case $fields in *')'*) fields=${stat##*) } ;; esac
  is_started_at "$2" "$fields"
}

# $1 ticks, $2 the fields of stat(5) from the third on.
is_started_at() {
  ticks=$1
  set -f
  # shellcheck disable=SC2086 # the fields are to be split
  set -- $2
  set +f
  case ${1-} in '' | Z | X | x) return 1 ;; esac
  [ "${20-}" = "$ticks" ]
}

# Whether the watcher that wrote the board is alive, and its loop turns: only
# then does "not running" on the board still hold.
is_watched() {
  is_process "$watcher_pid" "$watcher_ticks" && is_fresh
}

# Whether `heartbeat`, ms since boot, is at most `stale_after` ms ago.
is_fresh() {
  case $heartbeat in '' | 0?* | *[!0-9]* | ????????????????*) return 1 ;; esac
  case $stale_after in '' | 0* | *[!0-9]* | ??????????*) return 1 ;; esac
  { read -r uptime _ </proc/uptime; } 2>/dev/null || return 1
  case $uptime in
    0* | *[!0-9.]*) return 1 ;;
    *.[0-9][0-9]) ;;
    *) return 1 ;;
  esac
  age=$((${uptime%.*}${uptime#*.}0 - heartbeat))
  # uptime is cut to hundredths of a second, so it may lag behind a little
  [ "$age" -ge -1000 ] && [ "$age" -le "$stale_after" ]
}
