// Runs a fuzz target over inputs, in builds without libFuzzer's own main.
//
//   NAME_corpus_test FILE...                               the files themselves
//   NAME_mutation_test --seconds=N [--seed=N] FILE...      and then, for N seconds, changed copies
//
// The changes are drawn blindly: unlike libFuzzer, nothing sees what code they reach. A run names
// its seed, and the same seed draws the same inputs. An input that ends the program is kept as
// `crash` in the outputs of the test.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <utility>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
// Null without a sanitizer. A sanitizer reports signals itself, and then ends the program.
extern "C" [[gnu::weak]] void __sanitizer_set_death_callback(void (*callback)());

namespace {

using Bytes = std::vector<uint8_t>;

// An input that takes longer counts as hung. SIGALRM then ends the program.
constexpr unsigned kPatienceSeconds = 60;
constexpr size_t kMaxSize = 4096;

// The input that the handler of a crash writes, and its file.
Bytes current_input;
std::string crash_path;

void KeepInput() {
  const int file = open(crash_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file >= 0 && write(file, current_input.data(), current_input.size()) >= 0) {
    constexpr char kText[] = "the input is kept as `crash` in the outputs of the test\n";
    if (write(STDERR_FILENO, kText, sizeof(kText) - 1) < 0) _exit(1);
  }
}

void KeepInputAndEnd(int signal) {
  KeepInput();
  raise(signal);  // ends the program: the handler is gone (SA_RESETHAND)
}

void KeepInputOfACrash() {
  const char* const folder = std::getenv("TEST_UNDECLARED_OUTPUTS_DIR");
  crash_path = std::string(folder == nullptr ? "." : folder) + "/crash";
  std::vector<int> signals = {SIGABRT, SIGALRM};
  if (__sanitizer_set_death_callback != nullptr) {
    __sanitizer_set_death_callback(KeepInput);
  } else {
    signals.insert(signals.end(), {SIGBUS, SIGFPE, SIGILL, SIGSEGV});
  }
  struct sigaction action = {};
  action.sa_handler = KeepInputAndEnd;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER);
  for (const int signal : signals) sigaction(signal, &action, nullptr);
}

void Run(const Bytes& input) {
  current_input = input;
  current_input.shrink_to_fit();
  alarm(kPatienceSeconds);
  // Has the exact size of the input, so that AddressSanitizer detects a read behind it.
  LLVMFuzzerTestOneInput(current_input.data(), current_input.size());
  alarm(0);
}

// Draws inputs from those of the corpus.
class Mutator {
 public:
  Mutator(std::vector<Bytes> corpus, uint64_t seed) : corpus_(std::move(corpus)), random_(seed) {}

  Bytes Next() {
    Bytes input = corpus_[Below(corpus_.size())];
    for (size_t changes = 1 + Below(4); changes > 0; --changes) Change(&input);
    if (input.size() > kMaxSize) input.resize(kMaxSize);
    return input;
  }

 private:
  size_t Below(size_t bound) { return random_() % bound; }
  uint8_t Byte() {
    // The edges of varints and of lengths.
    constexpr uint8_t kEdges[] = {0x00, 0x01, 0x02, 0x07, 0x0a, 0x7f, 0x80, 0x81, 0xfe, 0xff};
    return Below(2) == 0 ? kEdges[Below(sizeof(kEdges))] : static_cast<uint8_t>(random_());
  }

  void Change(Bytes* input) {
    const auto at = [&] {
      return input->begin() + static_cast<ptrdiff_t>(Below(input->size() + 1));
    };
    if (input->empty()) {
      input->push_back(Byte());
      return;
    }
    const size_t place = Below(input->size());
    switch (Below(7)) {
      case 0:  // one bit
        (*input)[place] ^= static_cast<uint8_t>(1u << Below(8));
        break;
      case 1:  // one byte
        (*input)[place] = Byte();
        break;
      case 2:  // a little more or less: of a number, a length, a tag
        (*input)[place] = static_cast<uint8_t>((*input)[place] + 1 + Below(3) - 2);
        break;
      case 3:  // bytes more
        input->insert(at(), 1 + Below(8), Byte());
        break;
      case 4: {  // bytes less
        const size_t count = 1 + Below(input->size() - place);
        input->erase(input->begin() + static_cast<ptrdiff_t>(place),
                     input->begin() + static_cast<ptrdiff_t>(place + count));
        break;
      }
      case 5: {  // a part of itself once more
        const Bytes part(
            input->begin() + static_cast<ptrdiff_t>(place),
            input->begin() + static_cast<ptrdiff_t>(place + 1 + Below(input->size() - place)));
        input->insert(at(), part.begin(), part.end());
        break;
      }
      default: {  // the end of another input
        const Bytes& other = corpus_[Below(corpus_.size())];
        const size_t from = Below(other.size() + 1);
        input->resize(place);
        input->insert(input->end(), other.begin() + static_cast<ptrdiff_t>(from), other.end());
      }
    }
  }

  const std::vector<Bytes> corpus_;
  std::mt19937_64 random_;
};

// Returns false unless `argument` is `name` with a number behind it.
bool ReadFlag(const char* argument, const char* name, uint64_t* value) {
  if (std::strncmp(argument, name, std::strlen(name)) != 0) return false;
  *value = std::strtoull(argument + std::strlen(name), nullptr, 10);
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  using Clock = std::chrono::steady_clock;
  uint64_t seconds = 0;
  uint64_t seed = std::random_device{}();
  std::vector<Bytes> corpus;
  KeepInputOfACrash();
  for (int i = 1; i < argc; ++i) {
    if (ReadFlag(argv[i], "--seconds=", &seconds) || ReadFlag(argv[i], "--seed=", &seed)) continue;
    // Printed before the run, so that the last name is that of a crashing input.
    std::fprintf(stderr, "%s\n", argv[i]);
    std::ifstream file(argv[i], std::ios::binary);
    if (!file) {
      std::fprintf(stderr, "cannot be read\n");
      return 1;
    }
    const std::string content((std::istreambuf_iterator<char>(file)),
                              std::istreambuf_iterator<char>());
    corpus.emplace_back(content.begin(), content.end());
    Run(corpus.back());
  }
  if (corpus.empty()) {
    std::fprintf(stderr, "no inputs: the corpus is empty\n");
    return 1;
  }
  std::printf("%zu inputs, 0 crashes\n", corpus.size());
  if (seconds == 0) return 0;
  std::fprintf(stderr, "--seed=%llu\n", static_cast<unsigned long long>(seed));
  Mutator mutator(std::move(corpus), seed);
  uint64_t count = 0;
  const Clock::time_point end = Clock::now() + std::chrono::seconds(seconds);
  for (; Clock::now() < end; ++count) Run(mutator.Next());
  std::printf("%llu changed inputs, 0 crashes\n", static_cast<unsigned long long>(count));
  return count > 0 ? 0 : 1;
}
