#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "ipmpsc/c/call.h"
#include "ipmpsc/c/handles.h"
#include "ipmpsc/c/ipmpsc.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"

namespace ipmpsc::c {
namespace {

static_assert(static_cast<int>(ReceiverStart::kOldest) == IPMPSC_START_OLDEST);
static_assert(static_cast<int>(ReceiverStart::kNow) == IPMPSC_START_NOW);

ipmpsc_message MessageOf(const Lease& lease) {
  ipmpsc_message message = {};
  message.size = sizeof(message);
  message.data = lease.payload().data();
  message.data_size = lease.payload().size();
  message.position = lease.position();
  message.sequence = lease.sequence();
  message.sent_at = UnixNanoseconds(lease.sent_at());
  message.sender = lease.sender();
  return message;
}

template <typename Receive>
ipmpsc_status ReceiveWith(ipmpsc_receiver* receiver, ipmpsc_lease** out, ipmpsc_message* message,
                          const char* function, Receive receive) {
  if (out == nullptr) return FailNull(function, "out");
  *out = nullptr;
  if (receiver == nullptr) return FailNull(function, "receiver");
  if (message != nullptr) {
    const ipmpsc_status status = CheckOutput(message, function);
    if (status != IPMPSC_OK) return status;
  }
  return Guarded([&] {
    if (receiver->spare == nullptr) receiver->spare = std::make_unique<ipmpsc_lease>();
    absl::StatusOr<Lease> lease = receive(receiver->receiver);
    if (!lease.ok()) return FailWith(lease.status());
    receiver->spare->lease.emplace(*std::move(lease));
    *out = receiver->spare.release();
    if (message != nullptr) FillOutput(MessageOf(*(*out)->lease), message);
    return int32_t{IPMPSC_OK};
  });
}

}  // namespace
}  // namespace ipmpsc::c

using ipmpsc::Receiver;
using ipmpsc::c::FailNull;
using ipmpsc::c::Guarded;
using ipmpsc::c::ReceiveWith;
using ipmpsc::c::Timeout;

ipmpsc_status ipmpsc_receiver_attach(const ipmpsc_channel* channel,
                                     const ipmpsc_receiver_options* options,
                                     ipmpsc_receiver** out) {
  if (out == nullptr) return FailNull(__func__, "out");
  *out = nullptr;
  if (channel == nullptr) return FailNull(__func__, "channel");
  return Guarded([&] {
    ipmpsc_receiver_options read;
    const ipmpsc_status status = ipmpsc::c::ReadOptions(options, &read);
    if (status != IPMPSC_OK) return status;
    const ipmpsc_status reserved = ipmpsc::c::CheckReserved(read.reserved, read.reserved_too);
    if (reserved != IPMPSC_OK) return reserved;
    if (read.start < IPMPSC_START_OLDEST || read.start > IPMPSC_START_NOW) {
      return ipmpsc::c::Fail(IPMPSC_INVALID_ARGUMENT,
                             "there is no such start: use IPMPSC_START_...");
    }
    ipmpsc::ReceiverOptions receiver_options;
    if (read.name != nullptr) receiver_options.name = read.name;
    receiver_options.deadline = Timeout(read.timeout);
    receiver_options.end_without_senders = read.end_without_senders;
    receiver_options.require_path = read.require_path;
    receiver_options.start = static_cast<ipmpsc::ReceiverStart>(read.start);
    return ipmpsc::c::MakeHandle(
        out, [&] { return Receiver::Attach(channel->channel, receiver_options); });
  });
}

void ipmpsc_receiver_free(ipmpsc_receiver** receiver) { ipmpsc::c::FreeHandle(receiver); }

ipmpsc_status ipmpsc_try_receive(ipmpsc_receiver* receiver, ipmpsc_lease** out,
                                 ipmpsc_message* message) {
  return ReceiveWith(receiver, out, message, __func__,
                     [](Receiver& from) { return from.TryReceive(); });
}

ipmpsc_status ipmpsc_receive(ipmpsc_receiver* receiver, int64_t timeout, ipmpsc_lease** out,
                             ipmpsc_message* message) {
  return ReceiveWith(receiver, out, message, __func__,
                     [timeout](Receiver& from) { return from.Receive(Timeout(timeout)); });
}

ipmpsc_status ipmpsc_try_receive_latest(ipmpsc_receiver* receiver, ipmpsc_lease** out,
                                        ipmpsc_message* message) {
  return ReceiveWith(receiver, out, message, __func__,
                     [](Receiver& from) { return from.TryReceiveLatest(); });
}

ipmpsc_status ipmpsc_receive_latest(ipmpsc_receiver* receiver, int64_t timeout, ipmpsc_lease** out,
                                    ipmpsc_message* message) {
  return ReceiveWith(receiver, out, message, __func__,
                     [timeout](Receiver& from) { return from.ReceiveLatest(Timeout(timeout)); });
}

ipmpsc_status ipmpsc_lease_message(const ipmpsc_lease* lease, ipmpsc_message* message) {
  if (lease == nullptr) return FailNull(__func__, "lease");
  const ipmpsc_status status = ipmpsc::c::CheckOutput(message, __func__);
  if (status != IPMPSC_OK) return status;
  ipmpsc::c::FillOutput(ipmpsc::c::MessageOf(*lease->lease), message);
  return IPMPSC_OK;
}

void ipmpsc_lease_release(ipmpsc_lease** lease) { ipmpsc::c::FreeHandle(lease); }

ipmpsc_status ipmpsc_drain(ipmpsc_receiver* receiver, size_t max_messages,
                           ipmpsc_handle_message handle, void* context, size_t* count) {
  if (count != nullptr) *count = 0;
  if (receiver == nullptr) return FailNull(__func__, "receiver");
  if (handle == nullptr) return FailNull(__func__, "handle");
  return Guarded([&] {
    const absl::StatusOr<size_t> drained = receiver->receiver.Drain(
        [&](const ipmpsc::Record& record) -> bool {
          if (count != nullptr) ++*count;
          ipmpsc_message message = {};
          message.size = sizeof(message);
          message.data = record.payload.data();
          message.data_size = record.payload.size();
          message.position = record.position;
          message.sequence = record.sequence;
          message.sent_at = record.sent_at_nanoseconds;
          message.sender = record.sender;
          return ipmpsc::c::CallBack([&] { return handle(context, &message); });
        },
        max_messages);
    return ipmpsc::c::Result(drained.status());
  });
}

uint64_t ipmpsc_receiver_skipped(const ipmpsc_receiver* receiver, uint64_t* bytes) {
  const ipmpsc::Skipped skipped =
      receiver == nullptr ? ipmpsc::Skipped{} : receiver->receiver.skipped();
  if (bytes != nullptr) *bytes = skipped.bytes;
  return skipped.messages;
}

uint64_t ipmpsc_receiver_dropped(const ipmpsc_receiver* receiver) {
  return receiver == nullptr ? 0 : receiver->receiver.dropped();
}

void ipmpsc_receiver_interrupt(ipmpsc_receiver* receiver) {
  if (receiver == nullptr) return;
  const ipmpsc::c::ErrnoKeeper keeper;
  receiver->receiver.Interrupt();
}

ipmpsc_status ipmpsc_receiver_fd(ipmpsc_receiver* receiver, int* fd) {
  if (fd == nullptr) return FailNull(__func__, "fd");
  *fd = -1;
  if (receiver == nullptr) return FailNull(__func__, "receiver");
  return Guarded([&] { return ipmpsc::c::Store(receiver->receiver.Fd(), fd); });
}

bool ipmpsc_receiver_arm(ipmpsc_receiver* receiver) {
  return receiver != nullptr && ipmpsc::c::ValueOr(false, [&] { return receiver->receiver.Arm(); });
}
