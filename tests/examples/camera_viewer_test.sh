#!/bin/bash
# The viewer writes the pictures that the camera reads, pixel for pixel, in whatever order the two start,
# end or die.
# Arguments: the camera, the viewer and the png_pixels binary.
source tests/examples/expect.sh
camera=$PWD/$1
viewer=$PWD/$2
png_pixels=$PWD/$3
source tests/examples/video.sh
cd "$TEST_TMPDIR" || exit 1

for number in 1 2 3 4 5 6 7 8; do
  # Pictures of many sizes, with odd widths.
  picture $number $((37 * number)) $((20 + number))
done >pictures
ends_well() { wait "$1" || fail "$2 failed with status $?"; }

# The viewer starts first and writes every frame.
"$viewer" --directory=all --every=1 --frames=8 channel >viewer.out &
viewer_pid=$!
wait_until test -e channel
"$camera" --ppm=pictures --live=false channel >camera.out || fail "the camera failed"
ends_well $viewer_pid "the viewer"
for number in 1 2 3 4 5 6 7 8; do
  pixels $number $((37 * number * (20 + number) * 3)) >expected
  expect_pixels all/camera0-00000$number.png expected
done
[ "$(ls all | wc -l)" = 8 ] || fail "the viewer wrote $(ls all)"
[ "$(tail -n 1 camera.out)" = "8 frames sent, 0 dropped" ] || fail "the camera says: $(cat camera.out)"
grep -q '^8 frames, 0 dropped, .*, 296x28, all/camera0-000008.png$' viewer.out ||
  fail "the viewer says: $(cat viewer.out)"

# The camera starts first, with a ring for one frame only, and waits for the viewer, which writes every
# third frame.
for number in $(seq 1 20); do picture "$number" 160 120; done >pictures
"$camera" --ppm=- --live=false --capacity=65536 small <pictures >camera.out &
camera_pid=$!
wait_until test -e small
"$viewer" --directory=third --every=3 --frames=20 small >viewer.out || fail "the viewer failed"
ends_well $camera_pid "the camera"
[ "$(echo third/*)" = "$(printf 'third/camera0-%06d.png ' 1 4 7 10 13 16 19 | sed 's/ $//')" ] ||
  fail "the viewer wrote $(ls third)"
pixels 19 57600 >expected
expect_pixels third/camera0-000019.png expected

# A live camera drops frames for which there is no space, and counts them.
"$camera" --ppm=pictures small >camera.out || fail "the live camera failed"
[ "$(tail -n 1 camera.out)" = "1 frames sent, 19 dropped" ] || fail "the camera says: $(cat camera.out)"
"$camera" --ppm=pictures --frames=7 small >camera.out || fail "the live camera failed"
[ "$(tail -n 1 camera.out)" = "0 frames sent, 7 dropped" ] || fail "the camera says: $(cat camera.out)"
"$viewer" --frames=1 small >viewer.out || fail "the viewer failed"
grep -q '^1 frames, 0 dropped, .*, 160x120, nothing written$' viewer.out ||
  fail "the viewer says: $(cat viewer.out)"

# The viewer goes on when a camera ends or dies in the middle of a frame.
mkfifo feed
# The camera may have any slot.
is_shown() { test -e rest/camera[0-7]-000001.png; }
"$viewer" --directory=rest --every=1 channel >viewer.out &
viewer_pid=$!
for signal in INT TERM KILL; do
  "$camera" --ppm=feed channel >camera.out 2>&1 &
  camera_pid=$!
  exec 3>feed
  picture 3 160 120 >&3
  wait_until is_shown
  picture 4 160 120 | head -c 30000 >&3
  kill -$signal $camera_pid
  wait $camera_pid
  status=$?
  exec 3>&-
  if [ $signal = KILL ]; then
    [ $status = 137 ] || fail "the camera that was killed ended with status $status"
  else
    [ $status = 0 ] || fail "the camera ended with status $status at SIG$signal"
    [ "$(tail -n 1 camera.out)" = "1 frames sent, 0 dropped" ] || fail "at SIG$signal it says: $(cat camera.out)"
  fi
  pixels 3 57600 >expected
  expect_pixels rest/camera[0-7]-000001.png expected
  rm rest/*
done
picture 5 20 20 | "$camera" --ppm=- channel >/dev/null || fail "the last camera failed"
wait_until is_shown
kill -INT $viewer_pid
ends_well $viewer_pid "the viewer"
grep -q '^4 frames, 0 dropped, .*20x20' viewer.out || fail "the viewer says: $(cat viewer.out)"

# Without a path the two use the declared channel, and the last to leave removes it.
export IPMPSC_DIR=$PWD/declared
mkdir declared
declared=$IPMPSC_DIR/examples.camera
"$viewer" --frames=1 >viewer.out &
viewer_pid=$!
wait_until test -e "$declared"
picture 5 20 20 | "$camera" --ppm=- >/dev/null || fail "the camera of the declared channel failed"
ends_well $viewer_pid "the viewer of the declared channel"
picture 5 20 20 | "$camera" --ppm=- >camera.out || fail "the camera without a viewer failed"
[ -e "$declared" ] || fail "the camera removed frames that no viewer has seen"
[ "$(tail -n 1 camera.out)" = "The frames wait in $declared for a viewer. To remove them: rm $declared" ] ||
  fail "the camera says: $(cat camera.out)"
[ "$(stat -c %s "$declared")" -lt $((48 << 20)) ] || fail "the declared channel is too large for a default container"
"$viewer" --frames=1 >viewer.out || fail "the viewer after the camera failed"
[ -z "$(ls declared)" ] || fail "the viewer left $(ls declared) behind"

# A camera that runs for some time says how it is getting on. It outlives its viewer, and removes the channel.
"$camera" --ppm=feed >camera.out &
camera_pid=$!
exec 3>feed
picture 3 20 20 >&3
"$viewer" >viewer.out &
viewer_pid=$!
feeds() { picture 3 20 20 >&3; grep -q "^[1-9][0-9]* frames sent, 0 dropped, a viewer is attached$" camera.out; }
wait_until feeds
kill -INT $viewer_pid
ends_well $viewer_pid "the viewer"
[ -e "$declared" ] || fail "the viewer removed the channel of a camera that is attached"
exec 3>&-
ends_well $camera_pid "the camera"
[ -z "$(ls declared)" ] || fail "the camera left $(ls declared) behind"

finish
