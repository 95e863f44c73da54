// conformance_testee [message|walk|setters]: answers requests of protobuf's conformance test runner
// on the standard input until it ends. Each request and each response has its length in front, four
// bytes, the lowest first.
#include <cstdint>
#include <cstdio>
#include <string>

#include "absl/strings/string_view.h"
#include "tests/codegen/conformance/testee.h"

int main(int argc, char** argv) {
  using ipmpsc_test::conformance::Path;
  const absl::string_view name = argc > 1 ? argv[1] : "walk";
  Path path = Path::kWalk;
  if (name == "message") {
    path = Path::kMessage;
  } else if (name == "setters") {
    path = Path::kSetters;
  } else if (name != "walk") {
    std::fprintf(stderr, "usage: %s [message|walk|setters]\n", argv[0]);
    return 2;
  }
  uint8_t length[4];
  while (std::fread(length, 1, sizeof(length), stdin) == sizeof(length)) {
    const uint32_t size = length[0] | uint32_t{length[1]} << 8 | uint32_t{length[2]} << 16 |
                          uint32_t{length[3]} << 24;
    std::string request(size, '\0');
    if (std::fread(request.data(), 1, size, stdin) != size) return 1;
    const std::string response = ipmpsc_test::conformance::Answer(request, path);
    for (int i = 0; i < 4; ++i) length[i] = static_cast<uint8_t>(response.size() >> (8 * i));
    std::fwrite(length, 1, sizeof(length), stdout);
    std::fwrite(response.data(), 1, response.size(), stdout);
    if (std::fflush(stdout) != 0) return 1;
  }
  return 0;
}
