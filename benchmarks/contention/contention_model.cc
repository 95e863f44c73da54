#include "benchmarks/contention/contention_model.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <queue>
#include <set>
#include <tuple>
#include <vector>

#include "ipmpsc/internal/ring/cache_lines.h"
#include "ipmpsc/internal/ring/producer.h"

namespace ipmpsc::benchmarks {
namespace {

// Nanoseconds. Chosen so that one sender and one receiver give what `//benchmarks:compare` measures
// on the machine that docs/performance.md describes: 20 ns a message of 64 bytes.
constexpr double kSendWork = 14;
constexpr double kReceiveWork = 16;
constexpr double kLockedInstruction = 6;
constexpr double kFurtherMessageOfBatch = 8;
// Of lines that are fetched or stored in a row, this many transfers are under way at a time.
constexpr double kOverlap = 8;
constexpr int kRingLines = 4096;

// The time of a transfer between two processors.
double Distance(const MachineModel& machine, int a, int b) {
  if (a == b) return 0;
  if (a / machine.group == b / machine.group) return machine.group_time;
  return a / machine.socket == b / machine.socket ? machine.socket_time : machine.machine_time;
}

// A line that several processors write. It serves requests in the order in which they reach its
// owner, half a transfer after they were made. Until then the owner goes on using the line.
class SharedLine {
 public:
  // How long a request of `processor` is under way. 0: it has the line as it needs it.
  double RequestTime(const MachineModel& machine, int processor, bool exclusively) const {
    return TransferTime(machine, processor, exclusively) / 2;
  }

  // Returns the time at which `processor` has the line, if its request arrives at `now`.
  double Take(const MachineModel& machine, int processor, bool exclusively, double now) {
    const double time = TransferTime(machine, processor, exclusively) / 2;
    if (time == 0) return now;
    // The request meets a line that is on its way to another processor, and follows it.
    free_at_ = std::max(now, free_at_) + time;
    if (exclusively) {
      owner_ = processor;
      readers_.clear();
    }
    readers_.insert(processor);
    ++transfers_;
    return free_at_;
  }

  // Keeps the line with its owner until `time`.
  void Hold(double time) { free_at_ = std::max(free_at_, time); }

  int transfers() const { return transfers_; }

 private:
  double TransferTime(const MachineModel& machine, int processor, bool exclusively) const {
    if (!exclusively) {
      return readers_.count(processor) != 0 ? 0 : Distance(machine, owner_, processor);
    }
    double time = Distance(machine, owner_, processor);
    for (const int reader : readers_) time = std::max(time, Distance(machine, reader, processor));
    return time;
  }

  int owner_ = 0;
  std::set<int> readers_ = {0};
  double free_at_ = 0;
  int transfers_ = 0;
};

struct Channel {
  int processor = 0;  // of its receiver
  SharedLine claim_line;
  int claims = 0;
  // For each claim the time at which the receiver has taken it.
  std::vector<double> taken;
};

// The next step of a sender.
enum class Next { kRequestRead, kRead, kRequestClaim, kClaim };

struct Sender {
  int processor = 0;
  Channel* channel = nullptr;
  Next next = Next::kRequestRead;
  int seen = 0;  // the claim word as this sender knows it
  double stores_done = 0;
  int claims = 0;
  int lost = 0;  // since the last claim
};

double PauseAfterLostRace(const MachineModel& machine, int lost, uint64_t seen_lines) {
  // The first claim is `TryFastClaim`, and `Claim` begins anew.
  const int before = std::max(lost - 1, 0);
  return machine.pause_time *
         internal::Producer::PausesAfterLostRace(seen_lines * internal::kCacheLine, before);
}

// Adds the last claim of `sender`, whose lines are written at `written`. The receiver takes claims
// in order, as soon as their lines are there.
void Receive(const MachineModel& machine, const Sender& sender, int batch, double written,
             Channel* channel) {
  const double transfer = Distance(machine, sender.processor, channel->processor);
  const double before = channel->taken.empty() ? 0 : channel->taken.back();
  // A line that was written long ago has been fetched ahead.
  const double begin = std::max(before, written);
  channel->taken.push_back(begin + batch * (kReceiveWork + transfer / kOverlap));
}

}  // namespace

const std::vector<MachineModel>& PublishedMachines() {
  static const auto* const machines = new std::vector<MachineModel>{
      {"8 processors that share a cache", 8, 8, 8, 23, 23, 23, 20,
       "AMD EPYC 7R13 within a group of 8: 23 ns"},
      {"32 processors of one socket", 32, 32, 32, 51, 51, 51, 45,
       "Intel Xeon Platinum 8375C: 51 ns"},
      {"128 processors of two sockets, in groups of 8", 128, 8, 64, 23, 107, 197, 20,
       "AMD EPYC 7R13: 23 ns in a group, 107 ns in a socket, 197 ns between sockets"},
  };
  return *machines;
}

ContentionResult SimulateContention(const MachineModel& machine, const ContentionSetup& setup,
                                    int claims) {
  std::vector<Channel> channels(setup.channels);
  std::vector<Sender> senders(setup.senders);
  for (int i = 0; i < setup.channels; ++i) channels[i].processor = i;
  for (int i = 0; i < setup.senders; ++i) {
    senders[i].processor = setup.channels + i;
    senders[i].channel = &channels[i % setup.channels];
  }
  const size_t ring_claims = std::max(1, kRingLines / setup.batch);

  // The next step of each sender: time, a number that keeps equal times in order, sender.
  using Step = std::tuple<double, int, int>;
  std::priority_queue<Step, std::vector<Step>, std::greater<Step>> steps;
  int order = 0;
  for (int i = 0; i < setup.senders; ++i) steps.emplace(i, order++, i);

  int made = 0;
  int lost = 0;
  while (made < claims) {
    const auto [now, unused, index] = steps.top();
    steps.pop();
    Sender& sender = senders[index];
    Channel& channel = *sender.channel;
    SharedLine& line = channel.claim_line;
    const auto then = [&](Next next, double time) {
      sender.next = next;
      steps.emplace(time, order++, index);
    };
    if (sender.next == Next::kRequestRead) {
      then(Next::kRead, now + line.RequestTime(machine, sender.processor, false));
      continue;
    }
    if (sender.next == Next::kRead) {
      const double read = line.Take(machine, sender.processor, false, now);
      sender.seen = channel.claims;
      // The claim waits for its sender's earlier stores.
      then(Next::kRequestClaim, std::max(read, sender.stores_done));
      continue;
    }
    // The ring is full until the receiver has taken the claim of one lap before.
    if (sender.next == Next::kRequestClaim && channel.taken.size() >= ring_claims) {
      const double has_space = channel.taken[channel.taken.size() - ring_claims];
      if (has_space > now) {
        then(Next::kRequestRead, has_space);
        continue;
      }
    }
    if (sender.next == Next::kRequestClaim) {
      then(Next::kClaim, now + line.RequestTime(machine, sender.processor, true));
      continue;
    }
    const double owned = line.Take(machine, sender.processor, true, now);
    const double done = owned + kLockedInstruction;
    line.Hold(done);
    if (sender.seen != channel.claims) {
      ++lost;
      // The instruction has read the word anew.
      sender.seen = channel.claims;
      if (setup.pauses) {
        const auto lines = static_cast<uint64_t>(channel.claims) * setup.batch;
        then(Next::kRequestRead, done + PauseAfterLostRace(machine, sender.lost++, lines));
      } else {
        then(Next::kRequestClaim, done);
      }
      continue;
    }
    ++channel.claims;
    sender.lost = 0;
    ++sender.claims;
    ++made;
    const double transfer = Distance(machine, channel.processor, sender.processor);
    // Alone in its channel, a sender finds its lines prepared.
    const bool alone = setup.senders <= setup.channels;
    sender.stores_done = done + (setup.batch - 1) * kFurtherMessageOfBatch +
                         (alone ? 0 : transfer + (setup.batch - 1) * transfer / kOverlap);
    Receive(machine, sender, setup.batch, sender.stores_done, &channel);
    then(Next::kRequestRead, done + kSendWork + (setup.batch - 1) * kFurtherMessageOfBatch);
  }

  double end = 0;
  int transfers = 0;
  for (const Channel& channel : channels) {
    if (!channel.taken.empty()) end = std::max(end, channel.taken.back());
    transfers += channel.claim_line.transfers();
  }
  int least = std::numeric_limits<int>::max();
  for (const Sender& sender : senders) least = std::min(least, sender.claims);
  ContentionResult result;
  const double messages = static_cast<double>(made) * setup.batch;
  result.messages_per_second = messages / end * 1e9;
  result.lost_races_per_claim = static_cast<double>(lost) / made;
  result.claim_transfers_per_message = transfers / messages;
  result.least_share = static_cast<double>(least) * setup.senders / made;
  return result;
}

}  // namespace ipmpsc::benchmarks
