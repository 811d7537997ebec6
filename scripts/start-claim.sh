# shellcheck shell=sh
# Proves the watcher's claim that start-all has nothing to do. Sourced by
# daemon-util after state-board.sh.
#
# Written by rename (src/adapters/state/start-claim-file.ts):
#   RUNTIME/start-all  1 PID START_TICKS CONFIGURATION, then lines of WORD REST,
#                      see src/core/start-claim.ts; the last one is `end`

# Whether start-all has nothing to do: the watcher claims it, and each ground of
# its claim holds. Sets `words` to what is to be said of daemons that are skipped.
# $1 is the configuration that the caller means.
# shellcheck disable=SC2154 # set by state-board.sh, and by who sources it
is_all_started() {
  read_watcher && is_watched || return 1
  words='' ended='' claim=$runtime/start-all
  {
    read -r version claimer since claimed || return 1
    if [ "$version $claimer $since $claimed" != "1 $watcher_pid $watcher_ticks $1" ]; then return 1; fi
    while read -r ground about; do
      if [ -n "$ended" ]; then return 1; fi
      holds "$ground" "$about" || return 1
    done
  } <"$claim" || return 1
  # half a line after the last one
  [ -n "$ended" ] && [ -z "$ground" ]
}

# What read_daemon has read. Where systemd restarts, the board may have an older
# word of what is wanted; the claim stands on the records themselves.
# shellcheck disable=SC2154 # set by read_daemon
is_wanted() {
  [ "$desired" = up ] || [ "$owner" = systemd ]
}

# One line of the claim in file `claim`. The claim is as old as its last proof, and a file that
# has changed since is not older. Of a time in whole seconds, as busybox has it,
# the same second is in doubt.
# shellcheck disable=SC3013 # dash, busybox and bash all have -ot
# shellcheck disable=SC2154 # set by read_daemon
holds() {
  case $1 in
    same) [ -e "$2" ] && [ "$2" -ot "$claim" ] ;;
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
