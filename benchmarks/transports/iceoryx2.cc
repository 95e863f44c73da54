// iceoryx2's publish-subscribe between processes. Each sender has a publisher, filled in place, and
// there is one subscriber. Without overflow, a publisher waits while the subscriber's buffer is
// full. A subscriber is polled. To sleep, it waits for an event that its users add.
#include "benchmarks/transports/iceoryx2.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "benchmarks/transport.h"
#include "benchmarks/transports/iceoryx2_common.h"
#include "benchmarks/transports/rust_library.h"

namespace ipmpsc::benchmarks {
namespace {

using iceoryx2::kDone;
using iceoryx2::kEmpty;
using iceoryx2::kPatience;

// Messages in a subscriber's buffer. Each publisher has memory for that many.
constexpr size_t kLeastBuffer = 8;
constexpr size_t kMostBuffer = 4096;

// As in benchmarks/peers/rust/src/iceoryx2.rs.
struct Channel {
  const char* name;
  size_t max_message;
  size_t messages;
  size_t senders;
  bool notify;
};

struct Calls {
  const char* (*version)();
  void* (*attach_sender)(const Channel*);
  void (*detach_sender)(void*);
  bool (*has_receiver)(const void*);
  void* (*loan)(void*, size_t);
  int (*publish)(void*);
  void (*wake)(const void*);
  void* (*attach_receiver)(const Channel*);
  void (*detach_receiver)(void*);
  int (*try_receive)(void*, RustHandler, void*);
  int (*wait)(void*);
  int (*wait_for_many)(void* const*, size_t, bool (*)(size_t, void*), void*);
};

bool Find(const RustLibrary& library, Calls& calls) {
  return library.Find("peer_iceoryx2_version", &calls.version) &&
         library.Find("peer_iceoryx2_attach_sender", &calls.attach_sender) &&
         library.Find("peer_iceoryx2_detach_sender", &calls.detach_sender) &&
         library.Find("peer_iceoryx2_has_receiver", &calls.has_receiver) &&
         library.Find("peer_iceoryx2_loan", &calls.loan) &&
         library.Find("peer_iceoryx2_publish", &calls.publish) &&
         library.Find("peer_iceoryx2_wake", &calls.wake) &&
         library.Find("peer_iceoryx2_attach_receiver", &calls.attach_receiver) &&
         library.Find("peer_iceoryx2_detach_receiver", &calls.detach_receiver) &&
         library.Find("peer_iceoryx2_try_receive", &calls.try_receive) &&
         library.Find("peer_iceoryx2_wait", &calls.wait) &&
         library.Find("peer_iceoryx2_wait_for_many", &calls.wait_for_many);
}

// A publisher loses messages in two cases before the receiver has seen it: the subscriber's buffer
// is full, or the publisher leaves. The receiver sees a publisher when it polls for messages. A
// sender therefore requests a poll before its first message, and stays until the receiver has gone.
// This does not apply in the receiver's own process.
struct Presence {
  std::atomic<pid_t> receiver{0};  // the receiver's process; 0: none yet
  std::atomic<bool> gone{false};
  std::atomic<int> asked{0};     // number of polls that senders have requested
  std::atomic<int> answered{0};  // number of requests that a poll has answered
};

void StayFor(const Presence& presence) {
  const absl::Time limit = absl::Now() + kPatience;
  while (presence.receiver.load() != getpid() && !presence.gone.load() && absl::Now() < limit)
    absl::SleepFor(absl::Milliseconds(1));
}

class Iceoryx2Sender : public SenderEnd {
 public:
  Iceoryx2Sender(const Calls& calls, void* sender, Presence& presence)
      : calls_(calls), sender_(sender), presence_(presence) {}
  ~Iceoryx2Sender() override {
    StayFor(presence_);
    calls_.detach_sender(sender_);
  }

  absl::Status Send(absl::string_view message) override {
    const absl::StatusOr<char*> bytes = Loan(message.size());
    if (!bytes.ok()) return bytes.status();
    std::memcpy(*bytes, message.data(), message.size());
    return Publish();
  }
  absl::StatusOr<char*> Loan(size_t size) override {
    if (!seen_ && !WaitUntilSeen())
      return absl::DeadlineExceededError("the receiver of iceoryx2 does not look for messages");
    void* const bytes = calls_.loan(sender_, size);
    if (bytes == nullptr) return absl::InternalError("loan_slice_uninit of iceoryx2");
    return static_cast<char*>(bytes);
  }
  absl::Status Publish() override {
    return calls_.publish(sender_) == kDone ? absl::OkStatus()
                                            : absl::InternalError("send of iceoryx2");
  }

 private:
  bool WaitUntilSeen() {
    seen_ = true;
    if (presence_.receiver.load() == getpid()) return true;
    const absl::Time limit = absl::Now() + kPatience;
    const int mine = presence_.asked.fetch_add(1) + 1;
    while (presence_.answered.load() < mine) {
      if (absl::Now() > limit) return false;
      calls_.wake(sender_);
      absl::SleepFor(absl::Microseconds(100));
    }
    return true;
  }

  const Calls calls_;
  void* const sender_;
  Presence& presence_;
  bool seen_ = false;
};

class Iceoryx2Receiver : public ReceiverEnd {
 public:
  Iceoryx2Receiver(const Calls& calls, void* receiver, Waiting waiting, Presence& presence)
      : calls_(calls), receiver_(receiver), waiting_(waiting), presence_(presence) {
    presence_.receiver.store(getpid());
  }
  ~Iceoryx2Receiver() override {
    calls_.detach_receiver(receiver_);
    presence_.gone.store(true);
  }

  absl::Status Receive(absl::FunctionRef<void(absl::string_view)> handler) override {
    const int result = iceoryx2::Await(
        waiting_, [&] { return Look(handler); }, [&] { return calls_.wait(receiver_); });
    if (result == iceoryx2::kNotSlept) return absl::InternalError("blocking_wait of iceoryx2");
    return result == kDone ? absl::OkStatus() : absl::InternalError("receive of iceoryx2");
  }

  void* handle() const { return receiver_; }
  // Calls `handler` for a message, if there is one. Returns as `try_receive` of the library.
  int Look(absl::FunctionRef<void(absl::string_view)> handler) {
    const int asked = presence_.asked.load(std::memory_order_acquire);
    const int result = calls_.try_receive(receiver_, CallFunctionRef, &handler);
    if (asked != answered_) presence_.answered.store(answered_ = asked);
    return result;
  }

 private:
  const Calls calls_;
  void* const receiver_;
  const Waiting waiting_;
  Presence& presence_;
  int answered_ = 0;
};

class Iceoryx2Transport : public Transport {
 public:
  Iceoryx2Transport(const Calls& calls, const TransportSpec& spec, void* presence)
      : calls_(calls),
        name_(spec.name),
        waiting_(spec.waiting),
        channel_{name_.c_str(), spec.max_message,
                 std::clamp(spec.queue_bytes / spec.max_message, kLeastBuffer, kMostBuffer),
                 static_cast<size_t>(spec.senders), spec.waiting == Waiting::kSleep},
        presence_(new (presence) Presence()) {}
  ~Iceoryx2Transport() override {
    munmap(presence_, sizeof(Presence));
    iceoryx2::RemoveFiles(name_);
  }

  absl::StatusOr<std::unique_ptr<SenderEnd>> AttachSender() override {
    void* const sender = calls_.attach_sender(&channel_);
    if (sender == nullptr) return absl::InternalError("no publisher of iceoryx2");
    if (!iceoryx2::AwaitOtherEnd([&] { return calls_.has_receiver(sender); })) {
      calls_.detach_sender(sender);
      return absl::DeadlineExceededError("no receiver of iceoryx2 comes");
    }
    return std::make_unique<Iceoryx2Sender>(calls_, sender, *presence_);
  }
  absl::StatusOr<std::unique_ptr<ReceiverEnd>> AttachReceiver() override {
    void* const receiver = calls_.attach_receiver(&channel_);
    if (receiver == nullptr) return absl::InternalError("no subscriber of iceoryx2");
    return std::make_unique<Iceoryx2Receiver>(calls_, receiver, waiting_, *presence_);
  }

 private:
  const Calls calls_;
  const std::string name_;
  const Waiting waiting_;
  const Channel channel_;
  Presence* const presence_;
};

absl::StatusOr<std::unique_ptr<Transport>> Create(const Calls& calls, const TransportSpec& spec) {
  void* const presence =
      mmap(nullptr, sizeof(Presence), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (presence == MAP_FAILED) return absl::ErrnoToStatus(errno, "mmap");
  return std::make_unique<Iceoryx2Transport>(calls, spec, presence);
}

absl::Status ReceiveFromMany(const Calls& calls,
                             absl::Span<const std::unique_ptr<Transport>> transports,
                             absl::FunctionRef<void()> attached,
                             TransportKind::MessageOfOne handler) {
  struct Set {
    std::vector<std::unique_ptr<ReceiverEnd>> receivers;
    TransportKind::MessageOfOne handler;
    bool failed = false;

    Iceoryx2Receiver& At(size_t i) { return static_cast<Iceoryx2Receiver&>(*receivers[i]); }
    // Whether to go on.
    bool Receive(size_t i) {
      bool goes_on = true;
      int result;
      do {
        result = At(i).Look([&](absl::string_view bytes) { goes_on = handler(i, bytes); });
      } while (result == kDone && goes_on);
      failed = result != kDone && result != kEmpty;
      return goes_on && !failed;
    }
  } set = {{}, handler};
  std::vector<void*> handles;
  for (const std::unique_ptr<Transport>& transport : transports) {
    auto receiver = transport->AttachReceiver();
    if (!receiver.ok()) return receiver.status();
    set.receivers.push_back(*std::move(receiver));
    handles.push_back(set.At(handles.size()).handle());
  }
  attached();
  const int result = calls.wait_for_many(
      handles.data(), handles.size(),
      [](size_t i, void* data) { return static_cast<Set*>(data)->Receive(i); }, &set);
  return result == kDone && !set.failed ? absl::OkStatus()
                                        : absl::InternalError("wait_and_process of iceoryx2");
}

}  // namespace

TransportKind Iceoryx2(const std::string& library) {
  TransportKind kind;
  kind.name = "iceoryx2";
  kind.describe = "iceoryx2";
  kind.in_place = true;
  const std::optional<Calls> calls = LoadRustCalls(library, Find, kind);
  if (!calls.has_value()) return kind;
  kind.describe = absl::StrCat(
      "iceoryx2 ", calls->version(),
      ", publish-subscribe without overflow: loan_slice_uninit, send, which waits "
      "while the buffer of up to ",
      kMostBuffer,
      " messages is full (RetryUntilDelivered); receive, polled; where it sleeps, notify after "
      "each message and blocking_wait");
  kind.create = [calls = *calls](const TransportSpec& spec) { return Create(calls, spec); };
  kind.receive_from_many = [calls = *calls](absl::Span<const std::unique_ptr<Transport>> transports,
                                            absl::FunctionRef<void()> attached,
                                            TransportKind::MessageOfOne handler) {
    return ReceiveFromMany(calls, transports, attached, handler);
  };
  return kind;
}

}  // namespace ipmpsc::benchmarks
