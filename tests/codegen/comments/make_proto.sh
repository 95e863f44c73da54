#!/bin/sh
# Prints a .proto file whose comments hold what could break a generated header: ends of comments and
# lines, trigraphs, control characters, text that changes its direction, text that is not UTF-8.
set -eu

comment() {  # comment TEXT: a comment of one line, with octal escapes
  printf "  // $1\n"
}

printf 'syntax = "proto2";\r\n\r\npackage ipmpsc_test.comments;\r\n\r\n'
printf '// Lines end with a carriage return.\r\n// backslash \\\r\nmessage Windows {\r\n'
printf '  optional int32 a = 1;  // behind \\\r\n}\r\n\r\n'

printf '// Message \\\nmessage Hostile {\n'
n=1
field() {  # field OPTIONS: one more field
  printf "  optional int32 f$n = $n${1-};\n"
  n=$((n + 1))
}
comment '*/ int broken; /*'
field
comment '/* and // and /// and ///< and //! and /**'
field
comment 'int broken; \\'
field
comment 'a backslash and spaces \\   '
field
comment 'a trigraph ??/'
field
comment 'a trigraph and spaces ??/   '
field
comment 'controls \001\010\013\014\033\177 and a tab \t.'
field
comment 'a carriage return \r int broken;'
field
comment 'not UTF-8: \200 \303 \355\240\200 \377 \300\200 \364\220\200\200'
field
comment 'directions \342\200\256 \342\201\246 \330\234 \342\200\217'
field
comment 'C1 \302\205 and separators \342\200\250 int broken;'
field
comment 'UTF-8: \303\244\303\266\303\274 \342\202\254 \360\237\223\267'
field
comment '$view$ and $$ and %%s and %%n and {} and #define A \\'
field
comment '#error'
field
comment '@param nothing \\brief @deprecated <b>unclosed &nbsp; </i> <string, int>'
field
comment "$(printf '%2000s' '' | tr ' ' 'w')"
field
comment "$(printf '%400s' '' | sed 's#    #a b \\\\\\\\ ??/ #g')"
field
comment ''
comment ''
field
comment '"quotes '"'"' that are open'
field ' [deprecated = true]'
printf '  /* A block \\\n   * of lines ??/\n   * // */ optional int32 block = 100;  /* and \\ behind */\n'
printf '  // A oneof \\\n  oneof choice {\n    // Member \\\n    string text = 101 [deprecated = true];  // \\\n'
printf '    Hostile inside = 102 [deprecated = true];\n  }\n'
printf '  repeated int32 numbers = 103 [deprecated = true];\n'
printf '  repeated string texts = 104 [deprecated = true];\n'
printf '  repeated Later messages = 105 [deprecated = true];\n'
printf '  map<int32, Later> map = 106 [deprecated = true];\n'
printf '  required Later later = 107 [deprecated = true];\n'
printf '  optional Kind kind = 108 [default = OLD, deprecated = true];\n}\n\n'
printf 'message Later {\n  option deprecated = true;\n  optional Hostile hostile = 1;  // \\\n}\n\n'
printf '// Enum \\\nenum Kind {\n  option deprecated = true;\n  // Value \\\n  NEW = 0;  // ??/\n'
printf '  OLD = 1 [deprecated = true];\n}\n'
