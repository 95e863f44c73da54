// The crate ipmpsc, over a file in /dev/shm, in the way that its documentation calls fastest: bytes
// through serde_bytes, received in place from a `zero_copy_context`. It waits on a condition
// variable, to which both send and receive broadcast. To spin, send_timeout with a zero timeout and
// try_recv are called repeatedly.
#include "benchmarks/transports/rust_ipmpsc.h"

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "benchmarks/transport.h"
#include "benchmarks/transports/rust_library.h"
#include "benchmarks/transports/spin_pause.h"

namespace ipmpsc::benchmarks {
namespace {

constexpr int kNotNow = 1;
// Each message also carries its own length and that of its bytes.
constexpr size_t kOverhead = 12;

// See benchmarks/peers/rust/src/ipmpsc.rs.
struct Calls {
  const char* (*version)();
  int (*create)(const char*, uint32_t);
  void* (*attach_sender)(const char*);
  void (*detach_sender)(void*);
  int (*send)(void*, const char*, size_t);
  int (*try_send)(void*, const char*, size_t);
  void* (*attach_receiver)(const char*);
  void (*detach_receiver)(void*);
  int (*receive)(void*, RustHandler, void*);
  int (*try_receive)(void*, RustHandler, void*);
};

bool Find(const RustLibrary& library, Calls& calls) {
  return library.Find("peer_ipmpsc_version", &calls.version) &&
         library.Find("peer_ipmpsc_create", &calls.create) &&
         library.Find("peer_ipmpsc_attach_sender", &calls.attach_sender) &&
         library.Find("peer_ipmpsc_detach_sender", &calls.detach_sender) &&
         library.Find("peer_ipmpsc_send", &calls.send) &&
         library.Find("peer_ipmpsc_try_send", &calls.try_send) &&
         library.Find("peer_ipmpsc_attach_receiver", &calls.attach_receiver) &&
         library.Find("peer_ipmpsc_detach_receiver", &calls.detach_receiver) &&
         library.Find("peer_ipmpsc_receive", &calls.receive) &&
         library.Find("peer_ipmpsc_try_receive", &calls.try_receive);
}

class RustSender : public SenderEnd {
 public:
  RustSender(const Calls& calls, void* sender, bool spin)
      : calls_(calls), sender_(sender), spin_(spin) {}
  ~RustSender() override { calls_.detach_sender(sender_); }

  absl::Status Send(absl::string_view message) override {
    int result;
    if (spin_) {
      while ((result = calls_.try_send(sender_, message.data(), message.size())) == kNotNow)
        SpinPause();
    } else {
      result = calls_.send(sender_, message.data(), message.size());
    }
    return result == 0 ? absl::OkStatus() : absl::InternalError("send of the crate ipmpsc");
  }

 private:
  const Calls calls_;
  void* const sender_;
  const bool spin_;
};

class RustReceiver : public ReceiverEnd {
 public:
  RustReceiver(const Calls& calls, void* receiver, bool spin)
      : calls_(calls), receiver_(receiver), spin_(spin) {}
  ~RustReceiver() override { calls_.detach_receiver(receiver_); }

  absl::Status Receive(absl::FunctionRef<void(absl::string_view)> handler) override {
    int result;
    if (spin_) {
      while ((result = calls_.try_receive(receiver_, CallFunctionRef, &handler)) == kNotNow)
        SpinPause();
    } else {
      result = calls_.receive(receiver_, CallFunctionRef, &handler);
    }
    return result == 0 ? absl::OkStatus() : absl::InternalError("recv of the crate ipmpsc");
  }

 private:
  const Calls calls_;
  void* const receiver_;
  const bool spin_;
};

class RustTransport : public Transport {
 public:
  RustTransport(const Calls& calls, std::string path, bool spin)
      : calls_(calls), path_(std::move(path)), spin_(spin) {}
  ~RustTransport() override { unlink(path_.c_str()); }

  absl::StatusOr<std::unique_ptr<SenderEnd>> AttachSender() override {
    void* const sender = calls_.attach_sender(path_.c_str());
    if (sender == nullptr) return absl::InternalError("open of the crate ipmpsc");
    return std::make_unique<RustSender>(calls_, sender, spin_);
  }
  absl::StatusOr<std::unique_ptr<ReceiverEnd>> AttachReceiver() override {
    void* const receiver = calls_.attach_receiver(path_.c_str());
    if (receiver == nullptr) return absl::InternalError("open of the crate ipmpsc");
    return std::make_unique<RustReceiver>(calls_, receiver, spin_);
  }

 private:
  const Calls calls_;
  const std::string path_;
  const bool spin_;
};

absl::StatusOr<std::unique_ptr<Transport>> Create(const Calls& calls, const TransportSpec& spec) {
  // The crate never splits a message at the end. One message always fits only if there is room for
  // two.
  const size_t capacity = std::max(spec.queue_bytes, 2 * (spec.max_message + kOverhead));
  if (capacity > UINT32_MAX / 2) return absl::UnimplementedError("at most 2 GiB");
  const std::string path = absl::StrCat("/dev/shm/ipmpsc-", spec.name);
  if (calls.create(path.c_str(), static_cast<uint32_t>(capacity)) != 0) {
    unlink(path.c_str());
    return absl::InternalError("create of the crate ipmpsc");
  }
  return std::make_unique<RustTransport>(calls, path, spec.waiting == Waiting::kSpin);
}

}  // namespace

TransportKind RustIpmpsc(const std::string& library) {
  TransportKind kind;
  kind.name = "crate ipmpsc";
  kind.describe = "the crate ipmpsc";
  const std::optional<Calls> calls = LoadRustCalls(library, Find, kind);
  if (!calls.has_value()) return kind;
  kind.describe = absl::StrCat("the crate ipmpsc ", calls->version(),
                               ": send of serde_bytes, recv from a zero_copy_context; "
                               "send_timeout and try_recv where it spins");
  kind.create = [calls = *calls](const TransportSpec& spec) { return Create(calls, spec); };
  return kind;
}

}  // namespace ipmpsc::benchmarks
