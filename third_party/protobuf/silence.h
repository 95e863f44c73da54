// SilenceProtobuf: for programs that report the errors of schemas and messages themselves.
#ifndef IPMPSC_THIRD_PARTY_PROTOBUF_SILENCE_H_
#define IPMPSC_THIRD_PARTY_PROTOBUF_SILENCE_H_

#include "google/protobuf/stubs/common.h"
#if GOOGLE_PROTOBUF_VERSION < 4022000
#include "google/protobuf/stubs/logging.h"
#else
#include "absl/base/log_severity.h"
#include "absl/log/globals.h"
#endif

namespace ipmpsc {

// Lets protobuf write nothing to stderr until the program ends.
inline void SilenceProtobuf() {
#if GOOGLE_PROTOBUF_VERSION < 4022000
  google::protobuf::SetLogHandler(nullptr);
#else
  // Since release 22 it logs by Abseil. Before a program initialises the log, Abseil ignores the
  // threshold of stderr, but not this one.
  absl::SetMinLogLevel(absl::LogSeverityAtLeast::kInfinity);
#endif
}

}  // namespace ipmpsc

#endif  // IPMPSC_THIRD_PARTY_PROTOBUF_SILENCE_H_
