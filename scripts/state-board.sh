# shellcheck shell=sh
# Proofs over the watcher's state board that need no fork. Sourced by
# daemon-util and the init script, with `runtime` set to the board's directory.
#
# Written by rename (src/adapters/state/state-board.ts):
#   RUNTIME/watcher     1 PID START_TICKS BOOT_ID HEARTBEAT_MS STALE_AFTER_MS
#   RUNTIME/state/NAME  1 NAME OBSERVED READY PID START_TICKS DESIRED OWNER
#                       RESTARTS NEXT_TRY_MS PUBLISHED_MS REASON…
#   RUNTIME/start-all   1 PID START_TICKS CONFIGURATION, then lines of WORD REST,
#                       see src/core/start-claim.ts; the last one is `end`

# Sets what the board says of its watcher. Fails where there is no board of this boot.
# A line without its newline is half a line: read says so.
read_watcher() {
  # shellcheck disable=SC2154 # set by who sources this
  { read -r version watcher_pid watcher_ticks board_boot heartbeat stale_after rest <"$runtime/watcher"; } 2>/dev/null || return 1
  if [ "$version" != 1 ] || [ -n "$rest" ]; then return 1; fi
  { read -r boot </proc/sys/kernel/random/boot_id; } 2>/dev/null || return 1
  [ "$board_boot" = "$boot" ]
}

# Sets what the board says of daemon $1. Fails where it says nothing.
read_daemon() {
  { read -r version name observed _ pid ticks desired owner rest <"$runtime/state/$1"; } 2>/dev/null || return 1
  [ "$version" = 1 ] && [ "$name" = "$1" ] && [ -n "$rest" ]
}

# Whether process $1 is the one that was started $2 ticks after boot. A zombie
# is not. The command name in stat may hold anything, `) ` and newlines too: the
# numbers follow the last `) ` of the last line.
is_process() {
  case $1 in '' | 0* | *[!0-9]*) return 1 ;; esac
  case $2 in '' | *[!0-9]*) return 1 ;; esac
  stat=
  { while IFS= read -r line || [ -n "$line" ]; do stat=$line; done <"/proc/$1/stat"; } 2>/dev/null || return 1
  is_started_at "$2" "${stat##*) }"
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
  is_process "$watcher_pid" "$watcher_ticks" || return 1
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

# Whether start-all has nothing to do: the watcher claims it, and each ground of
# its claim holds. Sets `words` to what is to be said of daemons that are skipped.
# $1 is the configuration that the caller means.
is_all_started() {
  read_watcher && is_watched || return 1
  words='' ended=''
  {
    read -r version claimer since claimed || return 1
    if [ "$version $claimer $since $claimed" != "1 $watcher_pid $watcher_ticks $1" ]; then return 1; fi
    while read -r ground about; do
      if [ -n "$ended" ]; then return 1; fi
      holds "$ground" "$about" || return 1
    done
  } <"$runtime/start-all" || return 1
  # half a line after the last one
  [ -n "$ended" ] && [ -z "$ground" ]
}

# What read_daemon has read. Where systemd restarts, the board may have an older
# word of what is wanted; the claim stands on the records themselves.
is_wanted() {
  [ "$desired" = up ] || [ "$owner" = systemd ]
}

# One line of the claim. The claim is as old as its last proof, and a file that
# has changed since is not older. Of a time in whole seconds, as busybox has it,
# the same second is in doubt.
# shellcheck disable=SC3013 # dash, busybox and bash all have -ot
holds() {
  case $1 in
    same) [ -e "$2" ] && [ "$2" -ot "$runtime/start-all" ] ;;
    there) [ -e "$2" ] ;;
    absent) [ ! -e "$2" ] ;;
    unset)
      case $2 in '' | [!A-Z_]* | *[!A-Z0-9_]*) return 1 ;; esac
      eval "[ -z \"\${$2+x}\" ]"
      ;;
    up)
      read_daemon "$2" && is_wanted || return 1
      case $observed in running | degraded) is_process "$pid" "$ticks" ;; *) return 1 ;; esac
      ;;
    down) read_daemon "$2" && is_wanted && [ "$observed $pid" = 'stopped -' ] ;;
    say)
      words=$words$2'
'
      ;;
    end) ended=1 ;;
    *) return 1 ;;
  esac
}
