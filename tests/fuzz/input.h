// Input: the bytes of a fuzzer's input as a source of decisions, first to last.
#ifndef TESTS_FUZZ_INPUT_H_
#define TESTS_FUZZ_INPUT_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "absl/strings/string_view.h"

namespace ipmpsc::fuzz {

// Behind the end there are zeros.
class Input {
 public:
  Input(const uint8_t* data, size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}
  explicit Input(absl::string_view bytes) : rest_(bytes) {}

  bool empty() const { return rest_.empty(); }

  // A number, in the machine's byte order.
  template <typename T>
  T Take() {
    T number = 0;
    const absl::string_view bytes = TakeBytes(sizeof(T));
    if (!bytes.empty()) std::memcpy(&number, bytes.data(), bytes.size());
    return number;
  }

  // Below `n`. REQUIRES: 0 < n <= 256.
  uint32_t Pick(uint32_t n) { return Take<uint8_t>() % n; }

  // At most `size` bytes.
  absl::string_view TakeBytes(size_t size) {
    const absl::string_view bytes = rest_.substr(0, std::min(size, rest_.size()));
    rest_.remove_prefix(bytes.size());
    return bytes;
  }

  absl::string_view TakeRest() { return TakeBytes(rest_.size()); }

 private:
  absl::string_view rest_;
};

}  // namespace ipmpsc::fuzz

#endif  // TESTS_FUZZ_INPUT_H_
