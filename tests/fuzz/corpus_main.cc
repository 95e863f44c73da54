// Runs a fuzz target over the files named in the arguments, in builds without libFuzzer's own main.
#include <signal.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

// An input that takes longer counts as hung. SIGALRM then ends the program.
constexpr unsigned kPatienceSeconds = 60;

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "no inputs: the corpus is empty\n");
    return 1;
  }
  for (int i = 1; i < argc; ++i) {
    // Printed before the run, so that the last name is that of a crashing input.
    std::fprintf(stderr, "%s\n", argv[i]);
    std::ifstream file(argv[i], std::ios::binary);
    if (!file) {
      std::fprintf(stderr, "cannot be read\n");
      return 1;
    }
    const std::string content((std::istreambuf_iterator<char>(file)),
                              std::istreambuf_iterator<char>());
    // Has the exact size of the input, so that AddressSanitizer detects a read behind it.
    const std::vector<uint8_t> input(content.begin(), content.end());
    alarm(kPatienceSeconds);
    LLVMFuzzerTestOneInput(input.data(), input.size());
    alarm(0);
  }
  std::printf("%d inputs, 0 crashes\n", argc - 1);
  return 0;
}
