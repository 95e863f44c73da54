#include "examples/demo/checksum.h"

#include <cstddef>
#include <cstring>

namespace ipmpsc::examples {
namespace {

uint64_t Mix(uint64_t sum, uint64_t word) {
  // An odd factor and a rotation are both reversible.
  sum = (sum ^ word) * 0x9E3779B97F4A7C15;
  return sum << 29 | sum >> 35;
}

}  // namespace

uint64_t DemoChecksum(uint32_t sender, uint64_t sequence, absl::string_view content) {
  uint64_t sum = Mix(Mix(sequence, sender), content.size());
  for (size_t i = 0; i < content.size(); i += sizeof(uint64_t)) {
    uint64_t word = 0;
    const size_t rest = content.size() - i;
    std::memcpy(&word, content.data() + i, rest < sizeof(word) ? rest : sizeof(word));
    sum = Mix(sum, word);
  }
  return sum;
}

}  // namespace ipmpsc::examples
