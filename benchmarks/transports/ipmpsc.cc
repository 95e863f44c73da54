#include "benchmarks/transports/ipmpsc.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "ipmpsc/version.h"

namespace ipmpsc::benchmarks {
namespace {

class IpmpscSender : public SenderEnd {
 public:
  IpmpscSender(Sender sender, Waiting waiting) : sender_(std::move(sender)), waiting_(waiting) {}

  absl::Status Send(absl::string_view message) override {
    if (waiting_ != Waiting::kSpin) return sender_.Send(message, Deadline::Never());
    absl::Status sent;
    do {
      sent = sender_.TrySend(message);
    } while (absl::IsResourceExhausted(sent));
    return sent;
  }

  absl::Status SendBatch(absl::Span<const absl::string_view> messages) override {
    return sender_.SendBatch(messages, Deadline::Never());
  }

  absl::StatusOr<char*> Loan(size_t size) override {
    absl::StatusOr<ipmpsc::Loan> loan = sender_.Claim(size, Deadline::Never());
    if (!loan.ok()) return loan.status();
    loan_.emplace(*std::move(loan));
    return loan_->payload().data();
  }

  absl::Status Publish() override {
    std::move(*loan_).Publish();
    loan_.reset();
    return absl::OkStatus();
  }

 private:
  Sender sender_;
  const Waiting waiting_;
  std::optional<ipmpsc::Loan> loan_;
};

class IpmpscReceiver : public ReceiverEnd {
 public:
  IpmpscReceiver(Receiver receiver, Waiting waiting)
      : receiver_(std::move(receiver)), waiting_(waiting) {}

  absl::Status Receive(absl::FunctionRef<void(absl::string_view)> handler) override {
    {
      absl::StatusOr<Lease> lease = waiting_ == Waiting::kSpin ? Poll() : Wait();
      if (!lease.ok()) return lease.status();
      handler(lease->payload());
    }
    const absl::StatusOr<size_t> more =
        receiver_.Drain([&](const Record& record) { handler(record.payload); }, kMostAtOnce);
    return absl::IsUnavailable(more.status()) ? absl::OkStatus() : more.status();
  }

 private:
  // Bounds the messages of one call, since the caller reads the clock between calls.
  static constexpr size_t kMostAtOnce = 64;

  absl::StatusOr<Lease> Poll() {
    absl::StatusOr<Lease> lease = receiver_.TryReceive();
    while (absl::IsUnavailable(lease.status())) lease = receiver_.TryReceive();
    return lease;
  }
  absl::StatusOr<Lease> Wait() { return receiver_.Receive(Deadline::Never()); }

  Receiver receiver_;
  const Waiting waiting_;
};

class IpmpscTransport : public Transport {
 public:
  IpmpscTransport(Channel channel, Waiting waiting)
      : channel_(std::move(channel)), waiting_(waiting) {}

  absl::StatusOr<std::unique_ptr<SenderEnd>> AttachSender() override {
    absl::StatusOr<Sender> sender = Sender::Attach(channel_);
    if (!sender.ok()) return sender.status();
    return std::make_unique<IpmpscSender>(*std::move(sender), waiting_);
  }

  absl::StatusOr<std::unique_ptr<ReceiverEnd>> AttachReceiver() override {
    absl::StatusOr<Receiver> receiver = Receiver::Attach(channel_);
    if (!receiver.ok()) return receiver.status();
    return std::make_unique<IpmpscReceiver>(*std::move(receiver), waiting_);
  }

 private:
  const Channel channel_;
  const Waiting waiting_;
};

absl::StatusOr<std::unique_ptr<Transport>> Create(const TransportSpec& spec) {
  ChannelOptions options;
  options.capacity = spec.queue_bytes;
  absl::StatusOr<Channel> channel = Channel::CreateAnonymous(options);
  if (!channel.ok()) return channel.status();
  return std::make_unique<IpmpscTransport>(*std::move(channel), spec.waiting);
}

}  // namespace

TransportKind Ipmpsc() {
  TransportKind kind;
  kind.name = "ipmpsc";
  kind.describe =
      absl::StrCat("this library, ", kVersion, ": Send, SendBatch, Claim; Drain, Receive");
  kind.in_place = true;
  kind.batch = true;
  kind.create = Create;
  return kind;
}

}  // namespace ipmpsc::benchmarks
