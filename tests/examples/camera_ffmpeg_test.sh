#!/bin/bash
# With the real ffmpeg, the viewer writes the pixels that ffmpeg decodes from a test picture and from a
# video file, and ffmpeg ends with the camera.
# Arguments: the camera, the viewer and the png_pixels binary.
source tests/examples/expect.sh
camera=$PWD/$1
viewer=$PWD/$2
png_pixels=$PWD/$3
source tests/examples/video.sh
cd "$TEST_TMPDIR" || exit 1

# expect_frames DIRECTORY INPUT...: four PNG files have the pixels that ffmpeg decodes from the input.
expect_frames() {
  local directory=$1 number
  shift
  ffmpeg -nostdin -v error "$@" -frames:v 4 -pix_fmt rgb24 -f rawvideo -y pixels || fail "ffmpeg failed"
  for number in 1 2 3 4; do
    head -c $((number * 230400)) pixels | tail -c 230400 >expected
    expect_pixels $directory/camera0-00000$number.png expected
  done
}

"$camera" --size=320x240 --rate=50 --frames=4 channel >said 2>&1 || fail "the camera failed"
[ "$(tail -n 1 said)" = "4 frames sent, 0 dropped" ] || fail "the camera says: $(tail -n 1 said)"
"$viewer" --directory=test --every=1 --frames=4 channel || fail "the viewer failed"
expect_frames test -f lavfi -i testsrc2=size=320x240:rate=50

ffmpeg -nostdin -v error -f lavfi -i testsrc2=size=320x240:rate=25 -frames:v 10 -c:v mpeg4 -y video.mp4 ||
  fail "ffmpeg failed"
"$camera" --input=video.mp4 --live=false channel >said || fail "the camera failed"
[ "$(tail -n 1 said)" = "10 frames sent, 0 dropped" ] || fail "the camera says: $(tail -n 1 said)"
"$viewer" --directory=file --every=1 --frames=10 channel || fail "the viewer failed"
expect_frames file -i video.mp4

"$camera" --input=nothing.mp4 channel >said 2>&1
[ $? = 2 ] || fail "a missing file did not end the camera with status 2"
grep -q "nothing.mp4: No such file" said || fail "the camera says: $(tail -n 1 said)"

# ffmpeg ends when the camera is asked to end and when it is killed.
for signal in INT KILL; do
  "$camera" --size=320x240 channel >said 2>&1 &
  camera_pid=$!
  wait_until pgrep -P $camera_pid -x ffmpeg >/dev/null
  ffmpeg_pid=$(pgrep -P $camera_pid -x ffmpeg)
  kill -$signal $camera_pid
  wait $camera_pid
  status=$?
  if [ $signal = INT ]; then
    [ $status = 0 ] || fail "the camera ended with status $status"
    [[ $(tail -n 1 said) == [0-9]*" frames sent, "[0-9]*" dropped" ]] || fail "the camera says: $(tail -n 1 said)"
  fi
  wait_until test ! -d "/proc/$ffmpeg_pid"
done

finish
