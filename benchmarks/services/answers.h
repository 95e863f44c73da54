// Answers: what the server of a measurement replies, the same for every system. Has no state
// outside of it, since the peer with gRPC is a shared library with another copy of Abseil.
#ifndef IPMPSC_BENCHMARKS_SERVICES_ANSWERS_H_
#define IPMPSC_BENCHMARKS_SERVICES_ANSWERS_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "benchmarks/measurement/payload.h"

namespace ipmpsc::benchmarks {

// The number of the request that ends the server. Its call has one reply.
inline constexpr uint64_t kLastRequest = ~uint64_t{0};

// Writes a request of `size` bytes, at least `kSmallestPayload`, which asks for `replies` replies.
inline void WriteRequest(char* bytes, size_t size, uint64_t number, uint64_t replies) {
  WritePayload(bytes, size, replies, number);
}

class Answers {
 public:
  explicit Answers(size_t reply_bytes) : reply_bytes_(reply_bytes) {}

  // Takes a request. Returns false if it is none.
  bool Take(const char* request, size_t size) {
    if (size < kSmallestPayload) return false;
    std::memcpy(&replies_, request, sizeof(replies_));
    std::memcpy(&number_, request + 8, sizeof(number_));
    if (size < 24) return true;
    uint64_t last = 0;
    std::memcpy(&last, request + size - 8, sizeof(last));
    return last == ~number_;
  }
  // Of the request that was taken.
  uint64_t replies() const { return replies_; }
  bool is_last() const { return number_ == kLastRequest; }

  size_t reply_bytes() const { return reply_bytes_; }
  // Writes reply `index` of the request that was taken, and one byte in each of its pages.
  void Write(char* bytes, uint64_t index) const {
    TouchPages(bytes, reply_bytes_);
    WritePayload(bytes, reply_bytes_, number_, index);
  }

 private:
  const size_t reply_bytes_;
  uint64_t replies_ = 0;
  uint64_t number_ = 0;
};

// Checks the replies of one call.
class RepliesCheck {
 public:
  RepliesCheck(uint64_t number, size_t reply_bytes) : number_(number), reply_bytes_(reply_bytes) {}

  void Accept(const char* bytes, size_t size) {
    uint64_t number = 0;
    uint64_t index = 0;
    uint64_t last = 0;
    if (size == reply_bytes_) {
      std::memcpy(&number, bytes, sizeof(number));
      std::memcpy(&index, bytes + 8, sizeof(index));
      std::memcpy(&last, bytes + size - 8, sizeof(last));
    }
    is_right_ = is_right_ && size == reply_bytes_ && number == number_ && index == replies_ &&
                last == ~index;
    ++replies_;
  }
  // Whether there were that many, and each was the next one and whole.
  bool IsRight(uint64_t replies) const { return is_right_ && replies_ == replies; }

 private:
  const uint64_t number_;
  const size_t reply_bytes_;  // at least 24
  uint64_t replies_ = 0;
  bool is_right_ = true;
};

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_SERVICES_ANSWERS_H_
