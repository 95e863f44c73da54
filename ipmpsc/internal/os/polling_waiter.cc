// WordWaiter by polling: compares all words after pauses that grow.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "ipmpsc/internal/os/clock.h"
#include "ipmpsc/internal/os/poll_base.h"
#include "ipmpsc/internal/os/word_waiter.h"

namespace ipmpsc::internal {
namespace {

// Nanoseconds. As in polled_futex.cc: each pause is twice the one before.
constexpr int64_t kShortestPause = 50'000;
constexpr int64_t kLongestPause = 4'000'000;

class PollingWaiter : public PollBase {
 public:
  int Open() { return OpenEvent(); }

  bool Watch(Token token, std::atomic<uint32_t>* word, uint32_t expected) override {
    if (token >= places_.size()) places_.resize(token + 1, kNoPlace);
    places_[token] = watches_.size();
    watches_.push_back({token, expected, word});
    return true;
  }

  void Unwatch(Token token) override {
    if (token < places_.size() && places_[token] != kNoPlace) Remove(places_[token]);
  }

  void Flush() override {}

  void Collect(std::vector<Token>* fired) override {
    const size_t before = fired->size();
    for (size_t i = watches_.size(); i-- > 0;) {
      if (!HasChanged(watches_[i])) continue;
      fired->push_back(watches_[i].token);
      Remove(i);
    }
    CollectFd(fired);
    if (fired->size() != before) pause_ = kShortestPause;
  }

  void Sleep(MonotonicNanos deadline) override {
    for (pause_ = kShortestPause;; pause_ = std::min(2 * pause_, kLongestPause)) {
      const int64_t left = deadline - MonotonicNow();
      if (left <= 0 || Poll(std::min(pause_, left)) ||
          std::any_of(watches_.begin(), watches_.end(), HasChanged)) {
        return;
      }
    }
  }

  // The timer ends each pause. The outer loop's next `Rearm` begins a longer one.
  void Rearm(int64_t alarm) override {
    ClearEvent();
    SetTimer(std::min(alarm, MonotonicNow() + pause_));
    pause_ = std::min(2 * pause_, kLongestPause);
  }

  void AbandonInChild() override {}

 private:
  struct Watched {
    Token token;
    uint32_t expected;
    std::atomic<uint32_t>* word;
  };
  static constexpr size_t kNoPlace = ~size_t{0};

  static bool HasChanged(const Watched& watch) {
    // Relaxed: a hint. The caller looks at its condition in its own order.
    return watch.word->load(std::memory_order_relaxed) != watch.expected;
  }

  void Remove(size_t place) {
    places_[watches_[place].token] = kNoPlace;
    if (place + 1 != watches_.size()) {
      watches_[place] = watches_.back();
      places_[watches_[place].token] = place;
    }
    watches_.pop_back();
  }

  std::vector<Watched> watches_;
  std::vector<size_t> places_;  // of tokens, in `watches_`
  int64_t pause_ = kShortestPause;
};

}  // namespace

absl::StatusOr<std::unique_ptr<WordWaiter>> CreatePollingWaiter() {
  auto waiter = std::make_unique<PollingWaiter>();
  if (const int error = waiter->Open(); error != 0) {
    return absl::ResourceExhaustedError(
        absl::StrCat("cannot make an event descriptor: ", strerror(error)));
  }
  return std::unique_ptr<WordWaiter>(std::move(waiter));
}

}  // namespace ipmpsc::internal
