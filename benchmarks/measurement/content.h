// Content: writes and reads the messages of a measurement that covers more than their transport.
#ifndef IPMPSC_BENCHMARKS_MEASUREMENT_CONTENT_H_
#define IPMPSC_BENCHMARKS_MEASUREMENT_CONTENT_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "benchmarks/transport.h"

namespace ipmpsc::benchmarks {

struct MessageNumber {
  uint64_t sender;
  uint64_t sequence;
};

// Each process has its own copy after the fork.
class Content {
 public:
  virtual ~Content() = default;
  // The size of every message in bytes.
  virtual size_t size() const = 0;
  // Makes the message and sends it.
  virtual absl::Status Send(SenderEnd& end, MessageNumber number) = 0;
  // Reads the whole message. Errors: kDataLoss - the message differs from the one that was sent.
  virtual absl::StatusOr<MessageNumber> Read(absl::string_view message) = 0;
};

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_MEASUREMENT_CONTENT_H_
