// iceoryx's publish-subscribe between processes. Each sender has a publisher, filled in place. The
// one subscriber's full queue blocks the publishers. A subscriber is polled. To sleep, it waits in
// a WaitSet.
#include "benchmarks/transports/iceoryx.h"

#ifdef IPMPSC_HAS_ICEORYX
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "benchmarks/transports/roudi.h"
#include "benchmarks/transports/spin_pause.h"
#include "iceoryx_hoofs/log/logmanager.hpp"
#include "iceoryx_posh/popo/untyped_publisher.hpp"
#include "iceoryx_posh/popo/untyped_subscriber.hpp"
#include "iceoryx_posh/popo/wait_set.hpp"
#include "iceoryx_posh/runtime/posh_runtime.hpp"
#include "iceoryx_versions.hpp"
#endif

namespace ipmpsc::benchmarks {

#ifdef IPMPSC_HAS_ICEORYX
namespace {

constexpr absl::Duration kPatience = absl::Seconds(10);
// Messages in a subscriber's queue.
constexpr size_t kLeastQueue = 8;
constexpr size_t kMostQueue = iox::MAX_SUBSCRIBER_QUEUE_CAPACITY;
// Memory beyond the queue: chunks that each publisher fills and keeps, and chunks that are being
// read.
constexpr size_t kOfEachSender = 2;
constexpr size_t kOthers = 2;

size_t QueueOf(const TransportSpec& spec) {
  return std::clamp(spec.queue_bytes / spec.max_message, kLeastQueue, kMostQueue);
}

iox::capro::ServiceDescription Service(const std::string& name) {
  return {"ipmpsc", {iox::cxx::TruncateToCapacity, name}, "message"};
}

// Called once in each process, after the fork.
void JoinRouDi() {
  iox::log::LogManager::GetLogManager().SetDefaultLogLevel(iox::log::LogLevel::kError,
                                                           iox::log::LogLevelOutput::kHideLogLevel);
  const std::string name = absl::StrCat("ipmpsc-", getpid());
  iox::runtime::PoshRuntime::initRuntime({iox::cxx::TruncateToCapacity, name});
}

class IceoryxSender : public SenderEnd {
 public:
  explicit IceoryxSender(std::unique_ptr<iox::popo::UntypedPublisher> publisher)
      : publisher_(std::move(publisher)) {}

  absl::Status Send(absl::string_view message) override {
    const absl::StatusOr<char*> bytes = Loan(message.size());
    if (!bytes.ok()) return bytes.status();
    std::memcpy(*bytes, message.data(), message.size());
    return Publish();
  }
  absl::StatusOr<char*> Loan(size_t size) override {
    auto loan = publisher_->loan(static_cast<uint32_t>(size));
    if (loan.has_error()) return absl::InternalError("loan of iceoryx");
    loaned_ = loan.value();
    return static_cast<char*>(loaned_);
  }
  absl::Status Publish() override {
    publisher_->publish(loaned_);
    return absl::OkStatus();
  }

 private:
  const std::unique_ptr<iox::popo::UntypedPublisher> publisher_;
  void* loaned_ = nullptr;
};

class IceoryxReceiver : public ReceiverEnd {
 public:
  IceoryxReceiver(const std::string& name, const iox::popo::SubscriberOptions& options,
                  Waiting waiting)
      : subscriber_(Service(name), options), waiting_(waiting) {}
  ~IceoryxReceiver() override {
    if (wait_set_) wait_set_->detachState(subscriber_, iox::popo::SubscriberState::HAS_DATA);
  }

  absl::Status Start() {
    if (waiting_ != Waiting::kSleep) return absl::OkStatus();
    wait_set_ = std::make_unique<iox::popo::WaitSet<>>();
    if (wait_set_->attachState(subscriber_, iox::popo::SubscriberState::HAS_DATA).has_error())
      return absl::InternalError("attachState of iceoryx");
    return absl::OkStatus();
  }

  absl::Status Receive(absl::FunctionRef<void(absl::string_view)> handler) override {
    for (;;) {
      auto taken = subscriber_.take();
      if (!taken.has_error()) {
        const void* const bytes = taken.value();
        const auto* const header = iox::mepoo::ChunkHeader::fromUserPayload(bytes);
        handler({static_cast<const char*>(bytes), header->userPayloadSize()});
        subscriber_.release(bytes);
        return absl::OkStatus();
      }
      if (taken.get_error() != iox::popo::ChunkReceiveResult::NO_CHUNK_AVAILABLE)
        return absl::InternalError("take of iceoryx");
      if (waiting_ == Waiting::kSpin) {
        SpinPause();
      } else if (waiting_ == Waiting::kFastest) {
        sched_yield();
      } else {
        wait_set_->wait();
      }
    }
  }

 private:
  iox::popo::UntypedSubscriber subscriber_;
  const Waiting waiting_;
  std::unique_ptr<iox::popo::WaitSet<>> wait_set_;
};

class IceoryxTransport : public Transport {
 public:
  IceoryxTransport(TransportSpec spec, std::shared_ptr<RouDi> roudi)
      : spec_(std::move(spec)), roudi_(std::move(roudi)) {}

  absl::StatusOr<std::unique_ptr<SenderEnd>> AttachSender() override {
    JoinRouDi();
    iox::popo::PublisherOptions options;
    options.subscriberTooSlowPolicy = iox::popo::ConsumerTooSlowPolicy::WAIT_FOR_CONSUMER;
    auto publisher = std::make_unique<iox::popo::UntypedPublisher>(Service(spec_.name), options);
    // Messages published without a subscriber are lost.
    const absl::Time limit = absl::Now() + kPatience;
    while (!publisher->hasSubscribers()) {
      if (absl::Now() > limit) return absl::DeadlineExceededError("no receiver of iceoryx comes");
      absl::SleepFor(absl::Milliseconds(1));
    }
    return std::make_unique<IceoryxSender>(std::move(publisher));
  }
  absl::StatusOr<std::unique_ptr<ReceiverEnd>> AttachReceiver() override {
    JoinRouDi();
    iox::popo::SubscriberOptions options;
    options.queueCapacity = QueueOf(spec_);
    options.queueFullPolicy = iox::popo::QueueFullPolicy::BLOCK_PRODUCER;
    auto receiver = std::make_unique<IceoryxReceiver>(spec_.name, options, spec_.waiting);
    const absl::Status started = receiver->Start();
    if (!started.ok()) return started;
    return receiver;
  }

 private:
  const TransportSpec spec_;
  const std::shared_ptr<RouDi> roudi_;
};

absl::StatusOr<std::unique_ptr<Transport>> Create(const TransportSpec& spec) {
  const size_t count = QueueOf(spec) + kOfEachSender * static_cast<size_t>(spec.senders) + kOthers;
  // Pools have sizes that are multiples of 32.
  const size_t size = (spec.max_message + 31) / 32 * 32;
  absl::StatusOr<std::shared_ptr<RouDi>> roudi = RouDi::Get({size, count});
  if (!roudi.ok()) return roudi.status();
  return std::make_unique<IceoryxTransport>(spec, *std::move(roudi));
}

}  // namespace
#endif

TransportKind Iceoryx() {
  TransportKind kind;
  kind.name = "iceoryx";
#ifdef IPMPSC_HAS_ICEORYX
  kind.describe = absl::StrCat(
      "iceoryx ", ICEORYX_LATEST_RELEASE_VERSION,
      ", publish-subscribe, blocking: loan and publish of UntypedPublisher, take, polled, of a "
      "queue of up to ",
      kMostQueue,
      " messages, the most it has; where it sleeps, a WaitSet. RouDi, without monitoring, is "
      "started beside it, and its memory and time are not counted");
  kind.in_place = true;
  kind.create = Create;
#else
  kind.unavailable =
      "Debian's libiceoryx-posh-dev is not installed: IPMPSC_PACKAGES=peers ./bazelw";
#endif
  return kind;
}

}  // namespace ipmpsc::benchmarks
