#include "benchmarks/transports/posix_mq.h"

#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/transports/unix_socket.h"

namespace ipmpsc::benchmarks {
namespace {

// On Linux a queue is a file descriptor.
class QueueSender : public SenderEnd {
 public:
  explicit QueueSender(mqd_t queue) : queue_(queue) {}

  absl::Status Send(absl::string_view message) override {
    while (mq_send(queue_, message.data(), message.size(), 0) != 0) {
      if (errno != EINTR && errno != EAGAIN) return absl::ErrnoToStatus(errno, "mq_send");
    }
    return absl::OkStatus();
  }

 private:
  const mqd_t queue_;
};

class QueueReceiver : public ReceiverEnd {
 public:
  QueueReceiver(mqd_t queue, size_t max_message) : queue_(queue), buffer_(max_message) {}

  absl::Status Receive(absl::FunctionRef<void(absl::string_view)> handler) override {
    for (;;) {
      const ssize_t size = mq_receive(queue_, buffer_.data(), buffer_.size(), nullptr);
      if (size >= 0) {
        handler({buffer_.data(), static_cast<size_t>(size)});
        return absl::OkStatus();
      }
      if (errno != EINTR && errno != EAGAIN) return absl::ErrnoToStatus(errno, "mq_receive");
    }
  }

 private:
  const mqd_t queue_;
  std::vector<char> buffer_;
};

class QueueTransport : public Transport {
 public:
  QueueTransport(mqd_t queue, size_t max_message)
      : queue_(static_cast<int>(queue)), max_message_(max_message) {}

  absl::StatusOr<std::unique_ptr<SenderEnd>> AttachSender() override {
    return std::make_unique<QueueSender>(queue_.get());
  }
  absl::StatusOr<std::unique_ptr<ReceiverEnd>> AttachReceiver() override {
    return std::make_unique<QueueReceiver>(queue_.get(), max_message_);
  }

 private:
  const OwnedFd queue_;
  const size_t max_message_;
};

int64_t SystemLimit(const char* name) {
  int64_t limit = 0;
  std::ifstream(absl::StrCat("/proc/sys/fs/mqueue/", name)) >> limit;
  return limit;
}

absl::StatusOr<std::unique_ptr<Transport>> Create(const TransportSpec& spec) {
  const std::string name = "/" + spec.name;
  mq_attr attributes = {};
  attributes.mq_msgsize = static_cast<long>(spec.max_message);
  // A privileged process can exceed the system's limits.
  const long wanted =
      static_cast<long>(std::clamp<size_t>(spec.queue_bytes / spec.max_message, 8, 1024));
  const int flags = O_CREAT | O_EXCL | O_RDWR | (spec.waiting == Waiting::kSpin ? O_NONBLOCK : 0);
  mqd_t queue = -1;
  for (const long count : {wanted, static_cast<long>(SystemLimit("msg_max"))}) {
    attributes.mq_maxmsg = count;
    queue = mq_open(name.c_str(), flags, 0600, &attributes);
    if (queue >= 0) break;
  }
  if (queue < 0) {
    if (static_cast<int64_t>(spec.max_message) > SystemLimit("msgsize_max")) {
      return absl::UnimplementedError(
          absl::StrCat("at most ", SystemLimit("msgsize_max"), " bytes (fs.mqueue.msgsize_max)"));
    }
    return absl::ErrnoToStatus(errno, "mq_open");
  }
  // The processes inherit the queue.
  mq_unlink(name.c_str());
  return std::make_unique<QueueTransport>(queue, spec.max_message);
}

}  // namespace

TransportKind PosixMessageQueue() {
  TransportKind kind;
  kind.name = "posix message queue";
  kind.describe =
      "inherited; mq_send, mq_receive; as many messages as the system allows, 1024 at most";
  kind.create = Create;
  return kind;
}

}  // namespace ipmpsc::benchmarks
