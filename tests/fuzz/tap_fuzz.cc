// Looks at arbitrary bytes of a segment: a tap, a snapshot, and the flight recorder.
//
// Bytes of an input: the first says whether the channel has timestamps (bit 0) and where the tap
// starts (the rest, modulo 3). Then, again and again, one byte:
//   0 to 2  an act of a hostile peer (attacked_channel.h), from the bytes that follow
//   3       the tap is opened anew
//   4, 5    the tap reads
//   6       a snapshot
//   7       a post-mortem, of the whole channel
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/channel_access.h"
#include "ipmpsc/internal/require.h"
#include "ipmpsc/internal/ring/position.h"
#include "ipmpsc/internal/ring/ring.h"
#include "ipmpsc/internal/segment/segment.h"
#include "ipmpsc/post_mortem.h"
#include "ipmpsc/stats.h"
#include "ipmpsc/tap.h"
#include "tests/fuzz/attacked_channel.h"
#include "tests/fuzz/input.h"

namespace ipmpsc::fuzz {
namespace {

using internal::Require;

void CheckMessage(const Channel& channel, const TapMessage& message) {
  Require(message.payload.size() <= channel.max_payload(), "a message fits into the channel");
  Require(internal::IsAligned(message.position), "a record begins at a line");
  Require(message.sender < channel.max_senders(), "a sender has a slot");
  (void)message.sent_at();
}

void Read(Tap* tap) {
  const uint64_t before = tap->position();
  const absl::StatusOr<TapMessage> message = tap->TryNext();
  (void)tap->loss();
  if (message.ok()) {
    CheckMessage(tap->channel(), *message);
    Require(!internal::IsBefore(message->position, before) &&
                internal::IsBefore(message->position, tap->position()),
            "a tap moves forward");
    return;
  }
  switch (message.status().code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kAborted:
      return;
    case absl::StatusCode::kDataLoss:
      return Require(!message.status().message().empty(), "damage has a description");
    default:
      Require(false, "a tap returns its documented codes");
  }
}

void CheckStats(const ChannelStats& stats) {
  Require(stats.fill <= stats.capacity, "no more than the capacity is in use");
  Require(stats.senders.size() <= stats.max_senders, "each sender has a slot");
  for (const SenderStats& sender : stats.senders) {
    Require(sender.name.size() <= 64 && sender.waited >= absl::ZeroDuration(),
            "a sender's name and wait are in range");
    Require(!sender.open_claim.has_value() || sender.open_claim->bytes <= stats.capacity,
            "a claim fits into the channel");
  }
}

void ReadAfterDeath(const Channel& channel) {
  absl::StatusOr<PostMortem> found = PostMortem::Open(absl::StrCat("/proc/self/fd/", channel.fd()));
  Require(found.ok(), "the header is right, and nobody is attached");
  CheckStats(found->stats());
  for (uint64_t count = 0;; ++count) {
    const absl::StatusOr<PostMortemMessage> message = found->Next();
    if (!message.ok()) {
      Require(absl::IsOutOfRange(message.status()) || absl::IsDataLoss(message.status()),
              "a post-mortem ends with a documented code");
      return;
    }
    CheckMessage(channel, *message);
    Require(count <= AttackedChannel::kCapacity / internal::kRecordAlignment,
            "a lap has a bounded number of messages");
  }
}

void Run(Input input) {
  const uint8_t kind = input.Take<uint8_t>();
  AttackedChannel& attacked = TheAttackedChannel(kind % 2 != 0);
  attacked.Reset();
  const Channel& channel = attacked.channel();
  TapOptions options;
  options.start = static_cast<TapStart>(kind / 2 % 3);
  Tap tap = Tap::Over(channel, options);
  for (int steps = 0; !input.empty() && steps < 1000; ++steps) {
    switch (input.Pick(8)) {
      case 4:
      case 5:
        Read(&tap);
        break;
      case 6:
        CheckStats(channel.Stats());
        break;
      case 7:
        ReadAfterDeath(channel);
        break;
      default:
        AttackedChannel::Tamper(internal::ChannelAccess::SegmentOf(channel)->ring(), &input);
        break;
      case 3:
        tap = Tap::Over(channel, options);
        break;
    }
  }
  Read(&tap);
  ReadAfterDeath(channel);
  attacked.RequireHeaderUntouched();
}

}  // namespace
}  // namespace ipmpsc::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ipmpsc::fuzz::Run(ipmpsc::fuzz::Input(data, size));
  return 0;
}
