#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "absl/time/time.h"
#include "ipmpsc/c/call.h"
#include "ipmpsc/c/handles.h"
#include "ipmpsc/c/ipmpsc.h"
#include "ipmpsc/stats.h"

namespace ipmpsc::c {
namespace {

static_assert(static_cast<int>(Liveness::kDead) == IPMPSC_DEAD);
static_assert(static_cast<int>(Liveness::kAlive) == IPMPSC_ALIVE);
static_assert(static_cast<int>(Liveness::kUnknown) == IPMPSC_LIVENESS_UNKNOWN);
static_assert(static_cast<int>(ReceiverStats::Wait::kNone) == IPMPSC_WAIT_NONE);
static_assert(static_cast<int>(ReceiverStats::Wait::kForClaim) == IPMPSC_WAIT_FOR_CLAIM);
static_assert(static_cast<int>(ReceiverStats::Wait::kForCommit) == IPMPSC_WAIT_FOR_COMMIT);

// Copies as much of `text` as there is room for, and a NUL behind it.
template <size_t kSize>
void CopyText(const std::string& text, char (&into)[kSize]) {
  const size_t size = std::min(text.size(), kSize - 1);
  std::memcpy(into, text.data(), size);
  into[size] = '\0';
}

// Fills the fields that both kinds of participants have.
template <typename Structure>
void FillParticipant(const ParticipantStats& from, Structure* into) {
  CopyText(from.name, into->name);
  into->liveness = static_cast<int32_t>(from.liveness);
  into->pid = from.pid;
  into->pid_is_ours = from.pid_is_ours;
  into->died = from.died();
  into->attached_at = UnixNanoseconds(from.attached);
}

}  // namespace
}  // namespace ipmpsc::c

using ipmpsc::c::CheckOutput;
using ipmpsc::c::Fail;
using ipmpsc::c::FailNull;
using ipmpsc::c::FillOutput;

ipmpsc_status ipmpsc_snapshot_take(const ipmpsc_channel* channel, ipmpsc_snapshot** out) {
  if (out == nullptr) return FailNull(__func__, "out");
  *out = nullptr;
  if (channel == nullptr) return FailNull(__func__, "channel");
  return ipmpsc::c::Guarded([&] {
    *out = new ipmpsc_snapshot{channel->channel.Stats()};
    return int32_t{IPMPSC_OK};
  });
}

void ipmpsc_snapshot_free(ipmpsc_snapshot** snapshot) { ipmpsc::c::FreeHandle(snapshot); }

const char* ipmpsc_snapshot_path(const ipmpsc_snapshot* snapshot) {
  return snapshot == nullptr ? "" : snapshot->stats.path.c_str();
}

size_t ipmpsc_snapshot_senders(const ipmpsc_snapshot* snapshot) {
  return snapshot == nullptr ? 0 : snapshot->stats.senders.size();
}

ipmpsc_status ipmpsc_snapshot_channel(const ipmpsc_snapshot* snapshot,
                                      ipmpsc_channel_stats* stats) {
  if (snapshot == nullptr) return FailNull(__func__, "snapshot");
  const ipmpsc_status status = CheckOutput(stats, __func__);
  if (status != IPMPSC_OK) return status;
  const ipmpsc::ChannelStats& from = snapshot->stats;
  ipmpsc_channel_stats filled = {};
  ipmpsc::c::CopyText(from.id, filled.id);
  filled.timestamps = from.timestamps;
  filled.huge_pages = from.huge_pages;
  filled.full_barriers = from.full_barriers;
  filled.closed = from.closed;
  filled.replaced = from.replaced;
  filled.damaged = from.damaged;
  filled.senders_wait = from.senders_wait;
  filled.created_at = ipmpsc::c::UnixNanoseconds(from.created);
  filled.capacity = from.capacity;
  filled.max_payload = from.max_payload;
  filled.claim_position = from.claim_position;
  filled.release_position = from.release_position;
  filled.fill = from.fill;
  filled.high_water = from.high_water;
  filled.max_senders = from.max_senders;
  filled.attached_senders = from.attached_senders();
  filled.drops_newest = from.drops_newest;
  filled.dropped_messages = from.dropped_messages;
  filled.stale_turn = from.stale_turn;
  if (from.turn.has_value()) {
    filled.has_turn = true;
    filled.turn_sender = from.turn->sender;
    filled.turn_bytes = from.turn->bytes;
    filled.turn_left = absl::ToInt64Nanoseconds(from.turn->left);
  }
  if (from.oldest_open_claim.has_value()) {
    filled.has_oldest_open_claim = true;
    filled.oldest_open_claim_sender = from.oldest_open_claim->sender;
    filled.oldest_open_claim_position = from.oldest_open_claim->position;
    filled.oldest_open_claim_bytes = from.oldest_open_claim->bytes;
  }
  if (from.oldest_record.has_value()) {
    filled.has_oldest_record = true;
    filled.oldest_record_committed = from.oldest_record->committed;
    filled.oldest_record_sender = from.oldest_record->sender;
    filled.oldest_record_position = from.oldest_record->position;
    filled.oldest_record_payload_bytes = from.oldest_record->payload_bytes;
  }
  FillOutput(filled, stats);
  return IPMPSC_OK;
}

ipmpsc_status ipmpsc_snapshot_sender(const ipmpsc_snapshot* snapshot, size_t i,
                                     ipmpsc_sender_stats* stats) {
  if (snapshot == nullptr) return FailNull(__func__, "snapshot");
  const ipmpsc_status status = CheckOutput(stats, __func__);
  if (status != IPMPSC_OK) return status;
  if (i >= snapshot->stats.senders.size()) {
    return Fail(IPMPSC_OUT_OF_RANGE, "there is no such sender: see ipmpsc_snapshot_senders");
  }
  const ipmpsc::SenderStats& from = snapshot->stats.senders[i];
  ipmpsc_sender_stats filled = {};
  ipmpsc::c::FillParticipant(from, &filled);
  filled.slot = from.slot;
  filled.owners = from.owners;
  filled.sent_messages = from.sent_messages;
  filled.sent_bytes = from.sent_bytes;
  filled.last_sequence = from.last_sequence;
  filled.full_waits = from.full_waits;
  filled.waited = absl::ToInt64Nanoseconds(from.waited);
  filled.lost_races = from.lost_races;
  filled.turns = from.turns;
  filled.refused = from.refused;
  filled.dropped_messages = from.dropped_messages;
  filled.high_water = from.high_water;
  if (from.open_claim.has_value()) {
    filled.has_open_claim = true;
    filled.open_claim_position = from.open_claim->position;
    filled.open_claim_bytes = from.open_claim->bytes;
  }
  FillOutput(filled, stats);
  return IPMPSC_OK;
}

ipmpsc_status ipmpsc_snapshot_receiver(const ipmpsc_snapshot* snapshot,
                                       ipmpsc_receiver_stats* stats) {
  if (snapshot == nullptr) return FailNull(__func__, "snapshot");
  const ipmpsc_status status = CheckOutput(stats, __func__);
  if (status != IPMPSC_OK) return status;
  if (!snapshot->stats.receiver.has_value()) {
    return Fail(IPMPSC_NOT_FOUND, "the channel has had no receiver");
  }
  const ipmpsc::ReceiverStats& from = *snapshot->stats.receiver;
  ipmpsc_receiver_stats filled = {};
  ipmpsc::c::FillParticipant(from, &filled);
  filled.epoch = from.epoch;
  filled.wait = static_cast<int32_t>(from.wait);
  filled.received_messages = from.received_messages;
  filled.received_bytes = from.received_bytes;
  filled.discarded_records = from.discarded_records;
  filled.orphaned_records = from.orphaned_records;
  filled.orphaned_bytes = from.orphaned_bytes;
  filled.sleeps = from.sleeps;
  filled.redelivered_bytes = from.redelivered_bytes;
  filled.skipped_messages = from.skipped_messages;
  FillOutput(filled, stats);
  return IPMPSC_OK;
}
