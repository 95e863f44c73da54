// Runs a receiver over arbitrary bytes of a segment.
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/input.h"
#include "tests/fuzz/ring_program.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ipmpsc::fuzz::RunAlone({/*acts=*/4, /*receiver=*/3, /*senders=*/1},
                         ipmpsc::fuzz::Input(data, size));
  return 0;
}
