# shellcheck shell=sh
# Asks systemd itself, once, where no watcher runs. Sourced by daemon-util after
# state-board.sh and start-claim.sh.
#
# Written by rename, by each command that found systemd and no watcher
# (src/bin/unit-claim.ts, src/core/unit-claim.ts):
#   RUNTIME/units  1 BOOT_ID PROVEN_MS CONFIGURATION, then lines of WORD REST;
#                  the last one is `end`

# Ends the program where systemd's answer to `$1 $2` leaves nothing open; else
# returns. `$1` is check or check-and-start.
# shellcheck disable=SC2154 # set by who sources this
answer_from_systemd() {
  # Somebody may listen there, or it would be gone: Node asks.
  if [ -e "$runtime/control.sock" ] || [ ! -d /run/systemd/system ]; then return; fi
  find_unit "$2" 2>/dev/null || return
  # As root over systemd's own socket, and with its own time-out.
  facts=$(LC_ALL=C /usr/bin/systemctl show --property=LoadState,ActiveState,SubState,Job -- "$target" "$unit" 2>/dev/null) || return
  # one block for each unit, with an empty line between
  of_target=${facts%%"$newline$newline"*} of_unit=${facts#*"$newline$newline"}
  case $of_target in *"$newline$newline"*) return ;; *LoadState=loaded*) ;; *) return ;; esac
  case $of_unit in *"$newline$newline"*) return ;; esac
  case $1,$of_unit in
    *ActiveState=active*) exit 0 ;;
    *Job=[1-9]*) ;;
    check,*ActiveState=inactive*SubState=dead* | check,*ActiveState=failed*SubState=failed*) exit 1 ;;
  esac
}

newline='
'
# ms. A configuration that was written over with its time of before is not seen.
readonly believed_for=600000

# Sets `target` and `unit` to what the claim says for daemon $1, if all of it holds.
# shellcheck disable=SC2154,SC2034 # set by who sources this; for is_fresh
find_unit() {
  claim=$runtime/units
  if [ ! -f "$claim" ]; then return 1; fi
  target='' unit='' ended=''
  {
    read -r version claimed_boot heartbeat claimed || return 1
    read -r boot </proc/sys/kernel/random/boot_id || return 1
    if [ "$version $claimed_boot $claimed" != "1 $boot $configuration" ]; then return 1; fi
    stale_after=$believed_for
    is_fresh || return 1
    while read -r ground about; do
      if [ -n "$ended" ]; then return 1; fi
      case $ground in
        target) target=$about ;;
        unit) case $about in "$1 "*) unit=${about#* } ;; esac ;;
        same | absent | unset | end) holds "$ground" "$about" || return 1 ;;
        *) return 1 ;;
      esac
    done
  } <"$claim" || return 1
  # half a line after the last one
  [ -n "$ended" ] && [ -z "$ground" ] && [ -n "$target" ] && [ -n "$unit" ]
}
