// Messages on a stream of bytes. A length of four bytes precedes each.
#ifndef IPMPSC_BENCHMARKS_TRANSPORTS_FRAMING_H_
#define IPMPSC_BENCHMARKS_TRANSPORTS_FRAMING_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace ipmpsc::benchmarks {

// Writes messages, each with its length, in as few system calls as possible. With `spin`, `fd` is
// non-blocking and the write is retried at once.
absl::Status WriteFramed(int fd, absl::Span<const absl::string_view> messages, bool spin);

// The bytes of a stream that were read and not handled yet.
class FrameReader {
 public:
  // `most` is the size of the longest message in bytes.
  explicit FrameReader(size_t most);

  // Reads the available bytes, at least one, and handles every complete message. kUnavailable: no
  // bytes are available (if `fd` is non-blocking). kOutOfRange: the stream has ended.
  absl::Status ReadSome(int fd, absl::FunctionRef<void(absl::string_view)> handler);

  // Whether the last `ReadSome` handled a message.
  bool handled() const { return handled_; }

 private:
  std::vector<char> buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;
  bool handled_ = false;
};

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_TRANSPORTS_FRAMING_H_
