#!/bin/sh
# Tests that protoc reports input that the plugin cannot handle, with the file and the type or field.
set -eu
protoc=$PWD/$1
plugin=$PWD/$2
cd "$TEST_TMPDIR"
mkdir -p ipmpsc google/protobuf out
cp "$OLDPWD/proto/ipmpsc/channel.proto" "$OLDPWD/proto/ipmpsc/field.proto" \
  "$OLDPWD/proto/ipmpsc/service.proto" ipmpsc/

fails() {  # fails WANTED ARGUMENT...: protoc fails, with WANTED in what it says
  wanted=$1
  shift
  if "$protoc" "--plugin=protoc-gen-ipmpsc=$plugin" -I. -I/usr/include --ipmpsc_out=out "$@" 2>said; then
    echo "FAILED: protoc $* succeeded" >&2
    exit 1
  fi
  if ! grep -qF -e "$wanted" said; then
    echo "FAILED: protoc $* said, without \"$wanted\":" >&2
    cat said >&2
    exit 1
  fi
}

message() {  # message NAME OPTION: a file with a message that has the option
  printf 'syntax = "proto3";\npackage p;\nimport "ipmpsc/channel.proto";\nmessage M { option (ipmpsc.channel) = { %s }; }\n' "$2" >"$1"
}

message good.proto 'name: "good" capacity: 70368744177664 max_senders: 4096'
"$protoc" "--plugin=protoc-gen-ipmpsc=$plugin" -I. -I/usr/include --ipmpsc_out=out good.proto
test -s out/good.ipmpsc.h

fails 'no option "lite"' --ipmpsc_opt=lite good.proto
fails 'no option "a=b,c"' --ipmpsc_opt=a=b,c good.proto

message slash.proto 'name: "a/b"'
fails '--ipmpsc_out: slash.proto: p.M: option (ipmpsc.channel): name "a/b" is not a file name; use one without "/"' slash.proto
message dots.proto 'name: ".."'
fails 'dots.proto: p.M: option (ipmpsc.channel): name ".." is not a file name; use one' dots.proto
message capacity.proto 'capacity: 70368744177665'
fails 'capacity.proto: p.M: option (ipmpsc.channel): capacity 70368744177665 exceeds the limit of 70368744177664 bytes; lower it' capacity.proto
message senders.proto 'max_senders: 4097'
fails 'senders.proto: p.M: option (ipmpsc.channel): max_senders 4097 exceeds the limit of 4096; lower it' senders.proto
message good_behavior.proto 'on_full: DROP_NEWEST exist_policy: OPEN mode: 0640'
"$protoc" "--plugin=protoc-gen-ipmpsc=$plugin" -I. -I/usr/include --ipmpsc_out=out good_behavior.proto
grep -qF '::ipmpsc::OnFull::kDropNewest, ::ipmpsc::ExistPolicy::kOpen, /*mode=*/0640}' out/good_behavior.ipmpsc.h
message mode.proto 'mode: 04640'
fails 'mode.proto: p.M: option (ipmpsc.channel): mode 04640 has other bits than the permissions 0777; remove them, and write it in octal' mode.proto
message decimal.proto 'mode: 640'
fails 'decimal.proto: p.M: option (ipmpsc.channel): mode 01200 has other bits' decimal.proto
message lossy.proto 'on_full: DROP_OLDEST'
fails 'DROP_OLDEST' lossy.proto

field() {  # field NAME FIELD ALIGNMENT: a file with a message that has the field, so aligned
  printf 'syntax = "proto3";\npackage p;\nimport "ipmpsc/field.proto";\nmessage M { message N {} %s = 1 [(ipmpsc.field).alignment = %s]; }\n' "$2" "$3" >"$1"
}

field aligned.proto 'bytes b' 4096
"$protoc" "--plugin=protoc-gen-ipmpsc=$plugin" -I. -I/usr/include --ipmpsc_out=out aligned.proto
grep -qF '/*alignment=*/4096' out/aligned.ipmpsc.h
field three.proto 'bytes b' 3
fails 'three.proto: p.M.b: option (ipmpsc.field): alignment 3 is not a power of two; use one from 1 to 4096' three.proto
field pages.proto 'string s' 8192
fails 'pages.proto: p.M.s: option (ipmpsc.field): alignment 8192 exceeds the limit of 4096; lower it' pages.proto
field number.proto 'int32 n' 64
fails 'number.proto: p.M.n: option (ipmpsc.field): alignment 64 is set on a field that is neither bytes, string nor packed numbers of fixed width; remove it' number.proto
field varint.proto 'repeated int32 n' 64
fails 'varint.proto: p.M.n: option (ipmpsc.field): alignment 64 is set on a field that is neither bytes, string nor packed numbers of fixed width; remove it' varint.proto
field single.proto 'float n' 64
fails 'single.proto: p.M.n: option (ipmpsc.field): alignment 64 is set on a field that is neither' single.proto
field odd.proto 'repeated float n' 65
fails 'odd.proto: p.M.n: option (ipmpsc.field): alignment 65 is not a power of two; use one from 1 to 4096' odd.proto
cat >unpacked.proto <<'END'
syntax = "proto2";
package p;
import "ipmpsc/field.proto";
message M { repeated float n = 1 [(ipmpsc.field).alignment = 64]; }
END
fails 'unpacked.proto: p.M.n: option (ipmpsc.field): alignment 64 is set on a field that is neither' unpacked.proto
field message.proto 'N m' 64
fails 'message.proto: p.M.m: option (ipmpsc.field): alignment 64 is set on a field that is neither' message.proto
field map.proto 'map<string, bytes> m' 64
fails 'map.proto: p.M.m: option (ipmpsc.field): alignment 64 is set on a field that is neither' map.proto
field repeated.proto 'repeated bytes r' 64
fails 'repeated.proto: p.M.r: option (ipmpsc.field): alignment 64 is set on a repeated field; remove it' repeated.proto
cat >extension.proto <<'END'
syntax = "proto2";
package p;
import "ipmpsc/field.proto";
message M { extensions 1; }
extend M { optional bytes b = 1 [(ipmpsc.field).alignment = 64]; }
END
fails 'extension.proto: p.b: option (ipmpsc.field): alignment 64 is set on an extension, which has no setter; remove it' extension.proto

service() {  # service NAME OPTION METHODS: a file with a service that has the option and the methods
  printf 'syntax = "proto3";\npackage p;\nimport "ipmpsc/service.proto";\nmessage M {}\nservice S { %s %s }\n' "$2" "$3" >"$1"
}

# A service without the option generates what its file does without it.
service plain.proto '' 'rpc A(stream M) returns (M);'
"$protoc" "--plugin=protoc-gen-ipmpsc=$plugin" -I. -I/usr/include --ipmpsc_out=out plain.proto
if grep -qE 'rpc|SClient' out/plain.ipmpsc.h; then
  echo "FAILED: classes are generated for a service without option (ipmpsc.service)" >&2
  exit 1
fi
service service.proto 'option (ipmpsc.service) = {};' 'rpc A(M) returns (stream M);'
"$protoc" "--plugin=protoc-gen-ipmpsc=$plugin" -I. -I/usr/include --ipmpsc_out=out service.proto
grep -q '^class SClient' out/service.ipmpsc.h
service upload.proto 'option (ipmpsc.service) = {};' 'rpc A(stream M) returns (M);'
fails 'upload.proto: p.S.A: its client streams requests, which services over channels do not have; make the request one message, or remove option (ipmpsc.service)' upload.proto
service chat.proto 'option (ipmpsc.service) = {};' 'rpc A(stream M) returns (stream M);'
fails 'chat.proto: p.S.A: its client streams requests' chat.proto
service s_name.proto 'option (ipmpsc.service) = { name: "a/b" };' ''
fails 's_name.proto: p.S: option (ipmpsc.service): name "a/b" is not a file name; use one without "/"' s_name.proto
service s_clients.proto 'option (ipmpsc.service) = { max_clients: 4097 };' ''
fails 's_clients.proto: p.S: option (ipmpsc.service): max_clients 4097 exceeds the limit of 4096; lower it' s_clients.proto
service s_capacity.proto 'option (ipmpsc.service) = { capacity: 70368744177665 };' ''
fails 's_capacity.proto: p.S: option (ipmpsc.service): capacity 70368744177665 exceeds the limit of 70368744177664 bytes; lower it' s_capacity.proto
service s_replies.proto 'option (ipmpsc.service) = { reply_capacity: 70368744177665 };' ''
fails 's_replies.proto: p.S: option (ipmpsc.service): reply_capacity 70368744177665 exceeds the limit' s_replies.proto
service s_mode.proto 'option (ipmpsc.service) = { mode: 01000 };' ''
fails 's_mode.proto: p.S: option (ipmpsc.service): mode 01000 has other bits than the permissions 0777' s_mode.proto
# Two names with one FNV-1a hash.
service hash.proto 'option (ipmpsc.service) = {};' 'rpc AqrPS(M) returns (M); rpc AIpxa(M) returns (M);'
fails 'hash.proto: p.S.AIpxa: its name has the same hash as that of p.S.AqrPS; rename one of them' hash.proto
sed 's/package p;/package log;/' service.proto >s_package.proto
fails 's_package.proto: log.S: there is no client and no server in a file that has or imports package "log"' s_package.proto

printf 'syntax = "proto3";\npackage p;\nmessage A { message B {} }\nmessage A_B {}\n' >same_name.proto
fails 'p.A_B: C++ class name A_B collides with that of p.A.B; rename one' same_name.proto
printf 'syntax = "proto3";\npackage p;\nmessage A { enum B { X = 0; } }\nmessage A_B {}\n' >same_enum.proto
fails 'p.A.B: C++ class name A_B collides with that of p.A_B; rename one' same_enum.proto

{
  printf 'syntax = "proto2";\npackage p;\nenum Wide {\n'
  i=0
  while [ $i -lt 65536 ]; do
    echo "V$i = $((2 * i));"
    i=$((i + 1))
  done
  printf '}\nmessage M { optional Wide wide = 1; }\n'
} >wide.proto
fails 'wide.proto: p.M.wide: the numbers of closed enum p.Wide form more than 65535 runs of consecutive numbers; declare the field as int32' wide.proto

# Tests the warnings about code that some programs cannot use.
warns() { # warns PACKAGE WANTED
  printf 'syntax = "proto3"; package %s; message M { string text = 1; }\n' "$1" >package.proto
  "$protoc" "--plugin=protoc-gen-ipmpsc=$plugin" -I. --ipmpsc_out=out package.proto 2>said
  if ! grep -qF -e "package.proto: warning: package \"$1\" $2" said; then
    echo "FAILED: for package $1 protoc said, without \"$2\":" >&2
    cat said >&2
    exit 1
  fi
}
warns log 'has the name of a function of the C library: the header gets views, but no writers'
grep -qF 'rename the package, for example to "log_messages"' said
warns time 'has the name of a declaration of the C library: neither this header nor the .pb.h will compile'
warns absl 'is in C++ namespace absl'
warns ipmpsc 'is in C++ namespace ipmpsc'
warns ipmpsc.view 'is in C++ namespace ipmpsc'
grep -qF 'rename the package, for example to "ipmpsc_messages.view"' said
for package in camera.log ipmpsc.examples; do
  printf 'syntax = "proto3"; package %s; message M {}\n' "$package" >package.proto
  "$protoc" "--plugin=protoc-gen-ipmpsc=$plugin" -I. --ipmpsc_out=out package.proto 2>said
  if [ -s said ]; then
    echo "FAILED: protoc warned of package $package" >&2
    exit 1
  fi
done
