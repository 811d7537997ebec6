# shellcheck shell=sh
# What `daemon-util status NAME` says, from the state board. Sourced by
# daemon-util after state-board.sh. As src/core/status-line.ts has it, and a
# test compares them.

# Prints it of the daemon that read_daemon has read, whose process is_process has
# proven, if it has one. Fails where Node might say something else.
# shellcheck disable=SC2154 # set by state-board.sh
tell_status() {
  started=$ticks
  # what is wanted, and why, is the watcher's word
  is_watched || return 1
  # but systemd's daemons are started and stopped by others: see src/app/wish-stamp.ts
  # shellcheck disable=SC3013 # dash, busybox and bash all have -ot
  if [ "$owner" != watcher ]; then
    case $observed,$desired in running,* | degraded,* | stopped,down) ;; *) return 1 ;; esac
    [ -e "$runtime/wanted" ] && [ "$runtime/wanted" -ot "$runtime/wishes" ] || return 1
  fi

  # a line without all its words says nothing
  case $rest in *' '*' '*) ;; *) return 1 ;; esac
  restarts=${rest%% *} rest=${rest#* }
  next_try=${rest%% *} rest=${rest#* }
  case $rest in
    *' '*) reason=${rest#* } ;;
    *) reason= ;;
  esac
  case $restarts in '' | 0?* | *[!0-9]*) return 1 ;; esac
  # what is no number ends dash in arithmetic, or, as `5-3`, is one there
  case $next_try in -) ;; '' | 0?* | *[!0-9]* | ????????????????*) return 1 ;; esac
  # The board cuts a long reason, and Node makes it fit the caller's locale.
  case $reason in *[!\ -~]*) return 1 ;; esac
  now=${uptime%.*}${uptime#*.}0

  facts=
  if [ "$pid" != - ]; then
    in_words $((now - started * 10))
    facts=", pid $pid, up $words"
  fi
  if [ "$next_try" != - ]; then
    in_words $((next_try - now))
    facts="$facts, next try in $words"
  fi
  case $observed,$restarts in
    *,1) facts="$facts, 1 restart" ;;
    running,* | *,[1-9]*) facts="$facts, $restarts restarts" ;;
  esac
  case $observed,$desired in running,down | stopped,up) facts="$facts, wanted $desired" ;; esac
  if [ -n "$facts" ]; then facts=" (${facts#, })"; fi
  if [ "$observed" != running ] && [ -n "$reason" ]; then facts="$facts: $reason"; fi
  printf '%s\n' "$name: $observed$facts" 2>/dev/null
}

# Sets `words` to $1 ms as src/core/duration.ts has them.
in_words() {
  words=$(($1 < 0 ? 0 : $1))
  if [ "$words" -lt 1000 ]; then
    words="$words ms"
    return
  fi
  tenths=$(((words + 50) / 100)) seconds=$(((words + 500) / 1000))
  minutes=$((seconds / 60)) hours=$((seconds / 3600))
  if [ "$tenths" -lt 100 ]; then
    case $tenths in
      *0) words="${tenths%0} s" ;;
      *) words="${tenths%?}.${tenths#?} s" ;;
    esac
  elif [ "$seconds" -lt 60 ]; then
    words="$seconds s"
  elif [ "$minutes" -lt 60 ]; then
    two "$minutes" m $((seconds % 60)) s
  elif [ "$hours" -lt 24 ]; then
    two "$hours" h $((minutes % 60)) m
  else
    two $((hours / 24)) d $((hours % 24)) h
  fi
}

two() {
  words="$1 $2"
  if [ "$3" != 0 ]; then words="$words $3 $4"; fi
}
