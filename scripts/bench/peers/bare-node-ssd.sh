# A supervisor in a few lines of Node that starts by start-stop-daemon, as we do.
NO_CRASH=1 SUPERVISOR_COMM=node
version() { ct node -v; }
setup() {
  ct_mount
  cp "$OURS_SOURCES/bare-supervisor.mjs" "$CT/root/bench/"
  local n; for n in "$@"; do echo "$n /bench/benchd $n $(mode_of "$n")"; done | sed 's/ $//' >"$CT/root/etc/bare.conf"
  ct_boot; supervisor_start
  if [ "$AUTOSTART" = 1 ]; then start_all; fi
}
bare() { echo node /bench/bare-supervisor.mjs "$@"; }
supervisor_start() { ct_bg /bench/log $(bare run /etc/bare.conf /run/bare.sock /run); sleep 1; }
start_all() { ct_timed $(bare start /run/bare.sock); }
stop_all() { ct_timed $(bare stop /run/bare.sock); }
status() { ct_cli $(bare status /run/bare.sock); }
status_all() { ct_cli $(bare status /run/bare.sock); }
pid_of() { ct $(bare status /run/bare.sock) | sed -n "s/^$1 //p"; }
