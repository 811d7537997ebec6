# shellcheck shell=sh
# Where the demo's watcher has its board. Sourced by daemon-util in a clone.

# Sets `runtime`, by the same rule as src/adapters/config/demo.ts, if there is a
# directory of the caller's own.
# shellcheck disable=SC2034 # for who sources this
# shellcheck disable=SC3067 # dash, busybox and bash all have -O
find_demo_runtime() {
  runtime=
  case ${XDG_RUNTIME_DIR-} in
    /*) if [ -d "$XDG_RUNTIME_DIR" ] && [ -O "$XDG_RUNTIME_DIR" ]; then runtime=$XDG_RUNTIME_DIR/watchkeeper-demo/run; fi ;;
  esac
  if [ -z "$runtime" ]; then
    while read -r key _ uid _; do
      if [ "$key" = Uid: ]; then break; fi
    done </proc/self/status
    runtime=/tmp/watchkeeper-demo-$uid/run
  fi
  # anybody may make directories in /tmp
  [ -O "$runtime" ] && [ ! -h "$runtime" ] && [ -O "${runtime%/run}" ] && [ ! -h "${runtime%/run}" ]
}
