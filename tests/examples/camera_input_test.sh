#!/bin/bash
# The camera and the viewer name bad input, and the camera runs ffmpeg with the right arguments. A script
# stands in for ffmpeg and records its arguments.
# Arguments: the camera, the viewer and the png_pixels binary.
source tests/examples/expect.sh
camera=$PWD/$1
viewer=$PWD/$2
png_pixels=$PWD/$3
source tests/examples/video.sh
cd "$TEST_TMPDIR" || exit 1

for program in "$camera" "$viewer"; do
  expect_bad_input "path of one channel" "$program" a b
  expect_bad_input "unknown flag --wrong" "$program" --wrong
  expect_bad_input "nowhere" "$program" nowhere/channel
  expect_bad_input "capacity must be 1 to" "$program" --capacity=0 channel
  expect_bad_input "not an ipmpsc channel" "$program" .
  "$program" --help | grep -q "$(basename "$program") \[flags\]" || fail "$program --help has no usage text"
done
[ -e channel ] && fail "a channel that could not be created was left behind"
expect_bad_input "--every must be" "$viewer" --every=0 channel
: >file
expect_bad_input "cannot create file/frames" "$viewer" --directory=file/frames channel
expect_bad_input "cannot write to" "$viewer" --directory=file channel
expect_bad_input "--size must be like" "$camera" --size=10 channel
expect_bad_input "--size must be like" "$camera" --size=0x10 channel
expect_bad_input "--size must be like" "$camera" --size=20000x10 channel
expect_bad_input "--size must be like" "$camera" --size=10x10:rate=3 channel
expect_bad_input "--rate must be" "$camera" --rate=0 channel
expect_bad_input "--rate must be" "$camera" --rate=nan channel
expect_bad_input "cannot read nothing" "$camera" --ppm=nothing channel
expect_bad_input "cannot read the pictures" "$camera" --ppm=. channel

bad_pictures() { # TEXT CONTENTS: the camera prints TEXT for a file with CONTENTS
  printf "$2" >pictures
  expect_bad_input "$1" "$camera" --ppm=pictures channel
}
bad_pictures "does not begin with P6" 'P5\n1 1\n255\nx'
bad_pictures "does not begin with P6" 'ab'
bad_pictures "ends in the middle" 'P'
bad_pictures "ends in the middle" 'P6\n1 '
bad_pictures "ends in the middle" 'P6\n1 1\n255\nxx'
bad_pictures "its size is missing" 'P6\none 1\n255\nxxx'
bad_pictures "its size is 0x1" 'P6\n0 1\n255\n'
bad_pictures "its size is 1x16385" 'P6\n1 16385\n255\n'
bad_pictures "too long" 'P6\n100000 1\n255\n'
bad_pictures "its maximum colour value is 65535" 'P6\n1 1\n65535\nxxxxxx'
bad_pictures "a frame of 16384x16384: " 'P6\n16384 16384\n255\n'
# A good picture before the bad input is sent.
{ picture 1 10 10; echo rest; } >pictures
"$camera" --ppm=pictures channel >said 2>&1
[ $? = 2 ] || fail "bad input behind a picture did not end the camera with status 2"
[ "$(cat said)" = "1 frames sent, 0 dropped
camera: not a picture in the PPM format: it does not begin with P6" ] || fail "the camera says: $(cat said)"

# Without ffmpeg the camera says how to install it, and leaves no channel behind.
expect_bad_input "apt-get install --no-install-recommends ffmpeg" env PATH=/nowhere "$camera" channel
mkdir declared
expect_bad_input "apt-get install --no-install-recommends ffmpeg" env PATH=/nowhere IPMPSC_DIR=declared "$camera"
[ -z "$(ls declared)" ] || fail "the camera left $(ls declared) behind"

mkdir bin
cat >bin/ffmpeg <<'END'
#!/bin/bash
echo "$*" >called
cat pictures
exit "${FFMPEG_STATUS-0}"
END
chmod +x bin/ffmpeg
with_ffmpeg() { PATH=$PWD/bin:$PATH "$camera" "$@"; }
expect_called() { [ "$(cat called)" = "$1" ] || fail "ffmpeg was called with: $(cat called)"; }
format='-an -pix_fmt rgb24 -c:v ppm -f image2pipe -'
{ picture 1 10 10; picture 2 10 10; } >pictures

with_ffmpeg channel >said || fail "the camera failed with a test picture"
[ "$(cat said)" = "2 frames sent, 0 dropped" ] || fail "the camera says: $(cat said)"
expect_called "-nostdin -v error -re -f lavfi -i testsrc2=size=1280x720:rate=25 $format"
with_ffmpeg --size=320x240 --rate=29.97 --live=false channel >said || fail "the camera failed"
expect_called "-nostdin -v error -f lavfi -i testsrc2=size=320x240:rate=29.97 $format"
with_ffmpeg --input='my video.mp4' channel >said || fail "the camera failed with a file"
expect_called "-nostdin -v error -re -i my video.mp4 $format"
with_ffmpeg --frames=1 channel >said || fail "the camera failed with one frame"
[ "$(cat said)" = "1 frames sent, 0 dropped" ] || fail "the camera says: $(cat said)"
export FFMPEG_STATUS=3
: >pictures
expect_bad_input "ffmpeg failed with status 3" with_ffmpeg channel

finish
