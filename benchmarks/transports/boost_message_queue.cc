#include "benchmarks/transports/boost_message_queue.h"

#ifdef IPMPSC_HAS_BOOST
#include <sched.h>

#include <algorithm>
#include <boost/interprocess/ipc/message_queue.hpp>
#include <boost/version.hpp>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#endif

namespace ipmpsc::benchmarks {

#ifdef IPMPSC_HAS_BOOST
namespace {

using Queue = boost::interprocess::message_queue;

// `send` and `receive` sleep on a condition variable and wake at each message.
class BoostSender : public SenderEnd {
 public:
  BoostSender(const std::string& name, Waiting waiting)
      : queue_(boost::interprocess::open_only, name.c_str()), waiting_(waiting) {}

  absl::Status Send(absl::string_view message) override {
    if (waiting_ == Waiting::kSpin) {
      while (!queue_.try_send(message.data(), message.size(), 0)) {
      }
    } else {
      queue_.send(message.data(), message.size(), 0);
    }
    return absl::OkStatus();
  }

 private:
  Queue queue_;
  const Waiting waiting_;
};

class BoostReceiver : public ReceiverEnd {
 public:
  BoostReceiver(const std::string& name, size_t max_message, Waiting waiting)
      : queue_(boost::interprocess::open_only, name.c_str()),
        waiting_(waiting),
        buffer_(max_message) {}

  absl::Status Receive(absl::FunctionRef<void(absl::string_view)> handler) override {
    Queue::size_type size = 0;
    unsigned priority = 0;
    if (waiting_ == Waiting::kSpin) {
      while (!queue_.try_receive(buffer_.data(), buffer_.size(), size, priority)) {
      }
    } else {
      queue_.receive(buffer_.data(), buffer_.size(), size, priority);
    }
    handler({buffer_.data(), size});
    return absl::OkStatus();
  }

 private:
  Queue queue_;
  const Waiting waiting_;
  std::vector<char> buffer_;
};

class BoostTransport : public Transport {
 public:
  explicit BoostTransport(TransportSpec spec) : spec_(std::move(spec)) {}
  ~BoostTransport() override { Queue::remove(spec_.name.c_str()); }

  absl::StatusOr<std::unique_ptr<SenderEnd>> AttachSender() override {
    return std::make_unique<BoostSender>(spec_.name, spec_.waiting);
  }
  absl::StatusOr<std::unique_ptr<ReceiverEnd>> AttachReceiver() override {
    return std::make_unique<BoostReceiver>(spec_.name, spec_.max_message, spec_.waiting);
  }

 private:
  const TransportSpec spec_;
};

absl::StatusOr<std::unique_ptr<Transport>> Create(const TransportSpec& spec) {
  try {
    const Queue queue(boost::interprocess::create_only, spec.name.c_str(),
                      std::max<size_t>(spec.queue_bytes / spec.max_message, 8), spec.max_message);
  } catch (const boost::interprocess::interprocess_exception& refused) {
    return absl::InternalError(absl::StrCat("message_queue: ", refused.what()));
  }
  return std::make_unique<BoostTransport>(spec);
}

}  // namespace
#endif

TransportKind BoostMessageQueue() {
  TransportKind kind;
  kind.name = "boost message_queue";
#ifdef IPMPSC_HAS_BOOST
  kind.describe =
      absl::StrCat("Boost.Interprocess ", BOOST_VERSION / 100000, ".", BOOST_VERSION / 100 % 1000,
                   ": send and receive; try_send and try_receive where it spins");
  kind.create = Create;
#else
  kind.unavailable = "Debian's libboost-dev is not installed: IPMPSC_PACKAGES=peers ./bazelw";
#endif
  return kind;
}

}  // namespace ipmpsc::benchmarks
