# shellcheck shell=sh
# What our OCF agents (scripts/ocf/) share. Sourced by them, with `home` set to
# the directory of this file. Nothing here or there needs a PATH, and nothing on
# the way of a monitor that the state board answers forks.

# Pacemaker shows the last of these lines as the reason of a failure.
ocf_reason() {
  printf 'ocf-exit-reason:%s\n' "$1" >&2
}

# Whether this monitor is a look before anything was started (Pacemaker 2.1.5
# leaves the interval out then).
is_probe() {
  case ${OCF_RESKEY_CRM_meta_interval-} in '' | 0) return 0 ;; esac
  return 1
}

# Whether this is a monitor of level 0. What is no number is level 0, too.
is_shallow() {
  case ${OCF_CHECK_LEVEL-} in '' | *[!0-9]* | [0-9]) return 0 ;; esac
  return 1
}

# ask_watcher AGENT ACTION: ends the program where the watcher does it; else
# returns. The board has told by then whether there is one to ask.
# shellcheck disable=SC2154 # home and runtime are set by who sources this
ask_watcher() {
  if [ ! -f "$home/ask-watcher" ] || [ ! -x /usr/bin/perl ]; then return; fi
  # of a locale that is not installed nobody needs to hear
  answer=$(PERL_BADLANG=0 /usr/bin/perl -T "$home/ask-watcher" "$runtime" "$1" "$2" </dev/null)
  case $answer in
    'done '[0-9] | 'done '[0-9][0-9] | 'done '[0-9][0-9][0-9]) exit "${answer#done }" ;;
  esac
}

# Fails where Node would find no program to run.
has_node() {
  # shellcheck disable=SC2154 # set by who sources this
  if [ ! -f "$home/watchkeeper.cjs" ] && [ ! -f "$home/../dist/watchkeeper.cjs" ]; then return 1; fi
  # wk_find_node ends the program where there is none
  (wk_find_node "$home") >/dev/null 2>&1
}

# node_agent AGENT ACTION: never returns.
node_agent() {
  # Node takes `..` for text, and would look beside a link to a directory, not beside what it leads to.
  home=$(CDPATH='' cd -P -- "$home" && pwd -P)
  bundle=$home/watchkeeper.cjs
  if [ ! -f "$bundle" ] && [ -f "$home/../dist/watchkeeper.cjs" ]; then bundle=$home/../dist/watchkeeper.cjs; fi
  # shellcheck disable=SC2034 # for run-node.sh
  program=watchkeeper
  # shellcheck source=/dev/null
  . "$home/run-node.sh"
  # What keeps Node from running is for the cluster to show.
  # shellcheck disable=SC2317,SC2329 # called by run-node.sh
  wk_fail() {
    ocf_reason "cannot run: $1; try: $2"
    exit 5
  }
  case $2 in
    stop)
      # Nothing of ours can start anything here, and what is gone is stopped.
      if ! has_node; then
        if is_gone; then exit 0; fi
        ocf_reason 'it runs, or nobody can tell, and Watchkeeper, which would stop it, is not fully installed'
        exit 1
      fi
      ;;
    monitor)
      if is_probe && ! has_node; then
        if is_gone; then exit 7; fi
        exit 0
      fi
      ;;
  esac
  run_node watchkeeper "$home" "$bundle" '' cluster agent "$1" "$2"
}
