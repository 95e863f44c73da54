// Sends messages at a rate into a new channel, beside a receiver in the same process: load for
// measurements of the recorder.
//
//   load PATH BYTES RATE SECONDS CAPACITY
//
// Prints what was sent, and the rate. Waits two seconds before it sends, so that a recorder can
// start, and one second at the end.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"

namespace ipmpsc {
namespace {

// Messages that are sent at one time.
constexpr absl::Duration kTick = absl::Milliseconds(1);

int Run(const std::string& path, uint64_t bytes, double rate, double seconds, uint64_t capacity) {
  ChannelOptions options;
  options.capacity = capacity;
  options.timestamps = true;
  options.exist_policy = ExistPolicy::kReplace;
  absl::StatusOr<Channel> channel = Channel::Create(path, options);
  if (!channel.ok()) {
    std::fprintf(stderr, "%s\n", channel.status().ToString().c_str());
    return 1;
  }
  std::thread receiving([&channel] {
    absl::StatusOr<Receiver> receiver = Receiver::Attach(*channel);
    if (!receiver.ok()) std::abort();
    while (receiver->Receive(absl::Seconds(60)).ok()) {
    }
  });
  absl::StatusOr<Sender> sender = Sender::Attach(*channel);
  if (!sender.ok()) std::abort();
  // No message is like another one that lies in the same chunk, and a third of each can be
  // compressed.
  std::string pool((size_t{32} << 20) + bytes, 'x');
  std::minstd_rand random(1);
  for (size_t i = 0; i < pool.size(); ++i) {
    if (i % 96 < 64) pool[i] = static_cast<char>(random() >> 8);
  }
  size_t at = 0;
  absl::SleepFor(absl::Seconds(2));
  const absl::Time start = absl::Now();
  uint64_t sent = 0;
  for (;;) {
    const double elapsed = absl::ToDoubleSeconds(absl::Now() - start);
    if (elapsed >= seconds) break;
    for (const auto due = static_cast<uint64_t>(elapsed * rate); sent < due; ++sent) {
      if (!sender->Send(absl::string_view(pool).substr(at, bytes), absl::Seconds(10)).ok()) {
        std::abort();
      }
      at = (at + bytes) % (size_t{32} << 20);
    }
    absl::SleepFor(kTick);
  }
  const double took = absl::ToDoubleSeconds(absl::Now() - start);
  std::printf("sent %llu messages of %llu bytes in %.2f s: %.1f MB/s, %.0f a second\n",
              static_cast<unsigned long long>(sent), static_cast<unsigned long long>(bytes), took,
              static_cast<double>(sent * bytes) / took / 1e6, static_cast<double>(sent) / took);
  absl::SleepFor(absl::Seconds(1));
  channel->Close();
  receiving.join();
  return 0;
}

}  // namespace
}  // namespace ipmpsc

int main(int argc, char** argv) {
  uint64_t bytes;
  double rate;
  double seconds;
  uint64_t capacity;
  if (argc != 6 || !absl::SimpleAtoi(argv[2], &bytes) || !absl::SimpleAtod(argv[3], &rate) ||
      !absl::SimpleAtod(argv[4], &seconds) || !absl::SimpleAtoi(argv[5], &capacity)) {
    std::fprintf(stderr, "usage: load PATH BYTES RATE SECONDS CAPACITY\n");
    return 2;
  }
  return ipmpsc::Run(argv[1], bytes, rate, seconds, capacity);
}
