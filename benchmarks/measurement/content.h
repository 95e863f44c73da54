// Content: what a sender puts into a message, and what a receiver reads from it, where a measurement
// is of more than bytes that are carried.
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

// Each process has one of its own, by the fork.
class Content {
 public:
  virtual ~Content() = default;
  // Of every message, in bytes.
  virtual size_t size() const = 0;
  // Makes the message and sends it.
  virtual absl::Status Send(SenderEnd& end, MessageNumber number) = 0;
  // Reads all of the message. Errors: kDataLoss - it does not hold what was sent.
  virtual absl::StatusOr<MessageNumber> Read(absl::string_view message) = 0;
};

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_MEASUREMENT_CONTENT_H_
