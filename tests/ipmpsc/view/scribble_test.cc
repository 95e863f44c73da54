// Tests the parser and views against a peer that writes into the record meanwhile.
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>

#include "gtest/gtest.h"
#include "ipmpsc/view/arena.h"
#include "tests/codegen/protos/proto3.ipmpsc.h"

namespace ipmpsc_test {
namespace {

// Returns `content` as a length-delimited field.
std::string Delimited(char tag, const std::string& content) {
  return std::string(1, tag) + static_cast<char>(content.size()) + content;
}

// Changes bytes of `bytes` and restores them, until it is destroyed.
class Scribbler {
 public:
  explicit Scribbler(std::string* bytes)
      : thread_([this, bytes, original = *bytes] {
          for (uint32_t random = 1; !stop_.load(); random = random * 1664525 + 1013904223) {
            const size_t at = (random >> 8) % original.size();
            __atomic_store_n(&(*bytes)[at], static_cast<char>(random >> 3), __ATOMIC_RELAXED);
            for (int i = 0; i < 50; ++i) __atomic_signal_fence(__ATOMIC_SEQ_CST);
            __atomic_store_n(&(*bytes)[at], original[at], __ATOMIC_RELAXED);
          }
        }) {}
  ~Scribbler() {
    stop_.store(true);
    thread_.join();
  }

 private:
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

// A peer writes into the record while it is parsed and read. Any values may result, but no memory
// outside is touched. The sanitizers check that. The race is intended, so TSan is excluded.
TEST(ScribbleTest, SurvivesAPeerThatScribbles) {
  ipmpsc::view::Arena arena;
  std::string map;
  for (int i = 0; i < 40; ++i)
    map += Delimited('\x62', Delimited('\x0a', std::to_string(i * 7 % 40)));
  std::string lists = Delimited('\x0a', std::string(60, '\x01'));
  lists += Delimited('\x0a', std::string(30, '\x81') + std::string(60, '\x01'));
  lists += Delimited('\x72', "text") + Delimited('\x5a', "12345678");
  const Scribbler map_scribbler(&map);
  const Scribbler lists_scribbler(&lists);
  int accepted = 0;
  uint64_t seen = 0;
  for (int i = 0; i < 20000; ++i) {
    arena.Reset();
    const MapsView* const maps = MapsView::Parse(map, &arena);
    if (maps != nullptr) {
      ++accepted;
      seen += maps->by_string().contains("7");
      for (const auto& entry : maps->by_string()) seen += entry.key().size();
    }
    const RepeatedsView* const repeateds = RepeatedsView::Parse(lists, &arena);
    if (repeateds != nullptr) {
      ++accepted;
      for (const int32_t n : repeateds->int32s()) seen += static_cast<uint64_t>(n);
      for (const float f : repeateds->floats()) seen += f > 0;
    }
  }
  EXPECT_GT(accepted, 0);
  EXPECT_GT(seen, 0);
}

}  // namespace
}  // namespace ipmpsc_test
