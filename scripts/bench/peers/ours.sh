# Watchkeeper. OURS_DIST: what `scripts/install DIRECTORY` has laid out.
#   OURS_ADOPTED=1  the watcher is killed and started anew once all run: they are not its children
#   OURS_GROUPS=0   without control groups (version 2)
#   OURS_RESTART    YAML of the policy; without it the shipped one
SUPERVISOR_COMM=node
OURS_DIST=${OURS_DIST:?what scripts/install has laid out}
: "${OURS_ADOPTED:=0}" "${OURS_GROUPS:=1}" "${OURS_RESTART:=}"
version() { ct watchkeeper version; }
ours_tree() { for g in /sys/fs/cgroup/unified /sys/fs/cgroup; do [ -f "$g/cgroup.controllers" ] && echo "$g" && return; done; }
setup() {
  ct_mount
  cp -a "$OURS_DIST/." "$CT/root/"
  local n
  {
    printf 'group: {name: bench}\n'
    [ -z "$OURS_RESTART" ] || printf 'defaults: {restart: %s}\n' "$OURS_RESTART"
    printf 'daemons:\n'
    for n in "$@"; do printf '  %s: {executable: /bench/benchd, arguments: [%s]}\n' "$n" "$(echo $n $(mode_of "$n") | sed 's/ /, /')"; done
  } >"$CT/root/etc/watchkeeper/watchkeeper.yaml"
  # what is not wanted up stays down when the watcher comes
  if [ "$AUTOSTART" = 0 ]; then
    mkdir -p -m 0700 "$CT/root/var/lib/watchkeeper/desired"
    ct_boot
    ct daemon-util stop-all >>"$CT/cmd.log" 2>&1
  else
    ct_boot
  fi
  supervisor_start
}
# In a control group of its own, as an init system would have it.
supervisor_start() {
  local tree i; tree=$(ours_tree)
  if [ "$OURS_GROUPS" = 1 ] && [ -n "$tree" ]; then
    mkdir -p "$tree/pb-$PEER"
    ct sh -c "mountpoint -q /sys/fs/cgroup || mount -t cgroup2 cgroup2 /sys/fs/cgroup"
    ct sh -c "echo \$\$ >/sys/fs/cgroup/pb-$PEER/cgroup.procs; exec /bench/bprobe bg /bench/log -- watchkeeper run"
  else
    ct_bg /bench/log watchkeeper run
  fi
  for i in $(seq 100); do [ -S "$CT/root/run/watchkeeper/control.sock" ] || [ -S "/proc/$PID1/root/run/watchkeeper/control.sock" ] && break; sleep 0.1; done
  sleep 1
}
start_all() {
  ct_timed daemon-util start-all
  if [ "$OURS_ADOPTED" = 1 ] && [ ! -f "$CT/adopted" ]; then
    touch "$CT/adopted"
    kill -9 "$(supervisor_pid)"
    supervisor_start
  fi
}
stop_all() { ct_timed daemon-util stop-all; }
start_one() { ct_timed daemon-util start "$1"; }
stop_one() { ct_timed daemon-util stop "$1"; }
retry_now() { ct_timed watchkeeper retry-now "$1"; }
status() { ct_cli daemon-util check "$1"; }
status_all() { ct_cli daemon-util status; }
detail() { ct watchkeeper status "$1" | head -4; }
pid_of() { ct daemon-util pid "$1"; }
