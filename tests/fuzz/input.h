// Input: the bytes of a fuzzer's input as a sequence of decisions.
#ifndef TESTS_FUZZ_INPUT_H_
#define TESTS_FUZZ_INPUT_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "absl/strings/string_view.h"

namespace ipmpsc::fuzz {

// Zeros follow the end.
class Input {
 public:
  Input(const uint8_t* data, size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}
  explicit Input(absl::string_view bytes) : rest_(bytes) {}

  bool empty() const { return rest_.empty(); }

  // Takes a number in native byte order.
  template <typename T>
  T Take() {
    T number = 0;
    const absl::string_view bytes = TakeBytes(sizeof(T));
    if (!bytes.empty()) std::memcpy(&number, bytes.data(), bytes.size());
    return number;
  }

  // Takes a number below `n`. REQUIRES: 0 < n <= 256.
  uint32_t Pick(uint32_t n) { return Take<uint8_t>() % n; }

  // Takes at most `size` bytes.
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
