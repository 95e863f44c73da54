#!/bin/bash
# Types the commands of the documentation into a copy of this tree, and checks what they print.
#
# Every command in a block of shell code is in one of the two lists below, so a new command in a page needs a line here.
# The copy has a Bazel server of its own. Its channels lie in a folder of this test.
set -u
here=$(dirname "$(readlink -f WORKSPACE)")
source "$here/tests/examples/expect.sh"
tree=$TEST_TMPDIR/tree
output=$TEST_TMPDIR/output
export IPMPSC_DIR=$TEST_TMPDIR/channels
mkdir "$tree" "$IPMPSC_DIR"
pages=(README.md CONTRIBUTING.md docs/README.md docs/compatibility.md docs/examples.md docs/install.md
  examples/monorepo/README.md)

# Commands that other tests type, or that run for long. A command of a block and one in a table both count.
elsewhere=(
  './bazelw test //...'                                # .ci/run
  '.ci/compat'                                         # itself
  'IPMPSC_COMPAT_CACHE=/var/tmp/compat .ci/compat sid' # itself
  './bazelw test --config=aarch64 //tests/ipmpsc/...'  # needs the packages of arm64
  './bazelw test --config=nofutex //tests/ipmpsc/... //tests/process/...' # half an hour
  'cd tests/module'                                    # tests/module_test.sh, with Bazel 7 and later
  'cd examples/monorepo'                               # tests/monorepo_test.sh, with earlier Bazels
  '../../bazelw test //...'
  '../../bazelw run //app:show_tracks'
  '../../bazelw run //app:send_track -- ball'
  'cmake -S . -B build -DCMAKE_INSTALL_PREFIX=/opt/ipmpsc && cmake --build build && cmake --install build' # tests/cmake_test.sh
  './bazelw test //tests/docs:browser_test'            # runs by itself
  './bazelw test //tests/docs:commands_test'           # itself
)

# Commands that this test types, in the order in which it needs them.
demo='./bazelw run -c opt //examples:demo'
receive_frame='./bazelw run //examples/quickstart:receive_frame &'
send_frame='./bazelw run //examples/quickstart:send_frame'
receive='./bazelw run //examples:receive -- --zero_copy /dev/shm/lines'
send='./bazelw run //examples:send -- /dev/shm/lines'
viewer='./bazelw run //examples:viewer -- --directory=/tmp/frames'
camera='./bazelw run //examples:camera'
telemetry='./bazelw run //examples:telemetry'
install='./bazelw run //:install -- --prefix /opt/ipmpsc'
cmake=('cmake -S examples/cmake -B build -DCMAKE_BUILD_TYPE=Release' 'cmake --build build')
built_receive_frame='build/receive_frame &'
built_send_frame='build/send_frame'
typed=("$demo" "$receive_frame" "$send_frame" "$receive" "$send" "$viewer" "$camera" "$telemetry" "$install" "${cmake[@]}"
  "$built_receive_frame" "$built_send_frame")

# Prints the commands in blocks of shell code, one a line, without comments.
commands() {
  (cd "$here" && cat "${pages[@]}") |
    awk '/^```/ { inside = ($0 == "```sh"); next } inside' | sed 's/  *#.*//' | grep -v '^$' | sort -u
}
diff <(printf '%s\n' "${elsewhere[@]}" "${typed[@]}" | sort -u) <(commands) ||
  fail "the pages (>) have other commands than this test (<)"

(cd "$here" && tar -c --exclude=./.git --exclude='./bazel-*' --exclude='target' --exclude=./build .) | tar -x -C "$tree"
cd "$tree" || exit 1
{
  # No server stays behind, not even when this test is killed.
  echo "startup --output_user_root=$TEST_TMPDIR/bazel --max_idle_secs=60"
  echo "build --jobs=2 --noshow_progress"
  grep -s -- --disk_cache "$here/.bazelrc.user"
} >.bazelrc.user
# Bazel could not delete its outputs with the rest of the folder, as some of them are read-only.
trap 'kill $(jobs -p) 2>/dev/null; ./bazelw shutdown; chmod -R u+w "$TEST_TMPDIR/bazel"; rm -rf "$TEST_TMPDIR/bazel"' EXIT

# Builds first what the commands run, so that no wait below includes a build.
./bazelw build -c opt //examples:demo 2>"$output.errors" || fail "the demo does not build: $(tail -n 20 "$output.errors")"
./bazelw build //examples/quickstart:all //examples:receive //examples:send //examples:viewer //examples:camera \
  //examples:telemetry //:install 2>"$output.errors" || fail "the examples do not build: $(tail -n 20 "$output.errors")"
[ "$failures" = 0 ] || finish

# type COMMAND: runs the command as it stands, but for the folders that belong to others than this test.
type() {
  local command=${1//\/dev\/shm/$IPMPSC_DIR}
  command=${command//\/tmp\/frames/$TEST_TMPDIR/frames}
  bash -c "${command//\/opt\/ipmpsc/$TEST_TMPDIR/opt}"
}
expect_clean() { [ -z "$(ls "$IPMPSC_DIR")" ] || fail "$1 left behind: $(ls "$IPMPSC_DIR")"; }
prints() { grep -q -e "$1" "$output"; }

# The demo, with the kill to which it invites.
type "$demo" >"$output" 2>"$output.errors" &
pid=$!
has_progress() { kill -0 $pid 2>/dev/null || return 0; prints '^ *[1-9].* messages '; }
wait_until has_progress
kill=$(sed -n 's/^  \(kill -9 [0-9]*\)$/\1/p' "$output")
[ -n "$kill" ] || fail "the demo does not invite the kill: $(cat "$output" "$output.errors")"
bash -c "$kill" || fail "the command of the demo failed: $kill"
wait $pid || fail "the demo failed: $(cat "$output.errors")"
prints '^text 1: killed by signal 9 after it committed \([1-9][0-9]*\) messages; all \1 arrived$' ||
  fail "the demo does not say what the killed sender committed: $(cat "$output")"
prints '^verified: [1-9][0-9]* messages, 0 lost, 0 torn, 0 out of order$' || fail "the demo says: $(tail -n 1 "$output")"
prints 'not optimised' && fail "the demo of the README is not optimised"

# The quickstart, as it is written and the other way round, ten times in all.
exchange() { # FIRST SECOND
  type "$1
$2
wait" >"$output" 2>"$output.errors" || fail "'$1' and '$2' failed"
  prints '^1920x1080, 2073600 bytes$' || fail "'$1' and '$2' printed: $(cat "$output" "$output.errors")"
  [ "$(grep -cE '^(send|receive)_frame: OK$' "$output.errors")" = 2 ] || fail "'$1' and '$2': $(cat "$output.errors")"
  expect_clean "the quickstart"
}
for _ in 1 2 3 4 5; do
  exchange "$receive_frame" "$send_frame"
  exchange "$send_frame &" "${receive_frame% &}"
done

# Lines of text.
type "$receive" >"$output" 2>"$output.errors" &
pid=$!
echo hello | type "$send" || fail "sending a line failed"
wait_until prints '^hello$'
# The receiver is what `bazel run` has become.
kill -INT $(pgrep -f "receive --zero_copy $IPMPSC_DIR/lines")
wait $pid
expect_clean "the receiver of lines"

type "$telemetry" >"$output" 2>"$output.errors" || fail "telemetry failed: $(cat "$output.errors")"
prints '^32000 samples of 16 vehicles, 0 lost$' || fail "telemetry printed: $(cat "$output")"

# Video, with ffmpeg where it is installed.
if command -v ffmpeg >/dev/null; then
  type "$viewer" >"$output" 2>"$output.errors" &
  pid=$!
  type "$camera" >"$output.camera" 2>&1 &
  camera_pid=$!
  wait_until test -e "$TEST_TMPDIR/frames/camera0-000001.png"
  for program in viewer camera; do kill -INT $(pgrep -f "$TEST_TMPDIR/.*/examples/video/$program( |$)"); done
  wait $pid $camera_pid
  expect_clean "the viewer and the camera"
else
  type "$camera" >"$output" 2>&1 && fail "the camera runs without ffmpeg"
  prints 'apt-get install --no-install-recommends ffmpeg$' || fail "the camera does not say how to install ffmpeg: $(cat "$output")"
  expect_clean "the camera"
fi

type "$install" >"$output" 2>&1 || fail "the installation failed: $(tail -n 20 "$output")"
[ -x "$TEST_TMPDIR/opt/bin/protoc-gen-ipmpsc" ] || fail "the plugin is not installed"

# The quickstart built by CMake.
export CMAKE_BUILD_PARALLEL_LEVEL=2
for command in "${cmake[@]}"; do
  type "$command" >"$output" 2>&1 || fail "'$command' failed: $(tail -n 20 "$output")"
done
exchange "$built_receive_frame" "$built_send_frame"
exchange "$built_send_frame &" "${built_receive_frame% &}"

finish
