# shellcheck shell=sh
# What the init scripts share. Sourced by them, with these set.
: "${program:?}" "${prefix?}"

say() {
  printf '%s\n' "$program: $1"
}

# fail STATUS MESSAGE: statuses are the LSB's, see docs/exit-codes.md.
fail() {
  printf '%s\n' "$program: $2" >&2
  exit "$1"
}

need_root() {
  [ "$(id -u)" -eq 0 ] || fail 4 "cannot $1: not root"
}

# Which way the machine goes, as rc(8) tells those that it runs. From single user
# mode it goes up again as from nothing. What rc has started hands its words down to
# whatever it runs later, and a start by Pacemaker (lsb:) is no boot.
is_boot() {
  case ${PREVLEVEL-},${RUNLEVEL-} in [NS1],[2345]) ;; *) return 1 ;; esac
  { read -r caller <"/proc/$PPID/comm"; } 2>/dev/null || return 1
  case $caller in rc | startpar) return 0 ;; esac
  return 1
}

is_shutdown() {
  case ${RUNLEVEL-} in 0 | 1 | 6) return 0 ;; esac
  return 1
}

# /etc/default/watchkeeper is data: only names of ours, and no shell sees the values.
read_environment() {
  if [ ! -r "$prefix/etc/default/watchkeeper" ]; then return 0; fi
  while IFS= read -r line || [ -n "$line" ]; do
    name=${line%%=*}
    case $name in
      WATCHKEEPER_*[!A-Z0-9_]* | "$line") ;;
      WATCHKEEPER_*) export "$name=${line#*=}" ;;
    esac
  done <"$prefix/etc/default/watchkeeper"
}
