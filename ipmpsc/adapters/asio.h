// Receivers and senders in a program that uses Asio (the library without Boost, 1.19 or later).
//
//   asio::awaitable<void> Print(ipmpsc::AsioReceiver& receiver) {
//     for (;;) {
//       absl::StatusOr<ipmpsc::Lease> lease =
//           co_await ipmpsc::async_receive(receiver, asio::use_awaitable);
//       if (!lease.ok()) co_return;
//       std::cout << lease->payload() << '\n';
//     }
//   }
//   ...
//   absl::StatusOr<ipmpsc::AsioReceiver> receiver =
//       ipmpsc::AsioReceiver::Create(io.get_executor(), *std::move(attached));
//
// Every other completion token works, too: a callback in C++17, use_future, deferred.
#ifndef IPMPSC_ADAPTERS_ASIO_H_
#define IPMPSC_ADAPTERS_ASIO_H_

#include <asio/any_io_executor.hpp>
#include <asio/compose.hpp>
#include <asio/error_code.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"

namespace ipmpsc {
namespace asio_internal {

// A descriptor that its end owns: it is given back and not closed.
class BorrowedDescriptor {
 public:
  BorrowedDescriptor(const asio::any_io_executor& executor, int fd) : descriptor_(executor, fd) {}
  BorrowedDescriptor(BorrowedDescriptor&&) noexcept = default;
  BorrowedDescriptor& operator=(BorrowedDescriptor&& other) noexcept {
    GiveBack();
    descriptor_ = std::move(other.descriptor_);
    return *this;
  }
  ~BorrowedDescriptor() { GiveBack(); }

  asio::posix::stream_descriptor& operator*() { return descriptor_; }

 private:
  void GiveBack() {
    if (descriptor_.is_open()) descriptor_.release();
  }

  asio::posix::stream_descriptor descriptor_;
};

// Tries, arms and waits, until `attempt(&result)` sets the result instead of arming.
template <typename Result, typename Attempt>
class Operation {
 public:
  Operation(asio::posix::stream_descriptor* descriptor, Attempt attempt)
      : descriptor_(descriptor), attempt_(std::move(attempt)) {}

  template <typename Self>
  void operator()(Self& self, asio::error_code error = {}) {
    if (result_.has_value()) {
      self.complete(*std::move(result_));
    } else if (error) {
      // The end may be gone.
      self.complete(Result(absl::CancelledError("the wait was cancelled")));
    } else {
      attempt_(&result_);
      if (!result_.has_value()) {
        waited_ = true;
        descriptor_->async_wait(asio::posix::stream_descriptor::wait_read, std::move(self));
      } else if (waited_) {
        self.complete(*std::move(result_));
      } else {
        // No handler runs inside of the function that starts the operation.
        asio::post(descriptor_->get_executor(), std::move(self));
      }
    }
  }

 private:
  asio::posix::stream_descriptor* descriptor_;
  Attempt attempt_;
  std::optional<Result> result_;
  bool waited_ = false;
};

template <typename Result, typename Attempt, typename Token>
auto Start(asio::posix::stream_descriptor& descriptor, Attempt attempt, Token&& token) {
  return asio::async_compose<Token, void(Result)>(
      Operation<Result, Attempt>(&descriptor, std::move(attempt)), token, descriptor);
}

}  // namespace asio_internal

// A receiver in an executor. Not thread-safe: use it in one thread or strand at a time. At most one
// operation at a time. An operation that is pending when the receiver is destroyed completes with
// kCancelled. The receiver must not be moved while an operation is pending.
class AsioReceiver {
 public:
  // Errors: as `Receiver::Fd`. Throws what Asio throws if its reactor cannot take the descriptor.
  static absl::StatusOr<AsioReceiver> Create(const asio::any_io_executor& executor,
                                             Receiver receiver) {
    const absl::StatusOr<int> fd = receiver.Fd();
    if (!fd.ok()) return fd.status();
    return AsioReceiver(executor, *fd, std::move(receiver));
  }

  // Completes with the next message. Its signature is void(absl::StatusOr<Lease>). It supports
  // Asio's cancellation of single operations. Receive what is there by `receiver().Drain` first if
  // messages come at a high rate: each operation takes a turn of the loop.
  //
  // Errors: as `Receiver::TryReceive`, but not kUnavailable. kCancelled - the operation was
  // cancelled.
  template <typename Token>
  auto async_receive(Token&& token) {
    return asio_internal::Start<absl::StatusOr<Lease>>(
        *descriptor_,
        [receiver = &receiver_](std::optional<absl::StatusOr<Lease>>* result) {
          do {
            absl::StatusOr<Lease> lease = receiver->TryReceive();
            if (!absl::IsUnavailable(lease.status())) {
              result->emplace(std::move(lease));
              return;
            }
          } while (!receiver->Arm());
        },
        std::forward<Token>(token));
  }

  // Cancels the pending operation.
  void cancel() { (*descriptor_).cancel(); }
  Receiver& receiver() { return receiver_; }

 private:
  AsioReceiver(const asio::any_io_executor& executor, int fd, Receiver receiver)
      : receiver_(std::move(receiver)), descriptor_(executor, fd) {}

  Receiver receiver_;
  asio_internal::BorrowedDescriptor descriptor_;  // of `receiver_`
};

// A sender in an executor, with the same rules.
class AsioSender {
 public:
  // Errors: as `Sender::Fd`. Throws what Asio throws if its reactor cannot take the descriptor.
  static absl::StatusOr<AsioSender> Create(const asio::any_io_executor& executor, Sender sender) {
    const absl::StatusOr<int> fd = sender.Fd(0);
    if (!fd.ok()) return fd.status();
    return AsioSender(executor, *fd, std::move(sender));
  }

  // Sends `payload` as soon as there is space. In a lossy channel it does not wait for space. The
  // bytes must stay until the operation completes. Its signature is void(absl::Status).
  //
  // Errors: as `Sender::TrySend`, but kResourceExhausted only in a lossy channel: the message is
  // dropped. kCancelled - the operation was cancelled; nothing is sent.
  template <typename Token>
  auto async_send(absl::string_view payload, Token&& token) {
    return asio_internal::Start<absl::Status>(
        *descriptor_,
        [sender = &sender_, payload](std::optional<absl::Status>* result) {
          do {
            absl::Status sent = sender->TrySend(payload);
            // A lossy channel has counted the message as dropped.
            const bool waits =
                absl::IsResourceExhausted(sent) && sender->channel().on_full() == OnFull::kWait;
            if (waits) sent = sender->Fd(payload.size()).status();
            if (!waits || !sent.ok()) {
              result->emplace(std::move(sent));
              return;
            }
          } while (!sender->Arm());
        },
        std::forward<Token>(token));
  }

  // As of `AsioReceiver`.
  void cancel() { (*descriptor_).cancel(); }
  // The sender itself.
  Sender& sender() { return sender_; }

 private:
  AsioSender(const asio::any_io_executor& executor, int fd, Sender sender)
      : sender_(std::move(sender)), descriptor_(executor, fd) {}

  Sender sender_;
  asio_internal::BorrowedDescriptor descriptor_;  // of `sender_`
};

// Asio's form of a free function.
template <typename Token>
auto async_receive(AsioReceiver& receiver, Token&& token) {
  return receiver.async_receive(std::forward<Token>(token));
}
template <typename Token>
auto async_send(AsioSender& sender, absl::string_view payload, Token&& token) {
  return sender.async_send(payload, std::forward<Token>(token));
}

}  // namespace ipmpsc

#endif  // IPMPSC_ADAPTERS_ASIO_H_
