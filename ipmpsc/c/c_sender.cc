#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "ipmpsc/c/call.h"
#include "ipmpsc/c/handles.h"
#include "ipmpsc/c/ipmpsc.h"
#include "ipmpsc/internal/os/fork_guard.h"
#include "ipmpsc/options.h"
#include "ipmpsc/sender.h"

struct ipmpsc_loan {
  ipmpsc::Loan loan;
  ipmpsc::internal::ForkGuard process = {};
};

namespace ipmpsc::c {
namespace {

// Leaves a batch that its callback has given up.
struct GivenUp {};

// Calls `send(bytes)` with a message.
template <typename Send>
ipmpsc_status SendWith(ipmpsc_sender* sender, const void* data, size_t size, const char* function,
                       Send send) {
  if (sender == nullptr) return FailNull(function, "sender");
  if (data == nullptr && size != 0) return FailNull(function, "data");
  return Guarded([&] {
    return Result(send(sender->sender, absl::string_view(static_cast<const char*>(data), size)));
  });
}

template <typename Send>
ipmpsc_status SendBatchWith(ipmpsc_sender* sender, const ipmpsc_bytes* messages, size_t count,
                            const char* function, Send send) {
  if (sender == nullptr) return FailNull(function, "sender");
  if (messages == nullptr && count != 0) return FailNull(function, "messages");
  return Guarded([&] {
    std::vector<absl::string_view> payloads;
    payloads.reserve(count);
    for (size_t i = 0; i < count; ++i) {
      if (messages[i].data == nullptr && messages[i].size != 0) {
        return FailNull(function, "data of a message");
      }
      payloads.emplace_back(static_cast<const char*>(messages[i].data), messages[i].size);
    }
    return Result(send(sender->sender, payloads));
  });
}

template <typename Send>
ipmpsc_status WriteBatchWith(ipmpsc_sender* sender, const size_t* sizes, size_t count,
                             ipmpsc_write_message write, void* context, const char* function,
                             Send send) {
  if (sender == nullptr) return FailNull(function, "sender");
  if (sizes == nullptr && count != 0) return FailNull(function, "sizes");
  if (write == nullptr) return FailNull(function, "write");
  return Guarded([&] {
    try {
      return Result(send(sender->sender, absl::MakeConstSpan(sizes, count),
                         [&](size_t i, absl::Span<char> payload) {
                           const bool written = CallBack(
                               [&] { return write(context, i, payload.data(), payload.size()); });
                           if (!written) throw GivenUp{};
                         }));
    } catch (const GivenUp&) {
      return Fail(IPMPSC_CANCELLED, "the callback has given the batch up; no message was sent");
    }
  });
}

// Calls `claim(sender)` and hands the loan out.
template <typename Claim>
ipmpsc_status ClaimWith(ipmpsc_sender* sender, ipmpsc_loan** out, void** data, const char* function,
                        Claim claim) {
  if (data != nullptr) *data = nullptr;
  if (out == nullptr) return FailNull(function, "out");
  *out = nullptr;
  if (sender == nullptr) return FailNull(function, "sender");
  return Guarded([&] {
    const ipmpsc_status status = MakeHandle(out, [&] { return claim(sender->sender); });
    if (status == IPMPSC_OK && data != nullptr) *data = (*out)->loan.payload().data();
    return status;
  });
}

}  // namespace
}  // namespace ipmpsc::c

using ipmpsc::Loan;
using ipmpsc::Sender;
using ipmpsc::c::ClaimWith;
using ipmpsc::c::Fail;
using ipmpsc::c::FailNull;
using ipmpsc::c::Guarded;
using ipmpsc::c::SendBatchWith;
using ipmpsc::c::SendWith;
using ipmpsc::c::Timeout;
using ipmpsc::c::WriteBatchWith;

ipmpsc_status ipmpsc_sender_attach(const ipmpsc_channel* channel,
                                   const ipmpsc_sender_options* options, ipmpsc_sender** out) {
  if (out == nullptr) return FailNull(__func__, "out");
  *out = nullptr;
  if (channel == nullptr) return FailNull(__func__, "channel");
  return Guarded([&] {
    ipmpsc_sender_options read;
    const ipmpsc_status status = ipmpsc::c::ReadOptions(options, &read);
    if (status != IPMPSC_OK) return status;
    const ipmpsc_status reserved = ipmpsc::c::CheckReserved(read.reserved);
    if (reserved != IPMPSC_OK) return reserved;
    ipmpsc::SenderOptions sender_options;
    if (read.name != nullptr) sender_options.name = read.name;
    sender_options.require_receiver = read.require_receiver;
    sender_options.require_path = read.require_path;
    sender_options.deadline = Timeout(read.timeout);
    return ipmpsc::c::MakeHandle(out,
                                 [&] { return Sender::Attach(channel->channel, sender_options); });
  });
}

void ipmpsc_sender_free(ipmpsc_sender** sender) { ipmpsc::c::FreeHandle(sender); }

uint16_t ipmpsc_sender_slot(const ipmpsc_sender* sender) {
  return sender == nullptr ? 0 : sender->sender.slot();
}

ipmpsc_status ipmpsc_try_send(ipmpsc_sender* sender, const void* data, size_t size) {
  return SendWith(sender, data, size, __func__,
                  [](Sender& to, absl::string_view payload) { return to.TrySend(payload); });
}

ipmpsc_status ipmpsc_send(ipmpsc_sender* sender, const void* data, size_t size, int64_t timeout) {
  return SendWith(sender, data, size, __func__, [timeout](Sender& to, absl::string_view payload) {
    return to.Send(payload, Timeout(timeout));
  });
}

ipmpsc_status ipmpsc_send_when_empty(ipmpsc_sender* sender, const void* data, size_t size,
                                     int64_t timeout) {
  return SendWith(sender, data, size, __func__, [timeout](Sender& to, absl::string_view payload) {
    return to.SendWhenEmpty(payload, Timeout(timeout));
  });
}

ipmpsc_status ipmpsc_try_send_batch(ipmpsc_sender* sender, const ipmpsc_bytes* messages,
                                    size_t count) {
  return SendBatchWith(sender, messages, count, __func__,
                       [](Sender& to, absl::Span<const absl::string_view> payloads) {
                         return to.TrySendBatch(payloads);
                       });
}

ipmpsc_status ipmpsc_send_batch(ipmpsc_sender* sender, const ipmpsc_bytes* messages, size_t count,
                                int64_t timeout) {
  return SendBatchWith(sender, messages, count, __func__,
                       [timeout](Sender& to, absl::Span<const absl::string_view> payloads) {
                         return to.SendBatch(payloads, Timeout(timeout));
                       });
}

ipmpsc_status ipmpsc_try_write_batch(ipmpsc_sender* sender, const size_t* sizes, size_t count,
                                     ipmpsc_write_message write, void* context) {
  return WriteBatchWith(sender, sizes, count, write, context, __func__,
                        [](Sender& to, absl::Span<const size_t> all, Sender::WriteMessage each) {
                          return to.TryWriteBatch(all, each);
                        });
}

ipmpsc_status ipmpsc_write_batch(ipmpsc_sender* sender, const size_t* sizes, size_t count,
                                 ipmpsc_write_message write, void* context, int64_t timeout) {
  return WriteBatchWith(
      sender, sizes, count, write, context, __func__,
      [timeout](Sender& to, absl::Span<const size_t> all, Sender::WriteMessage each) {
        return to.WriteBatch(all, each, Timeout(timeout));
      });
}

ipmpsc_status ipmpsc_try_claim(ipmpsc_sender* sender, size_t size, ipmpsc_loan** out, void** data) {
  return ClaimWith(sender, out, data, __func__, [size](Sender& to) { return to.TryClaim(size); });
}

ipmpsc_status ipmpsc_claim(ipmpsc_sender* sender, size_t size, int64_t timeout, ipmpsc_loan** out,
                           void** data) {
  return ClaimWith(sender, out, data, __func__,
                   [size, timeout](Sender& to) { return to.Claim(size, Timeout(timeout)); });
}

ipmpsc_status ipmpsc_claim_when_empty(ipmpsc_sender* sender, size_t size, int64_t timeout,
                                      ipmpsc_loan** out, void** data) {
  return ClaimWith(sender, out, data, __func__, [size, timeout](Sender& to) {
    return to.ClaimWhenEmpty(size, Timeout(timeout));
  });
}

// The bytes belong to the ring, so a loan that is const to the caller does not make them so.
void* ipmpsc_loan_data(const ipmpsc_loan* loan) {
  return loan == nullptr ? nullptr : const_cast<ipmpsc_loan*>(loan)->loan.payload().data();
}

size_t ipmpsc_loan_size(const ipmpsc_loan* loan) {
  return loan == nullptr ? 0 : const_cast<ipmpsc_loan*>(loan)->loan.payload().size();
}

uint64_t ipmpsc_loan_position(const ipmpsc_loan* loan) {
  return loan == nullptr ? 0 : loan->loan.position();
}

ipmpsc_status ipmpsc_loan_publish(ipmpsc_loan** loan, size_t size) {
  if (loan == nullptr || *loan == nullptr) return FailNull(__func__, "the loan");
  if (!(*loan)->process.InSameProcess()) {
    return Fail(IPMPSC_FAILED_PRECONDITION,
                "the loan was inherited through fork: attach a sender of this process");
  }
  if (size > (*loan)->loan.payload().size()) {
    return Fail(IPMPSC_INVALID_ARGUMENT, "the size exceeds the claimed size; the loan stays open");
  }
  return Guarded([&] {
    std::move((*loan)->loan).Publish(size);
    ipmpsc::c::FreeHandle(loan);
    return int32_t{IPMPSC_OK};
  });
}

void ipmpsc_loan_discard(ipmpsc_loan** loan) { ipmpsc::c::FreeHandle(loan); }

uint64_t ipmpsc_sender_dropped(const ipmpsc_sender* sender) {
  return sender == nullptr ? 0 : sender->sender.dropped();
}

uint64_t ipmpsc_sender_sent_position(const ipmpsc_sender* sender) {
  return sender == nullptr ? 0 : sender->sender.sent_position();
}

ipmpsc_status ipmpsc_sender_set_next_sequence(ipmpsc_sender* sender, uint64_t sequence) {
  if (sender == nullptr) return FailNull(__func__, "sender");
  return Guarded([&] { return ipmpsc::c::Result(sender->sender.SetNextSequence(sequence)); });
}

ipmpsc_status ipmpsc_wait_until_released(ipmpsc_sender* sender, uint64_t position,
                                         int64_t timeout) {
  if (sender == nullptr) return FailNull(__func__, "sender");
  return Guarded([&] {
    return ipmpsc::c::Result(sender->sender.WaitUntilReleased(position, Timeout(timeout)));
  });
}

void ipmpsc_sender_interrupt(ipmpsc_sender* sender) {
  if (sender == nullptr) return;
  const ipmpsc::c::ErrnoKeeper keeper;
  sender->sender.Interrupt();
}

ipmpsc_status ipmpsc_sender_fd(ipmpsc_sender* sender, size_t payload_size, int* fd) {
  if (fd == nullptr) return FailNull(__func__, "fd");
  *fd = -1;
  if (sender == nullptr) return FailNull(__func__, "sender");
  return Guarded([&] { return ipmpsc::c::Store(sender->sender.Fd(payload_size), fd); });
}

bool ipmpsc_sender_arm(ipmpsc_sender* sender) {
  return sender != nullptr && ipmpsc::c::ValueOr(false, [&] { return sender->sender.Arm(); });
}
