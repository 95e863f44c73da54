// The content of a measurement's messages, and the receiver's check that all arrive in order and
// intact. Every transport has the same work: two words are written, and two or three read.
#ifndef IPMPSC_BENCHMARKS_MEASUREMENT_PAYLOAD_H_
#define IPMPSC_BENCHMARKS_MEASUREMENT_PAYLOAD_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace ipmpsc::benchmarks {

// At least the two words.
inline constexpr size_t kSmallestPayload = 16;

// Writes message `sequence` of sender `sender` into `size` bytes. The bytes in the middle stay
// unchanged.
inline void WritePayload(char* data, size_t size, uint64_t sender, uint64_t sequence) {
  std::memcpy(data, &sender, sizeof(sender));
  std::memcpy(data + 8, &sequence, sizeof(sequence));
  const uint64_t last = ~sequence;
  if (size >= 24) std::memcpy(data + size - 8, &last, sizeof(last));
}

// Writes one byte in each page.
inline void TouchPages(char* bytes, size_t size) {
  constexpr size_t kPage = 4096;
  for (size_t i = 0; i < size; i += kPage) {
    // Volatile, since the compiler sees no reader here.
    *static_cast<volatile char*>(bytes + i) = 'y';
  }
}

// Checks the arriving messages.
class PayloadCheck {
 public:
  PayloadCheck(int senders, size_t size) : size_(size), next_(senders, 0) {}

  // Returns whether this is the next message of its sender.
  bool Accept(absl::string_view message) {
    uint64_t sender = 0;
    uint64_t sequence = 0;
    if (message.size() != size_) return Refuse("has another size", message.size());
    std::memcpy(&sender, message.data(), sizeof(sender));
    std::memcpy(&sequence, message.data() + 8, sizeof(sequence));
    if (size_ >= 24) {
      uint64_t last = 0;
      std::memcpy(&last, message.data() + size_ - 8, sizeof(last));
      if (last != ~sequence) return Refuse("is torn", sequence);
    }
    return AcceptNumber(sender, sequence);
  }

  // The same for a message whose bytes were already read.
  bool AcceptNumber(uint64_t sender, uint64_t sequence) {
    if (sender >= next_.size()) return Refuse("names no sender", sender);
    if (sequence != next_[sender]) return Refuse("is out of order", sequence);
    ++next_[sender];
    return true;
  }

  const std::vector<uint64_t>& received() const { return next_; }
  absl::Status status() const { return status_; }

 private:
  bool Refuse(const char* what, uint64_t which) {
    if (status_.ok()) status_ = absl::DataLossError(absl::StrCat("a message ", what, ": ", which));
    return false;
  }

  const size_t size_;
  std::vector<uint64_t> next_;  // of each sender
  absl::Status status_;
};

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_MEASUREMENT_PAYLOAD_H_
