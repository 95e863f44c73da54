#!/bin/bash
# Runs in the container that systemd.sh boots.
set -u
exec </dev/null
source /try/expect.sh

step() { echo "== $*"; }
# log_in USER COMMAND...: the user logs in, types the commands, and logs out.
log_in() {
  local user=$1
  shift
  { printf '%s\n' "$@" "exit"; sleep 1; } | script --quiet --return --command "login -f $user" "/try/$user" >/dev/null ||
    fail "login of $user: status $?: $(cat "/try/$user")"
}
# logind forgets a user ten seconds after the last session.
gone() { ! loginctl show-user "$1" >/dev/null 2>&1; }
exists() { [ -e "$1" ] || fail "$1 is gone: ${2-}"; }
missing() { [ ! -e "$1" ]; }
alive() { ipmpsc ls --names --alive | grep -qx -e "$1"; }
logind_says() { # yes|no
  printf '[Login]\nRemoveIPC=%s\n' "$1" >/etc/systemd/logind.conf
  systemctl restart systemd-logind
}
seconds() { echo $(($(date +%s) - $1)); }

useradd --create-home --shell /bin/bash alice # A regular user.
usermod --shell /bin/bash robot               # A system user.

step "tmpfiles makes the directory at boot"
[ "$(stat -c '%a %U %G' /dev/shm/robot)" = "2770 robot robot" ] || fail "/dev/shm/robot: $(stat /dev/shm/robot)"

step "the exporter runs after boot"
page() {
  exec 7<>/dev/tcp/127.0.0.1/9464 && printf 'GET /metrics HTTP/1.0\r\n\r\n' >&7 && timeout 10 cat <&7 >/try/page
  exec 7>&-
}
setpriv --clear-groups --reuid robot --regid robot play /dev/shm/robot/quotes create >/dev/null
serves() { page 2>/dev/null && grep -q '^ipmpsc_channel_up{channel="/dev/shm/robot/quotes"} 1' /try/page; }
wait_until serves
main=$(systemctl show -P MainPID ipmpsc-metrics.service)
[ "$(stat -c %U "/proc/$main")" = robot ] || fail "the exporter runs as $(stat -c %U "/proc/$main")"
kill -9 "$main"
again() { [ "$(systemctl show -P MainPID ipmpsc-metrics.service)" != "$main" ] && serves; }
wait_until again

step "Debian's logind: $(systemctl --version | head -n 1), $(busctl get-property org.freedesktop.login1 \
  /org/freedesktop/login1 org.freedesktop.login1.Manager RemoveIPC)"
logind_says yes

step "RemoveIPC=yes: the files of a regular user go"
setpriv --clear-groups --reuid alice --regid alice play /dev/shm/of_a_service create >/dev/null
play /dev/shm/of_root create >/dev/null
systemd-run --quiet --unit=viewer -p User=alice play /dev/shm/of_a_service receive
wait_until alive /dev/shm/of_a_service
sleep 2
exists /dev/shm/of_a_service "before anybody has logged in"
log_in alice "play /dev/shm/quotes create" "mkdir /dev/shm/alice && play /dev/shm/alice/quotes create"
since=$(date +%s)
exists /dev/shm/quotes "at the end of the session"
wait_until gone alice
wait_until missing /dev/shm/quotes
echo "removed $(seconds "$since") s after the session"
wait_until missing /dev/shm/of_a_service
wait_until missing /dev/shm/alice
exists /dev/shm/of_root
exists /dev/shm/robot/quotes
systemctl is-active --quiet viewer || fail "an attached program does not continue"
systemctl stop viewer

step "RemoveIPC=yes: a program that a session has left behind keeps the user's files"
log_in alice "play /dev/shm/quotes create" "nohup play /dev/shm/quotes hold >/dev/null 2>&1 &"
sleep 15
exists /dev/shm/quotes "of a user whose session still has a program"
loginctl kill-user --signal=KILL alice
wait_until gone alice
wait_until missing /dev/shm/quotes

step "RemoveIPC=yes: the files of a system user stay"
log_in robot "play /dev/shm/quotes create"
wait_until gone robot
sleep 1
exists /dev/shm/quotes "of a system user"
rm /dev/shm/quotes

step "RemoveIPC=yes: a user who lingers keeps them"
loginctl enable-linger alice
log_in alice "play /dev/shm/quotes create"
sleep 15
exists /dev/shm/quotes "of a user who lingers"
loginctl disable-linger alice
wait_until gone alice
wait_until missing /dev/shm/quotes

step "RemoveIPC=yes: a directory elsewhere"
systemd-run --quiet --unit=camera -p User=alice -p RuntimeDirectory=robot \
  sh -c 'play /run/robot/quotes create && exec play /run/robot/quotes hold'
wait_until test -e /run/robot/quotes
log_in alice "true"
wait_until gone alice
exists /run/robot/quotes
systemctl stop camera
missing /run/robot || fail "/run/robot stays when the unit stops"
for preserve in yes restart; do
  systemd-run --quiet --unit=camera-$preserve -p User=alice -p RuntimeDirectory=robot-$preserve \
    -p RuntimeDirectoryPreserve=$preserve \
    sh -c "[ -e /run/robot-$preserve/quotes ] || play /run/robot-$preserve/quotes create; exec play /run/robot-$preserve/quotes hold"
  wait_until test -e /run/robot-$preserve/quotes
  inode=$(stat -c %i /run/robot-$preserve/quotes)
  systemctl restart camera-$preserve
  wait_until test -e /run/robot-$preserve/quotes
  [ "$(stat -c %i /run/robot-$preserve/quotes)" = "$inode" ] || fail "$preserve: the channel did not survive a restart"
  systemctl stop camera-$preserve
done
exists /run/robot-yes/quotes "although the unit preserves it"
missing /run/robot-restart || fail "/run/robot-restart stays when the unit stops"

step "RemoveIPC=no: they stay"
logind_says no
log_in alice "play /dev/shm/quotes create"
wait_until gone alice
sleep 1
exists /dev/shm/quotes "with RemoveIPC=no"
rm /dev/shm/quotes

step "RemoveIPC= in a unit, and DynamicUser="
for property in "User=alice RemoveIPC=yes" "DynamicUser=yes"; do
  # shellcheck disable=SC2086
  systemd-run --quiet --unit=maker $(printf -- '-p %s ' $property) -p UMask=0 \
    sh -c 'play /dev/shm/quotes create && exec play /dev/shm/quotes hold'
  wait_until alive /dev/shm/quotes
  play /dev/shm/quotes trickle >/try/trickle &
  attached=$!
  wait_until grep -q ready /try/trickle
  systemctl stop maker
  wait_until missing /dev/shm/quotes
  kill -0 $attached || fail "$property: an attached program does not continue"
  kill -9 $attached
  wait $attached 2>/dev/null
  echo "$property: the name vanishes"
done
finish
