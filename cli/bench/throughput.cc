#include "cli/bench/throughput.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"

namespace ipmpsc::cli {
namespace {

constexpr absl::Duration kStart = absl::Seconds(10);
// A sender that finds no space for so long has lost its receiver.
constexpr absl::Duration kPatience = absl::Seconds(30);
// A gain below this cannot be told from noise.
constexpr double kGain = 1.2;

// Sends until the channel is closed.
void Send(const std::string& path, const Load& load) {
  const absl::StatusOr<Channel> channel = Channel::Open(path);
  if (!channel.ok()) return;
  SenderOptions options;
  options.name = "bench";
  absl::StatusOr<Sender> sender = Sender::Attach(*channel, options);
  if (!sender.ok()) return;
  const std::string payload(load.message_bytes, 'b');
  const std::vector<absl::string_view> batch(kBatchMessages, payload);
  absl::Status status;
  while (status.ok()) {
    status = load.way == Way::kBatches ? sender->SendBatch(batch, kPatience)
                                       : sender->Send(payload, kPatience);
  }
}

// The processes that send. The destructor ends them.
class Senders {
 public:
  Senders() = default;
  Senders(const Senders&) = delete;
  Senders& operator=(const Senders&) = delete;
  ~Senders() {
    for (const pid_t pid : pids_) kill(pid, SIGKILL);
    for (const pid_t pid : pids_) {
      while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
      }
    }
  }

  absl::Status Start(const std::string& path, const Load& load) {
    const pid_t parent = getpid();
    const pid_t pid = fork();
    if (pid < 0) return absl::ResourceExhaustedError("no process can be forked");
    if (pid == 0) {
      // Ctrl-C is for the parent, which ends the senders.
      signal(SIGINT, SIG_IGN);
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (getppid() == parent) Send(path, load);
      _exit(0);
    }
    pids_.push_back(pid);
    return absl::OkStatus();
  }

 private:
  std::vector<pid_t> pids_;
};

// Receives from all channels until `end`. Returns the number of messages.
absl::StatusOr<uint64_t> ReceiveUntil(absl::Time end, std::vector<Receiver>* receivers,
                                      bool (*stop)()) {
  // Looks at the clock once for so many messages at most.
  constexpr size_t kAtOnce = 4096;
  uint64_t count = 0;
  while (absl::Now() < end) {
    if (stop()) return absl::CancelledError("interrupted");
    uint64_t round = 0;
    for (Receiver& receiver : *receivers) {
      const absl::StatusOr<size_t> drained = receiver.Drain([](const Record&) {}, kAtOnce);
      if (drained.ok()) {
        round += *drained;
      } else if (!absl::IsUnavailable(drained.status())) {
        return drained.status();
      }
    }
    count += round;
    if (round > 0) continue;
    if (receivers->size() > 1) {
      sched_yield();
      continue;
    }
    // As a program with one channel waits.
    absl::StatusOr<Lease> lease = receivers->front().Receive(absl::Milliseconds(10));
    if (lease.ok()) {
      ++count;
    } else if (!absl::IsDeadlineExceeded(lease.status())) {
      return lease.status();
    }
  }
  return count;
}

std::string SendersText(int count) {
  return absl::StrCat(count, count == 1 ? " sender" : " senders");
}

}  // namespace

absl::StatusOr<Throughput> Measure(const Load& load, bool (*stop)()) {
  if (load.senders < 1) return absl::InvalidArgumentError("at least one sender is needed");
  if (load.time <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError("the time must be positive");
  }
  std::vector<Channel> channels;
  std::vector<Receiver> receivers;
  // The senders end before the channels do.
  Senders senders;
  const int channel_count = load.way == Way::kChannels ? load.senders : 1;
  for (int i = 0; i < channel_count; ++i) {
    ChannelOptions options;
    options.capacity = load.capacity;
    options.max_senders = static_cast<uint32_t>(load.senders);
    absl::StatusOr<Channel> channel = Channel::CreateTemp(options);
    if (!channel.ok()) return channel.status();
    const size_t at_once = load.way == Way::kBatches ? kBatchMessages : 1;
    if (load.message_bytes > channel->max_payload() / at_once / 2) {
      return absl::InvalidArgumentError(absl::StrCat("messages of ", load.message_bytes,
                                                     " bytes need a capacity above ", load.capacity,
                                                     " bytes"));
    }
    absl::StatusOr<Receiver> receiver = Receiver::Attach(*channel);
    if (!receiver.ok()) return receiver.status();
    receivers.push_back(*std::move(receiver));
    channels.push_back(*std::move(channel));
  }
  for (int i = 0; i < load.senders; ++i) {
    const std::string& path = channels[static_cast<size_t>(i % channel_count)].path();
    if (absl::Status status = senders.Start(path, load); !status.ok()) return status;
  }
  const auto attached = [&] {
    uint32_t count = 0;
    for (const Channel& channel : channels) count += channel.Stats().attached_senders();
    return count;
  };
  const absl::Time start_end = absl::Now() + kStart;
  while (attached() < static_cast<uint32_t>(load.senders)) {
    if (absl::Now() > start_end) {
      return absl::DeadlineExceededError("a sender did not start; is the machine overloaded?");
    }
    const absl::StatusOr<uint64_t> early =
        ReceiveUntil(absl::Now() + absl::Milliseconds(1), &receivers, stop);
    if (!early.ok()) return early.status();
  }
  const absl::StatusOr<uint64_t> warm = ReceiveUntil(absl::Now() + load.time / 4, &receivers, stop);
  if (!warm.ok()) return warm.status();
  const absl::Time begin = absl::Now();
  const absl::StatusOr<uint64_t> count = ReceiveUntil(begin + load.time, &receivers, stop);
  if (!count.ok()) return count.status();
  const absl::Duration took = absl::Now() - begin;
  Throughput result;
  result.load = load;
  result.messages = static_cast<double>(*count) / absl::ToDoubleSeconds(took);
  return result;
}

std::vector<std::string> Advise(const std::vector<Throughput>& measured) {
  std::map<int, std::map<Way, double>> by_senders;
  for (const Throughput& row : measured) by_senders[row.load.senders][row.load.way] = row.messages;
  std::vector<std::string> advice;
  const auto compare = [&](Way way, absl::string_view what, absl::string_view otherwise) {
    int most = 0;
    for (const auto& [senders, ways] : by_senders) {
      const auto single = ways.find(Way::kSingle);
      const auto other = ways.find(way);
      if (single == ways.end() || other == ways.end() || single->second <= 0) continue;
      most = std::max(most, senders);
      const double gain = other->second / single->second;
      if (gain < kGain) continue;
      advice.push_back(absl::StrFormat("From %s on, %s: %.1f times the messages.",
                                       SendersText(senders), what, gain));
      return;
    }
    if (most > 0) advice.push_back(absl::StrCat("Up to ", SendersText(most), ", ", otherwise, "."));
  };
  compare(Way::kBatches, absl::StrCat("batches of ", kBatchMessages, " are faster"),
          "batches are no faster than single messages");
  compare(Way::kChannels, "a channel for each sender is faster",
          "one channel carries as much as a channel for each sender");
  return advice;
}

}  // namespace ipmpsc::cli
