#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ipmpsc/c/call.h"
#include "ipmpsc/c/handles.h"
#include "ipmpsc/c/ipmpsc.h"
#include "ipmpsc/tap.h"

struct ipmpsc_tap {
  ipmpsc::Tap tap;
  ipmpsc::TapMessage message = {};
};

namespace ipmpsc::c {
namespace {

static_assert(static_cast<int>(TapStart::kNow) == IPMPSC_TAP_NOW);
static_assert(static_cast<int>(TapStart::kOldestUnreleased) == IPMPSC_TAP_OLDEST_UNRELEASED);
static_assert(static_cast<int>(TapStart::kOldestKept) == IPMPSC_TAP_OLDEST_KEPT);

// Calls `open(options)`.
template <typename OpenIt>
ipmpsc_status TapWith(const ipmpsc_tap_options* given, ipmpsc_tap** out, OpenIt open) {
  return Guarded([&] {
    ipmpsc_tap_options read;
    const ipmpsc_status status = ReadOptions(given, &read);
    if (status != IPMPSC_OK) return status;
    const ipmpsc_status reserved = CheckReserved(read.reserved);
    if (reserved != IPMPSC_OK) return reserved;
    if (read.start < IPMPSC_TAP_NOW || read.start > IPMPSC_TAP_OLDEST_KEPT) {
      return Fail(IPMPSC_INVALID_ARGUMENT, "there is no such start: use IPMPSC_TAP_...");
    }
    TapOptions options;
    options.start = static_cast<TapStart>(read.start);
    return MakeHandle(out, [&] { return open(options); });
  });
}

template <typename Next>
ipmpsc_status NextWith(ipmpsc_tap* tap, ipmpsc_tap_message* out, const char* function, Next next) {
  if (tap == nullptr) return FailNull(function, "tap");
  const ipmpsc_status status = CheckOutput(out, function);
  if (status != IPMPSC_OK) return status;
  return Guarded([&] {
    const absl::Status read = next(tap->tap, &tap->message);
    if (!read.ok()) return FailWith(read);
    ipmpsc_tap_message message = {};
    message.data = tap->message.payload.data();
    message.data_size = tap->message.payload.size();
    message.position = tap->message.position;
    message.sequence = tap->message.sequence;
    message.sent_at = tap->message.sent_at_nanoseconds;
    message.lost_before = tap->message.lost_before;
    message.sender = tap->message.sender;
    FillOutput(message, out);
    return int32_t{IPMPSC_OK};
  });
}

}  // namespace
}  // namespace ipmpsc::c

using ipmpsc::Tap;
using ipmpsc::TapMessage;
using ipmpsc::TapOptions;
using ipmpsc::c::FailNull;
using ipmpsc::c::NextWith;
using ipmpsc::c::TapWith;
using ipmpsc::c::Timeout;

ipmpsc_status ipmpsc_tap_open(const char* path, const ipmpsc_tap_options* options,
                              ipmpsc_tap** out) {
  if (out == nullptr) return FailNull(__func__, "out");
  *out = nullptr;
  if (path == nullptr) return FailNull(__func__, "path");
  return TapWith(options, out, [path](const TapOptions& read) { return Tap::Open(path, read); });
}

ipmpsc_status ipmpsc_tap_over(const ipmpsc_channel* channel, const ipmpsc_tap_options* options,
                              ipmpsc_tap** out) {
  if (out == nullptr) return FailNull(__func__, "out");
  *out = nullptr;
  if (channel == nullptr) return FailNull(__func__, "channel");
  return TapWith(options, out, [channel](const TapOptions& read) {
    return absl::StatusOr<Tap>(Tap::Over(channel->channel, read));
  });
}

void ipmpsc_tap_free(ipmpsc_tap** tap) { ipmpsc::c::FreeHandle(tap); }

ipmpsc_status ipmpsc_tap_try_next(ipmpsc_tap* tap, ipmpsc_tap_message* message) {
  return NextWith(tap, message, __func__,
                  [](Tap& from, TapMessage* into) { return from.TryNext(into); });
}

ipmpsc_status ipmpsc_tap_next(ipmpsc_tap* tap, int64_t timeout, ipmpsc_tap_message* message) {
  return NextWith(tap, message, __func__, [timeout](Tap& from, TapMessage* into) {
    return from.Next(Timeout(timeout), into);
  });
}

uint64_t ipmpsc_tap_position(const ipmpsc_tap* tap) {
  return tap == nullptr ? 0 : tap->tap.position();
}

ipmpsc_status ipmpsc_tap_get_loss(const ipmpsc_tap* tap, ipmpsc_tap_loss* loss) {
  if (tap == nullptr) return FailNull(__func__, "tap");
  const ipmpsc_status status = ipmpsc::c::CheckOutput(loss, __func__);
  if (status != IPMPSC_OK) return status;
  return ipmpsc::c::Guarded([&] {
    const ipmpsc::TapLoss lost = tap->tap.loss();
    ipmpsc_tap_loss filled = {};
    filled.bytes = lost.bytes;
    filled.messages = lost.messages;
    filled.overtakings = lost.overtakings;
    filled.holes = lost.holes;
    filled.hole_bytes = lost.hole_bytes;
    filled.messages_are_exact = lost.messages_are_exact;
    ipmpsc::c::FillOutput(filled, loss);
    return int32_t{IPMPSC_OK};
  });
}
