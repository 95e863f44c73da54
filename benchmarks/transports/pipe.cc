#include "benchmarks/transports/pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/transports/framing.h"
#include "benchmarks/transports/unix_socket.h"

namespace ipmpsc::benchmarks {
namespace {

// The largest pipe of an unprivileged process (fs.pipe-max-size).
constexpr size_t kLargestPipe = size_t{1} << 20;

class PipeSender : public SenderEnd {
 public:
  PipeSender(OwnedFd pipe, bool spin, bool alone)
      : pipe_(std::move(pipe)), spin_(spin), alone_(alone) {}

  absl::Status Send(absl::string_view message) override {
    return WriteFramed(pipe_.get(), {&message, 1}, spin_);
  }
  absl::Status SendBatch(absl::Span<const absl::string_view> messages) override {
    // With several writers, only writes of at most PIPE_BUF bytes are atomic.
    if (!alone_) return SenderEnd::SendBatch(messages);
    return WriteFramed(pipe_.get(), messages, spin_);
  }

 private:
  const OwnedFd pipe_;
  const bool spin_;
  const bool alone_;
};

class PipeReceiver : public ReceiverEnd {
 public:
  PipeReceiver(OwnedFd pipe, size_t max_message) : pipe_(std::move(pipe)), reader_(max_message) {}

  absl::Status Receive(absl::FunctionRef<void(absl::string_view)> handler) override {
    for (;;) {
      absl::Status status = reader_.ReadSome(pipe_.get(), handler);
      if (absl::IsUnavailable(status)) continue;
      if (!status.ok() || reader_.handled()) return status;
    }
  }

 private:
  const OwnedFd pipe_;
  FrameReader reader_;
};

class PipeTransport : public Transport {
 public:
  PipeTransport(OwnedFd reading, OwnedFd writing, TransportSpec spec)
      : reading_(std::move(reading)), writing_(std::move(writing)), spec_(std::move(spec)) {}

  absl::StatusOr<std::unique_ptr<SenderEnd>> AttachSender() override {
    OwnedFd own(dup(writing_.get()));
    if (own.get() < 0) return absl::ErrnoToStatus(errno, "dup");
    return std::make_unique<PipeSender>(std::move(own), spec_.waiting == Waiting::kSpin,
                                        spec_.senders == 1);
  }

  absl::StatusOr<std::unique_ptr<ReceiverEnd>> AttachReceiver() override {
    OwnedFd own(dup(reading_.get()));
    if (own.get() < 0) return absl::ErrnoToStatus(errno, "dup");
    return std::make_unique<PipeReceiver>(std::move(own), spec_.max_message);
  }

 private:
  const OwnedFd reading_;
  const OwnedFd writing_;
  const TransportSpec spec_;
};

absl::StatusOr<std::unique_ptr<Transport>> Create(const TransportSpec& spec) {
  if (spec.senders > 1 && spec.max_message + sizeof(uint32_t) > PIPE_BUF) {
    return absl::UnimplementedError(
        absl::StrCat("with several senders at most PIPE_BUF, ", PIPE_BUF, " bytes"));
  }
  int fds[2];
  if (pipe2(fds, spec.waiting == Waiting::kSpin ? O_NONBLOCK : 0) != 0)
    return absl::ErrnoToStatus(errno, "pipe2");
  OwnedFd reading(fds[0]);
  OwnedFd writing(fds[1]);
  fcntl(fds[0], F_SETPIPE_SZ, static_cast<int>(std::min(spec.queue_bytes, kLargestPipe)));
  return std::make_unique<PipeTransport>(std::move(reading), std::move(writing), spec);
}

}  // namespace

TransportKind Pipe() {
  TransportKind kind;
  kind.name = "pipe";
  kind.describe =
      "inherited; one pipe for all senders, of 1 MiB at most (F_SETPIPE_SZ); length and bytes by "
      "one writev, "
      "a batch too where there is one sender; as much as is there by one read";
  kind.batch = true;
  kind.create = Create;
  return kind;
}

}  // namespace ipmpsc::benchmarks
