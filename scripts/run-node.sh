# shellcheck shell=sh
# How the fronts (daemon-util, watchkeeper) become Node. Sourced by them.

# 5 is LSB's "program is not installed".
wk_fail() {
  printf '%s: cannot run: %s; try: %s\n' "$program" "$1" "$2" >&2
  exit 5
}

# Sets `node` to an absolute path, without forking. $1 is the directory of this file.
wk_find_node() {
  # The one that scripts/install --with-node brought.
  node=$1/node
  if [ -x "$node" ]; then return; fi
  # PATH is searched before the usual places: a developer's own Node is newer
  # than the distribution's. An init system's PATH may be short, hence the rest.
  wk_ifs=$IFS
  IFS=:
  set -f
  for wk_directory in ${PATH-} /usr/bin /usr/local/bin; do
    node=$wk_directory/node
    # a relative entry would name whatever lies in the present directory
    case $node in
      /*) if [ -f "$node" ] && [ -x "$node" ]; then break; fi ;;
    esac
    node=
  done
  set +f
  IFS=$wk_ifs
  if [ -z "$node" ]; then
    wk_fail 'node is not installed' 'installing Node 20.19 or later (Debian 13: apt install nodejs)'
  fi
}

# A clone's own watcher is the demo, unless the caller names a configuration.
wk_choose_configuration() {
  if [ -n "${WATCHKEEPER_CONFIG:+x}" ] || [ -n "${WATCHKEEPER_DEMO+x}" ]; then return; fi
  for wk_word in "$@"; do
    case $wk_word in
      --) break ;;
      --config | --config=*) return ;;
    esac
  done
  WATCHKEEPER_DEMO=1
  export WATCHKEEPER_DEMO
}

# run_node PROGRAM HOME BUNDLE IN_CLONE ARGS…: never returns. HOME is the
# directory of this file; IN_CLONE is empty where we are installed.
run_node() {
  program=$1 wk_home=$2 bundle=$3
  if [ ! -f "$bundle" ]; then
    if [ -n "$4" ]; then wk_fail "$bundle is not built" 'npm run build'; fi
    wk_fail "$bundle is missing" 'installing Watchkeeper again'
  fi
  wk_find_node "$2"
  in_clone=$4
  shift 4
  if [ -n "$in_clone" ]; then wk_choose_configuration "$@"; fi
  # They load code into Node, or (certificates) cost as much as its whole start.
  unset NODE_OPTIONS NODE_EXTRA_CA_CERTS NODE_PATH
  # A watcher lives long and forks often, and a fork costs by the size of the heap;
  # V8's own threads hold memory, too, and so does what its optimizing compiler makes: with
  # 1000 daemons a seventh of all, for a program whose time goes into the kernel.
  if [ "$program" = watchkeeper ] && [ "${1-}" = run ]; then
    # glibc gives what was freed back to the kernel, instead of keeping what the start has
    # needed once: each fork would copy the table of its pages. V8's heap is not copied.
    export MALLOC_MMAP_THRESHOLD_=65536 MALLOC_TRIM_THRESHOLD_=65536 MALLOC_TOP_PAD_=16384
    # Until our own code listens, SIGUSR1 opens Node's debugger; not at an address that
    # is reserved for documentation (RFC 5737), and with --disable-sigusr1 it would kill.
    exec "$node" --inspect-port=192.0.2.1:9229 --max-semi-space-size=1 --v8-pool-size=0 \
      --single-threaded --no-opt "$bundle" "$program" "$@"
  fi
  # Of what is installed V8's compiled code is kept.
  code_cache=${bundle%/*}/code-cache.cjs
  if [ -n "$in_clone" ] || [ ! -f "$code_cache" ]; then exec "$node" "$bundle" "$program" "$@"; fi
  # A bundle of its own asks the watcher; where that is not enough, it becomes the other.
  wk_quick=${bundle%/*}/quick.cjs
  if [ "$program" = daemon-util ] && [ -f "$wk_quick" ]; then
    if [ -n "${hand_over-}" ] && [ -f "$wk_home/hand-over" ] && [ -x /usr/bin/perl ]; then
      # They load code into Perl, or have it read and write letters instead of bytes.
      unset PERL5OPT PERL5LIB PERLLIB PERL5DB PERL_UNICODE PERLIO
      # of a locale that is not installed nobody needs to hear
      export PERL_BADLANG=0
      exec /usr/bin/perl "$wk_home/hand-over" "$hand_over" "$node" "$wk_quick" "$bundle" "$program" "$@"
    fi
    exec "$node" "$wk_quick" "$bundle" "$program" "$@"
  fi
  exec "$node" "$code_cache" "$bundle" "$program" "$@"
}
