// QuietProtobuf: keeps protobuf from logging parse errors during its lifetime.
#ifndef TESTS_TESTING_QUIET_PROTOBUF_H_
#define TESTS_TESTING_QUIET_PROTOBUF_H_

#include "google/protobuf/stubs/common.h"
#if GOOGLE_PROTOBUF_VERSION < 4022000
#include "google/protobuf/stubs/logging.h"
#endif

namespace ipmpsc::testing {

#if GOOGLE_PROTOBUF_VERSION < 4022000
using QuietProtobuf = google::protobuf::LogSilencer;
#else
// Later releases log by Abseil and are not silenced.
class QuietProtobuf {
 public:
  QuietProtobuf() {}
};
#endif

}  // namespace ipmpsc::testing

#endif  // TESTS_TESTING_QUIET_PROTOBUF_H_
