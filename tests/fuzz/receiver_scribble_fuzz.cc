// Runs a receiver over bytes that change all the time.
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/input.h"
#include "tests/fuzz/ring_program.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ipmpsc::fuzz::RunScribbled({/*acts=*/1, /*receiver=*/6, /*senders=*/1},
                             ipmpsc::fuzz::Input(data, size));
  return 0;
}
