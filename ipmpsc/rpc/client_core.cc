#include "ipmpsc/rpc/client_core.h"

#include <unistd.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "ipmpsc/internal/os/clock.h"
#include "ipmpsc/internal/os/random.h"
#include "ipmpsc/internal/os/sleep.h"
#include "ipmpsc/options.h"
#include "ipmpsc/rpc/service_info.h"
#include "ipmpsc/rpc/waits.h"

namespace ipmpsc::rpc {
namespace {

// How often a client that waits looks whether the server lives.
constexpr absl::Duration kLook = absl::Milliseconds(100);
// Successive servers of one client: the slot of a dead one is free when its claim is settled.
constexpr uint32_t kReplySenders = 4;
constexpr int kMostNames = 8;

// How often a client that connects looks whether a channel that has ended was replaced, in
// nanoseconds. Nothing tells it, as nothing tells `Channel::Open` that a channel was created.
constexpr int64_t kLookForServer = 16'000'000;

// Returns the status in the record of a reply of kind kStatus.
absl::Status StatusOf(const ReplyEnvelope& envelope, absl::string_view record) {
  record.remove_prefix(kEnvelopeSize);
  const std::string text(record.substr(0, kMaxStatusText));
  return absl::Status(static_cast<absl::StatusCode>(envelope.code), text);
}

// Attaches to the channel of requests. Waits until it is there, and has not ended: a server that
// has closed it, or another one, puts a new one in its place.
absl::StatusOr<Sender> AttachToService(const ServiceType& type, absl::string_view path,
                                       Deadline deadline, const ClientOptions& options) {
  SenderOptions sender_options;
  sender_options.name = options.name;
  sender_options.deadline = deadline;
  sender_options.require_receiver = true;
  for (;;) {
    const absl::StatusOr<Channel> channel = Channel::Open(path, {deadline});
    if (!channel.ok()) return channel.status();
    if (!HasEnded(*channel)) {
      if (absl::Status status = CheckService(type, channel->description()); !status.ok())
        return status;
      absl::StatusOr<Sender> requests = Sender::Attach(*channel, sender_options);
      if (requests.ok() || !HasEnded(*channel)) return requests;
    }
    if (deadline.Passed()) {
      return absl::DeadlineExceededError(
          absl::StrCat(path, ": the channel has ended, and no server of ", type.name,
                       " has put another one in its place; start the server"));
    }
    internal::SleepUntil(
        std::min(internal::MonotonicNow() + kLookForServer, deadline.nanoseconds()));
  }
}

}  // namespace

ClientCore::ClientCore(const ServiceType& type, Sender requests, Channel channel, Receiver replies,
                       uint64_t id)
    : type_(type),
      arenas_(nullptr),
      requests_(std::move(requests)),
      reply_channel_(std::move(channel)),
      replies_(std::move(replies)),
      id_(id),
      process_(getpid()) {}

ClientCore::~ClientCore() {
  // A forked child has no part in the channel.
  if (getpid() == process_) unlink(reply_channel_.path().c_str());
}

absl::StatusOr<std::shared_ptr<ClientCore>> ClientCore::Connect(const ServiceType& type,
                                                                absl::string_view path,
                                                                Deadline deadline,
                                                                const ClientOptions& options) {
  absl::StatusOr<Sender> requests = AttachToService(type, path, deadline, options);
  if (!requests.ok()) return requests.status();

  const std::string resolved = ResolvedPath(requests->channel().path());
  RemoveDeadReplies(resolved);
  ChannelOptions reply_options;
  if (type.reply_capacity != 0) reply_options.capacity = type.reply_capacity;
  if (options.reply_capacity != 0) reply_options.capacity = options.reply_capacity;
  reply_options.max_senders = kReplySenders;
  if (type.mode != 0) reply_options.mode = type.mode;
  for (int i = 0;; ++i) {
    const absl::StatusOr<uint64_t> id = internal::RandomWord();
    if (!id.ok()) return id.status();
    reply_options.description = DescribeReplies(type, *id);
    absl::StatusOr<Channel> replies = Channel::Create(ReplyPath(resolved, *id), reply_options);
    if (absl::IsAlreadyExists(replies.status()) && i < kMostNames) continue;
    if (!replies.ok()) return replies.status();
    ReceiverOptions receiver_options;
    receiver_options.name = options.name;
    absl::StatusOr<Receiver> receiver = Receiver::Attach(*replies, receiver_options);
    if (!receiver.ok()) {
      unlink(replies->path().c_str());
      return receiver.status();
    }
    std::shared_ptr<ClientCore> core(
        new ClientCore(type, *std::move(requests), *std::move(replies), *std::move(receiver), *id));
    core->arenas_->set_limit(options.memory_limit);
    return core;
  }
}

absl::StatusOr<Loan> ClientCore::Claim(size_t bound, Deadline deadline) {
  const size_t most = requests_.channel().max_payload();
  if (most < kEnvelopeSize || bound > most - kEnvelopeSize) {
    return absl::InvalidArgumentError(
        absl::StrCat("a request of up to ", bound, " bytes does not fit into the channel of ",
                     type_.name, ", which takes ", most - std::min(most, kEnvelopeSize),
                     "; raise the capacity in its option (ipmpsc.service)"));
  }
  absl::StatusOr<Loan> loan = requests_.Claim(kEnvelopeSize + bound, deadline);
  if (!loan.ok() && HasEnded(requests_.channel())) {
    return absl::AbortedError(absl::StrCat("the server of ", type_.name,
                                           " was replaced by one with other methods; connect "
                                           "again. The call was not sent"));
  }
  return loan;
}

uint64_t ClientCore::Start(Loan loan, size_t size, const MethodType& method, Deadline deadline) {
  const uint64_t call = ++last_call_;
  open_[call].position = loan.position();  // before the request is sent: it may throw
  WriteEnvelope({RequestKind::kCall, method.id, call, id_, deadline.nanoseconds()},
                loan.payload().data());
  std::move(loan).Publish(kEnvelopeSize + size);
  ++stats_.calls;
  return call;
}

absl::StatusOr<ClientCore::Answer> ClientCore::Await(uint64_t call, Deadline deadline) {
  const auto answer = [](const ReplyEnvelope& envelope, Lease lease) -> Answer {
    absl::Status status;
    if (envelope.kind == ReplyKind::kStatus) status = StatusOf(envelope, lease.payload());
    return {envelope.kind, std::move(lease), std::move(status)};
  };
  ReplyEnvelope envelope;
  OpenCall& open_call = open_[call];
  if (std::deque<Lease>& kept = open_call.kept; !kept.empty()) {
    Lease lease = std::move(kept.front());
    kept.pop_front();
    // It was valid when it was kept, but its sender may have changed it.
    if (ReadEnvelope(lease.payload(), &envelope)) return answer(envelope, std::move(lease));
    ++stats_.malformed_replies;
  }
  bool server_lives = true;
  bool is_released = false;  // the server had released the request at the last look
  for (;;) {
    absl::StatusOr<Lease> lease =
        server_lives ? replies_.Receive(Sooner(deadline, kLook)) : replies_.TryReceive();
    if (lease.ok()) {
      if (!ReadEnvelope(lease->payload(), &envelope)) {
        ++stats_.malformed_replies;
      } else if (envelope.call == call) {
        return answer(envelope, *std::move(lease));
      } else if (const auto open = open_.find(envelope.call); open != open_.end()) {
        open->second.kept.push_back(*std::move(lease));
      } else {
        ++stats_.late_replies;
      }
    } else if (absl::IsOutOfRange(lease.status()) || absl::IsAborted(lease.status())) {
      return absl::AbortedError(absl::StrCat(
          "the server of ", type_.name,
          " has given this client up, since its replies took all of their channel; read or "
          "release them in time, or raise reply_capacity, and connect again"));
    } else if (!server_lives && absl::IsUnavailable(lease.status())) {
      return ServerGone();
    } else if (!absl::IsDeadlineExceeded(lease.status())) {
      return lease.status();
    } else if (!requests_.channel().HasReceiver()) {
      server_lives = false;  // what it has sent before is still received
      continue;
    } else if (is_released && !deadline.Passed()) {
      return absl::UnavailableError(absl::StrCat(
          "the server of ", type_.name,
          " has dropped the call: it cannot open or use this client's reply channel ",
          reply_channel_.path(),
          "; check who may open that file, and how many descriptors the server may have. The call "
          "may have been handled"));
    } else {
      // A server releases a request after its last reply, so the next look finds that reply.
      is_released = requests_.channel().released_position() > open_call.position;
    }
    if (deadline.Passed()) {
      return absl::DeadlineExceededError(
          absl::StrCat("the server of ", type_.name, " has not replied"));
    }
  }
}

absl::Status ClientCore::ServerGone() const {
  if (HasEnded(requests_.channel())) {
    return absl::AbortedError(absl::StrCat("the server of ", type_.name,
                                           " was replaced by one with other methods; connect "
                                           "again. The call may have been handled"));
  }
  return absl::UnavailableError(
      absl::StrCat("the server of ", type_.name,
                   " is gone; call again when it runs again. The call may have been handled"));
}

void ClientCore::End(uint64_t call, bool tell) {
  open_.erase(call);
  if (!tell) return;
  // Without a cancellation the server ends at the deadline, or when the replies fill their channel.
  absl::StatusOr<Loan> loan = requests_.TryClaim(kEnvelopeSize);
  if (!loan.ok()) return;
  WriteEnvelope({RequestKind::kCancel, 0, call, id_, 0}, loan->payload().data());
  std::move(*loan).Publish();
}

}  // namespace ipmpsc::rpc
