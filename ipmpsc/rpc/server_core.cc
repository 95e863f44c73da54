#include "ipmpsc/rpc/server_core.h"

#include <unistd.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "ipmpsc/internal/os/clock.h"
#include "ipmpsc/options.h"
#include "ipmpsc/rpc/service_info.h"
#include "ipmpsc/rpc/waits.h"
#include "ipmpsc/stats.h"

namespace ipmpsc::rpc {
namespace {

// How often a server looks for clients that are gone, and how many it asks about at a time.
constexpr absl::Duration kLook = absl::Seconds(1);
constexpr size_t kMostAsked = 64;
// Reply channels that a server keeps open. The least recently used one makes room for another.
constexpr size_t kMostRoutes = 1024;
// A server that waits for space looks for cancellations so often, and takes so many requests.
constexpr absl::Duration kPeek = absl::Milliseconds(10);
constexpr size_t kMostPeeked = 16;
constexpr size_t kMostWaiting = 4096;
// Requests in a row that one call of `Next` drops after its deadline.
constexpr size_t kMostDropped = 2 * kMostWaiting;
// Channels of other servers that a server which starts may find and leave, one after the other.
constexpr int kMostFound = 16;

// Returns the deadline that a peer has written.
Deadline DeadlineAt(int64_t nanoseconds) {
  if (nanoseconds == Deadline::kNever) return Deadline::Never();
  const int64_t now = internal::MonotonicNow();
  return nanoseconds <= now ? Deadline(absl::ZeroDuration())
                            : Deadline(absl::Nanoseconds(nanoseconds - now));
}

absl::Status DeadlinePassed() {
  return absl::DeadlineExceededError("the deadline of this call has passed");
}

absl::StatusOr<Receiver> AttachTo(const Channel& channel, const ServerOptions& options) {
  ReceiverOptions receiver_options;
  receiver_options.name = options.name;
  receiver_options.deadline = options.deadline;
  return Receiver::Attach(channel, receiver_options);
}

}  // namespace

ServerCall::ServerCall(std::shared_ptr<ServerCore> core, std::shared_ptr<Route> route, Lease lease,
                       typed::PooledArena arena, const RequestEnvelope& envelope,
                       const MethodType& method, Deadline refuse_by)
    : core_(std::move(core)),
      route_(std::move(route)),
      lease_(std::move(lease)),
      arena_(std::move(arena)),
      client_(envelope.reply),
      id_(envelope.call),
      deadline_(DeadlineAt(envelope.deadline)),
      refuse_by_(refuse_by),
      method_(method) {
  core_->open_.push_back(this);
}

ServerCall::~ServerCall() {
  if (!finished_) {
    Finish(absl::InternalError(
        absl::StrCat("the handler of ", method_.name, " ended without a reply")));
  }
  std::vector<ServerCall*>& open = core_->open_;
  open.erase(std::remove(open.begin(), open.end(), this), open.end());
}

bool ServerCall::cancelled() {
  if (!cancelled_) {
    core_->Peek();
    core_->Look();
  }
  return cancelled_ || route_->gone || deadline_.Passed();
}

absl::StatusOr<Loan> ServerCall::Claim(size_t bound) {
  if (finished_) {
    return absl::FailedPreconditionError(
        absl::StrCat("the call of ", method_.name, " is finished: it takes no other reply"));
  }
  // A stream would go on while there is space. A single reply may come late.
  if (method_.streams && deadline_.Passed()) return DeadlinePassed();
  const size_t most = route_->channel.max_payload();
  if (most < kEnvelopeSize || bound > most - kEnvelopeSize) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a reply of up to ", bound, " bytes does not fit into the client's channel, which takes ",
        most - std::min(most, kEnvelopeSize), "; raise ClientOptions::reply_capacity"));
  }
  core_->Peek();
  return core_->ClaimReply(route_.get(), kEnvelopeSize + bound, deadline_, this);
}

void ServerCall::Send(Loan loan, size_t size) {
  const ReplyKind kind = method_.streams ? ReplyKind::kPart : ReplyKind::kWhole;
  WriteEnvelope({kind, 0, id_}, loan.payload().data());
  std::move(loan).Publish(kEnvelopeSize + size);
  finished_ = !method_.streams;
}

void ServerCall::Finish(const absl::Status& status) {
  if (finished_) return;
  finished_ = true;
  core_->SendStatus(route_.get(), id_, status, deadline_, this);
}

void ServerCall::Refuse(const absl::Status& status) {
  finished_ = true;
  core_->SendStatus(route_.get(), id_, status, Sooner(deadline_, refuse_by_), this);
}

void ServerCall::FinishUnparsed() {
  ++core_->stats_.malformed;
  const std::string which =
      absl::StrCat("the request of ", method_.name, ", ", message().size(), " bytes long, ");
  switch (arena_.get()->failure()) {
    case view::Arena::Failure::kNoMemory:
      return Refuse(absl::ResourceExhaustedError(
          absl::StrCat(which, "cannot be parsed: the server has no memory for its views")));
    case view::Arena::Failure::kLimit:
      return Refuse(absl::InvalidArgumentError(
          absl::StrCat(which, "exceeds the memory limit of the server")));
    default:
      return Refuse(absl::InvalidArgumentError(
          absl::StrCat(which, "is not a valid ", method_.request->name)));
  }
}

ServerCore::ServerCore(const ServiceType& type, std::string path, Receiver requests, uint64_t first,
                       const ServerOptions& options)
    : type_(type),
      path_(std::move(path)),
      process_(getpid()),
      patience_(options.patience),
      arenas_(nullptr),
      requests_(std::move(requests)),
      first_(first),
      next_look_(kLook) {
  arenas_->set_limit(options.memory_limit);
}

absl::StatusOr<std::shared_ptr<ServerCore>> ServerCore::Create(const ServiceType& type,
                                                               absl::string_view path,
                                                               const ServerOptions& options) {
  ChannelOptions channel_options;
  if (type.capacity != 0) channel_options.capacity = type.capacity;
  if (options.capacity != 0) channel_options.capacity = options.capacity;
  if (type.max_clients != 0) channel_options.max_senders = type.max_clients;
  if (options.max_clients != 0) channel_options.max_senders = options.max_clients;
  if (type.mode != 0) channel_options.mode = type.mode;
  channel_options.exist_policy = ExistPolicy::kOpenOrReplace;
  channel_options.accept_smaller = true;  // to see what it carries first
  channel_options.description = DescribeService(type);
  for (int i = 0; i < kMostFound; ++i) {
    absl::StatusOr<Channel> channel = Channel::Create(path, channel_options);
    if (!channel.ok()) return channel.status();
    absl::Status status = CheckServiceName(type, channel->description());
    if (!status.ok()) return status;
    absl::StatusOr<Receiver> requests = AttachTo(*channel, options);
    if (!requests.ok()) return requests.status();
    // While this server waited, another one may have put its own channel in the place.
    if (HasEnded(*channel)) continue;
    const bool is_wanted = channel->description() == channel_options.description &&
                           channel->capacity() >= channel_options.capacity &&
                           channel->max_senders() >= channel_options.max_senders;
    if (!is_wanted) {
      // No other server receives from it, so it may end. Its clients connect again.
      channel->Close();
      continue;
    }
    // After attaching: whatever a predecessor took was sent before.
    const ChannelStats stats = channel->Stats();
    const bool has_predecessor = stats.receiver.has_value() && stats.receiver->epoch > 1;
    const std::string resolved = ResolvedPath(channel->path());
    RemoveDeadReplies(resolved);
    return std::shared_ptr<ServerCore>(new ServerCore(
        type, resolved, *std::move(requests), has_predecessor ? stats.claim_position : 0, options));
  }
  return absl::AbortedError(absl::StrCat(
      path, ": other servers kept replacing the channel; run one server of ", type.name));
}

ServerCore::~ServerCore() {
  if (getpid() != process_) return;  // in a forked child: its parent handles them
  // Their leases are released here, so no successor answers them.
  for (const Lease& lease : waiting_) {
    RequestEnvelope envelope;
    if (!ReadEnvelope(lease.payload(), &envelope)) continue;
    const std::shared_ptr<Route> route = RouteTo(envelope.reply);
    if (route == nullptr) continue;
    SendStatus(route.get(), envelope.call,
               absl::UnavailableError(absl::StrCat("the server of ", type_.name,
                                                   " has ended. The call was not handled")),
               absl::ZeroDuration(), nullptr);
  }
}

absl::StatusOr<std::unique_ptr<ServerCall>> ServerCore::Next(Deadline deadline) {
  for (size_t dropped = 0;; ++dropped) {
    Look();
    arenas_->Reserve();  // takes no request before the steps that can fail
    std::unique_ptr<ServerCall> call;
    bool is_idle = false;
    if (!waiting_.empty()) {
      Lease lease = std::move(waiting_.front());
      waiting_.pop_front();
      call = Accept(std::move(lease), deadline);
    } else {
      absl::StatusOr<Lease> lease = requests_.Receive(Sooner(deadline, next_look_));
      is_idle = absl::IsDeadlineExceeded(lease.status());
      if (!lease.ok() && !is_idle) return lease.status();
      if (lease.ok()) call = Accept(*std::move(lease), deadline);
    }
    if (call != nullptr) return call;
    // A peer that sends nothing but refuse must not hold the caller. A wait set reports the server
    // again for requests in the channel, but not for those that were taken.
    if ((is_idle || dropped >= kMostDropped) && deadline.Passed()) {
      return absl::DeadlineExceededError("no call came");
    }
  }
}

std::unique_ptr<ServerCall> ServerCore::Accept(Lease lease, Deadline refuse_by) {
  RequestEnvelope envelope;
  if (!ReadEnvelope(lease.payload(), &envelope)) {
    ++stats_.malformed;
    return nullptr;
  }
  if (envelope.kind == RequestKind::kCancel) {
    Cancel(envelope);
    return nullptr;
  }
  const Deadline deadline = DeadlineAt(envelope.deadline);
  if (deadline.Passed()) {
    ++stats_.late;
    return nullptr;
  }
  std::shared_ptr<Route> route = RouteTo(envelope.reply);
  if (route == nullptr) {
    ++stats_.unreachable;
    return nullptr;
  }
  if (lease.position() < first_) {
    ++stats_.interrupted;
    SendStatus(route.get(), envelope.call,
               absl::UnavailableError(absl::StrCat(
                   "the server of ", type_.name,
                   " was started again during the call. The call may have been handled")),
               Sooner(deadline, refuse_by), nullptr);
    return nullptr;
  }
  const MethodType* const end = type_.methods + type_.method_count;
  const MethodType* const method = std::find_if(
      type_.methods, end, [&](const MethodType& type) { return type.id == envelope.method; });
  if (method == end) {
    ++stats_.unimplemented;
    SendStatus(
        route.get(), envelope.call,
        absl::UnimplementedError(absl::StrCat("the server of ", type_.name, " has no such method")),
        Sooner(deadline, refuse_by), nullptr);
    return nullptr;
  }
  ++stats_.calls;
  return std::make_unique<ServerCall>(shared_from_this(), std::move(route), std::move(lease),
                                      arenas_->Take(), envelope, *method, refuse_by);
}

void ServerCore::Cancel(const RequestEnvelope& envelope) {
  for (ServerCall* const call : open_) {
    if (call->client_ == envelope.reply && call->id_ == envelope.call) call->cancelled_ = true;
  }
  // Of a call that was taken and waits. Its handler would not see the cancellation.
  const auto is_cancelled = [&envelope](const Lease& lease) {
    RequestEnvelope waiting;
    return ReadEnvelope(lease.payload(), &waiting) && waiting.reply == envelope.reply &&
           waiting.call == envelope.call;
  };
  waiting_.erase(std::remove_if(waiting_.begin(), waiting_.end(), is_cancelled), waiting_.end());
}

std::shared_ptr<Route> ServerCore::OpenRoute(uint64_t client) const {
  const absl::StatusOr<Channel> channel = Channel::Open(ReplyPath(path_, client));
  // Its own description says for whom it is, so a link under its name leads nowhere else. A client
  // that is gone is not worth a slot. A lossy channel would lose replies.
  if (!channel.ok() || channel->description() != DescribeReplies(type_, client) ||
      channel->on_full() != OnFull::kWait || !channel->HasReceiver()) {
    return nullptr;
  }
  SenderOptions options;
  options.require_receiver = true;
  absl::StatusOr<Sender> replies = Sender::Attach(*channel, options);
  if (!replies.ok()) return nullptr;
  return std::make_shared<Route>(*channel, *std::move(replies));
}

std::shared_ptr<Route> ServerCore::RouteTo(uint64_t client) {
  auto known = routes_.find(client);
  if (known == routes_.end()) {
    std::shared_ptr<Route> route = OpenRoute(client);
    if (route == nullptr) return nullptr;
    if (routes_.size() >= kMostRoutes) {
      routes_.erase(std::min_element(routes_.begin(), routes_.end(), [](auto& a, auto& b) {
        return a.second->last_use < b.second->last_use;
      }));
    }
    known = routes_.emplace(client, std::move(route)).first;
  }
  if (known->second->gone) return nullptr;
  known->second->last_use = ++uses_;
  return known->second;
}

void ServerCore::Peek() {
  RequestEnvelope envelope;
  for (size_t i = 0; i < kMostPeeked && waiting_.size() < kMostWaiting; ++i) {
    absl::StatusOr<Lease> lease = requests_.TryReceive();
    if (!lease.ok()) return;
    if (ReadEnvelope(lease->payload(), &envelope) && envelope.kind == RequestKind::kCancel) {
      Cancel(envelope);
    } else {
      waiting_.push_back(*std::move(lease));
    }
  }
}

void ServerCore::Look() {
  if (!next_look_.Passed()) return;
  next_look_ = kLook;
  bool is_any_gone = false;
  auto next = routes_.upper_bound(last_looked_at_);
  const size_t count = std::min(kMostAsked, routes_.size());
  for (size_t i = 0; i < count; ++i) {
    if (next == routes_.end()) next = routes_.begin();
    last_looked_at_ = next->first;
    if (next->second->channel.HasReceiver()) {
      ++next;
      continue;
    }
    next->second->gone = true;
    next = routes_.erase(next);
    is_any_gone = true;
    if (routes_.empty()) break;
  }
  if (is_any_gone) RemoveDeadReplies(path_);
}

absl::StatusOr<Loan> ServerCore::ClaimReply(Route* route, size_t size, Deadline deadline,
                                            ServerCall* call) {
  const auto gone = [] { return absl::CancelledError("the client of this call is gone"); };
  const Deadline patience = patience_;
  for (;;) {
    if (route->gone) return gone();
    if (call != nullptr && call->cancelled_) {
      return absl::CancelledError("the client has cancelled this call");
    }
    absl::StatusOr<Loan> loan =
        route->replies.Claim(size, Sooner(Sooner(deadline, patience), kPeek));
    if (loan.ok()) return loan;
    if (absl::IsUnavailable(loan.status())) {
      route->gone = true;
      return gone();
    }
    if (!absl::IsDeadlineExceeded(loan.status())) {
      // Of this reply alone, unless another process has ended or damaged the channel.
      route->gone = absl::IsDataLoss(loan.status()) || HasEnded(route->channel);
      return loan;
    }
    if (deadline.Passed()) return DeadlinePassed();
    if (patience.Passed()) {
      GiveUp(route);
      return absl::CancelledError(absl::StrCat("the client of this call has released no reply for ",
                                               absl::FormatDuration(patience_),
                                               " and was given up; see ServerOptions::patience"));
    }
    Peek();
  }
}

void ServerCore::SendStatus(Route* route, uint64_t call, const absl::Status& status,
                            Deadline deadline, ServerCall* owner) {
  const size_t space = route->channel.max_payload();
  if (space < kEnvelopeSize) return;  // smaller than any client makes it
  const absl::string_view text = absl::string_view(status.message())
                                     .substr(0, std::min(kMaxStatusText, space - kEnvelopeSize));
  absl::StatusOr<Loan> loan = ClaimReply(route, kEnvelopeSize + text.size(), deadline, owner);
  if (!loan.ok()) return;  // nobody waits for it
  const int code = static_cast<int>(status.code());
  const auto known = static_cast<uint32_t>(
      code >= 0 && code <= 16 ? code : static_cast<int>(absl::StatusCode::kUnknown));
  WriteEnvelope({ReplyKind::kStatus, known, call}, loan->payload().data());
  std::copy(text.begin(), text.end(), loan->payload().data() + kEnvelopeSize);
  std::move(*loan).Publish();
}

void ServerCore::GiveUp(Route* route) {
  ++stats_.given_up;
  route->gone = true;
  route->channel.Close();  // tells the client
}

}  // namespace ipmpsc::rpc
