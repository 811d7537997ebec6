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
