#include "benchmarks/transports/framing.h"

#include <errno.h>
#include <limits.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>

namespace ipmpsc::benchmarks {
namespace {

// Holds many small messages in one call.
constexpr size_t kLeastBuffer = size_t{1} << 18;

}  // namespace

absl::Status WriteFramed(int fd, absl::Span<const absl::string_view> messages, bool spin) {
  constexpr size_t kMostAtOnce = IOV_MAX / 2;
  uint32_t lengths[kMostAtOnce];
  iovec parts[2 * kMostAtOnce];
  while (!messages.empty()) {
    const size_t count = std::min(messages.size(), kMostAtOnce);
    for (size_t i = 0; i < count; ++i) {
      lengths[i] = static_cast<uint32_t>(messages[i].size());
      parts[2 * i] = {&lengths[i], sizeof(lengths[i])};
      parts[2 * i + 1] = {const_cast<char*>(messages[i].data()), messages[i].size()};
    }
    messages.remove_prefix(count);
    iovec* next = parts;
    iovec* const end = parts + 2 * count;
    while (next != end) {
      const ssize_t written = writev(fd, next, static_cast<int>(end - next));
      if (written < 0) {
        if (errno == EINTR || (spin && errno == EAGAIN)) continue;
        return absl::ErrnoToStatus(errno, "writev");
      }
      size_t left = static_cast<size_t>(written);
      while (next != end && left >= next->iov_len) left -= (next++)->iov_len;
      if (left != 0) {
        next->iov_base = static_cast<char*>(next->iov_base) + left;
        next->iov_len -= left;
      }
    }
  }
  return absl::OkStatus();
}

FrameReader::FrameReader(size_t most) : buffer_(std::max(kLeastBuffer, most + sizeof(uint32_t))) {}

absl::Status FrameReader::ReadSome(int fd, absl::FunctionRef<void(absl::string_view)> handler) {
  handled_ = false;
  // Unread bytes move to the front only if the space behind them is too small for the longest
  // message.
  if (begin_ != 0 && end_ == buffer_.size()) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  ssize_t got;
  do {
    got = read(fd, buffer_.data() + end_, buffer_.size() - end_);
  } while (got < 0 && errno == EINTR);
  if (got == 0) return absl::OutOfRangeError("the stream has ended");
  if (got < 0) {
    if (errno == EAGAIN) return absl::UnavailableError("");
    return absl::ErrnoToStatus(errno, "read");
  }
  end_ += static_cast<size_t>(got);
  uint32_t length = 0;
  while (end_ - begin_ >= sizeof(length)) {
    std::memcpy(&length, buffer_.data() + begin_, sizeof(length));
    if (end_ - begin_ - sizeof(length) < length) break;
    handler({buffer_.data() + begin_ + sizeof(length), length});
    begin_ += sizeof(length) + length;
    handled_ = true;
  }
  if (begin_ == end_) begin_ = end_ = 0;
  return absl::OkStatus();
}

}  // namespace ipmpsc::benchmarks
