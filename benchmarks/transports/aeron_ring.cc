// Aeron's many-to-one ring buffer in C, over anonymous shared memory. Senders call
// aeron_mpsc_rb_write, or try_claim and commit, and retry while it is full. The receiver calls
// aeron_mpsc_rb_read, which passes messages in place. Aeron has no call that sleeps. An idle
// process spins, or yields (as its YieldingIdleStrategy does) for throughput.
#include "benchmarks/transports/aeron_ring.h"

#include <errno.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

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

constexpr int kFull = -1;
// The size of aeron_rb_descriptor_t, which follows the messages: six pairs of cache lines.
constexpr size_t kTrailer = 6 * 2 * 64;
// A read frees its messages at its end. Aeron's own conductors pass 10 for small commands. A larger
// limit lets one read free more at once.
constexpr size_t kReadLimit = 256;

using Handler = void (*)(int32_t, const void*, size_t, void*);

// See benchmarks/peers/rust/src/aeron.rs.
struct Calls {
  const char* (*version)();
  void* (*attach)(void*, size_t);
  void (*detach)(void*);
  int (*write)(void*, const void*, size_t);
  int32_t (*try_claim)(void*, size_t);
  int (*commit)(void*, int32_t);
  size_t (*read)(void*, Handler, void*, size_t);
};

bool Find(const RustLibrary& library, Calls& calls) {
  return library.Find("peer_aeron_version", &calls.version) &&
         library.Find("peer_aeron_attach", &calls.attach) &&
         library.Find("peer_aeron_detach", &calls.detach) &&
         library.Find("peer_aeron_write", &calls.write) &&
         library.Find("peer_aeron_try_claim", &calls.try_claim) &&
         library.Find("peer_aeron_commit", &calls.commit) &&
         library.Find("peer_aeron_read", &calls.read);
}

void Idle(bool spin) {
  if (spin) {
    SpinPause();
  } else {
    sched_yield();
  }
}

class RingSender : public SenderEnd {
 public:
  RingSender(const Calls& calls, void* ring, char* memory, bool spin)
      : calls_(calls), ring_(ring), memory_(memory), spin_(spin) {}
  ~RingSender() override { calls_.detach(ring_); }

  absl::Status Send(absl::string_view message) override {
    int result;
    while ((result = calls_.write(ring_, message.data(), message.size())) == kFull) Idle(spin_);
    return result == 0 ? absl::OkStatus() : absl::InternalError("aeron_mpsc_rb_write");
  }
  absl::StatusOr<char*> Loan(size_t size) override {
    while ((offset_ = calls_.try_claim(ring_, size)) == kFull) Idle(spin_);
    if (offset_ < 0) return absl::InternalError("aeron_mpsc_rb_try_claim");
    return memory_ + offset_;
  }
  absl::Status Publish() override {
    return calls_.commit(ring_, offset_) == 0 ? absl::OkStatus()
                                              : absl::InternalError("aeron_mpsc_rb_commit");
  }

 private:
  Calls calls_;
  void* ring_;
  char* memory_;
  bool spin_;
  int32_t offset_ = 0;
};

class RingReceiver : public ReceiverEnd {
 public:
  RingReceiver(const Calls& calls, void* ring, bool spin)
      : calls_(calls), ring_(ring), spin_(spin) {}
  ~RingReceiver() override { calls_.detach(ring_); }

  absl::Status Receive(absl::FunctionRef<void(absl::string_view)> handler) override {
    const Handler call = [](int32_t, const void* bytes, size_t size, void* data) {
      (*static_cast<absl::FunctionRef<void(absl::string_view)>*>(data))(
          absl::string_view(static_cast<const char*>(bytes), size));
    };
    while (calls_.read(ring_, call, &handler, kReadLimit) == 0) Idle(spin_);
    return absl::OkStatus();
  }

 private:
  Calls calls_;
  void* ring_;
  bool spin_;
};

class RingTransport : public Transport {
 public:
  RingTransport(const Calls& calls, char* memory, size_t length, bool spin)
      : calls_(calls), memory_(memory), length_(length), spin_(spin) {}
  ~RingTransport() override { munmap(memory_, length_); }

  absl::StatusOr<std::unique_ptr<SenderEnd>> AttachSender() override {
    void* ring = calls_.attach(memory_, length_);
    if (ring == nullptr) return absl::InternalError("aeron_mpsc_rb_init");
    return std::make_unique<RingSender>(calls_, ring, memory_, spin_);
  }
  absl::StatusOr<std::unique_ptr<ReceiverEnd>> AttachReceiver() override {
    void* ring = calls_.attach(memory_, length_);
    if (ring == nullptr) return absl::InternalError("aeron_mpsc_rb_init");
    return std::make_unique<RingReceiver>(calls_, ring, spin_);
  }

 private:
  Calls calls_;
  char* memory_;
  size_t length_;
  bool spin_;
};

absl::StatusOr<std::unique_ptr<Transport>> Create(const Calls& calls, const TransportSpec& spec) {
  if (spec.waiting == Waiting::kSleep)
    return absl::UnimplementedError("it has no call that sleeps");
  // Aeron needs a power of two, and messages of at most an eighth of it.
  const size_t least = std::max(spec.queue_bytes, 8 * spec.max_message);
  size_t capacity = 4096;
  while (capacity < least) capacity *= 2;
  if (capacity >= INT32_MAX) {
    return absl::UnimplementedError("at most 1 GiB, an eighth of it in one message");
  }
  // Forked children inherit the mapping. Nothing has to be removed.
  const size_t length = capacity + kTrailer;
  void* memory = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return absl::ErrnoToStatus(errno, "mmap");
  return std::make_unique<RingTransport>(calls, static_cast<char*>(memory), length,
                                         spec.waiting == Waiting::kSpin);
}

}  // namespace

TransportKind AeronRing(const std::string& library) {
  TransportKind kind;
  kind.name = "aeron ring";
  kind.describe = "Aeron's many-to-one ring buffer in C";
  kind.in_place = true;
  const std::optional<Calls> calls = LoadRustCalls(library, Find, kind);
  if (!calls.has_value()) return kind;
  kind.describe =
      absl::StrCat("Aeron ", calls->version(), " in C, aeron_mpsc_rb_write (in place: ",
                   "try_claim, commit) and aeron_mpsc_rb_read of up to ", kReadLimit,
                   "; a ring of at least eight of the longest messages, as it requires");
  kind.create = [calls = *calls](const TransportSpec& spec) { return Create(calls, spec); };
  return kind;
}

}  // namespace ipmpsc::benchmarks
