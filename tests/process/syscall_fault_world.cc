#include "tests/process/syscall_fault_world.h"

#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "ipmpsc/channel_access.h"
#include "ipmpsc/internal/os/futex.h"
#include "ipmpsc/internal/ring/control.h"
#include "ipmpsc/internal/ring/ring.h"
#include "ipmpsc/internal/segment/segment.h"
#include "ipmpsc/options.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc::testing {
namespace {

constexpr char kProbe[] = "afterwards";

// Receives the available messages, up to the probe.
std::string ReceiveProbe(Receiver* receiver) {
  for (;;) {
    const absl::StatusOr<Lease> lease = receiver->Receive(kPatience);
    if (!lease.ok()) return absl::StrCat("afterwards, receive: ", lease.status().ToString());
    if (lease->payload() == kProbe) return "";
  }
}

}  // namespace

FaultWorld::FaultWorld(const std::string& directory_path)
    : directory(directory_path), path(directory_path + "/channel") {}

void FaultWorld::CreateElsewhere() {
  const std::string created = InChild([&] {
    ChannelOptions options;
    options.capacity = 4096;
    options.max_senders = 4;
    return Channel::Create(path, options).status().ToString();
  });
  if (created != "OK") wrong = created;
}

void FaultWorld::Open() {
  CreateElsewhere();
  absl::StatusOr<Channel> opened = Channel::Open(path);
  if (opened.ok()) {
    channel.emplace(*std::move(opened));
  } else {
    wrong = opened.status().ToString();
  }
}

void FaultWorld::AttachSender() {
  absl::StatusOr<Sender> attached = Sender::Attach(*channel);
  if (attached.ok()) {
    sender.emplace(*std::move(attached));
  } else {
    wrong = attached.status().ToString();
  }
}

void FaultWorld::AttachReceiver() {
  absl::StatusOr<Receiver> attached = Receiver::Attach(*channel);
  if (attached.ok()) {
    receiver.emplace(*std::move(attached));
  } else {
    wrong = attached.status().ToString();
  }
}

void FaultWorld::FillRing() {
  const absl::Status filled = sender->TrySend(std::string(channel->max_payload(), 'f'));
  if (!filled.ok()) wrong = filled.ToString();
}

void FaultWorld::Meanwhile(std::function<std::string()> work) {
  had_helper = true;
  helper = std::thread([this, work = std::move(work)] { helper_found = work(); });
}

std::string FaultWorld::Helped() {
  if (helper.joinable()) helper.join();
  return helper_found;
}

void FaultWorld::WakeReceiver() {
  internal::FutexWakeAll(
      internal::LowHalfOfClaimWord(internal::ChannelAccess::SegmentOf(*channel)->ring().control));
}

const internal::ControlBlock& FaultWorld::control() const {
  return *internal::ChannelAccess::SegmentOf(*channel)->ring().control;
}

Belongings FaultWorld::Count() const {
  Belongings count;
  for (int fd = 0; fd < 64; ++fd) count.files += fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    const bool of_channel =
        absl::StrContains(line, "/ipmpsc-") || absl::StrContains(line, "memfd:ipmpsc");
    const bool reserved = !had_helper && absl::StrContains(line, " ---p ");
    count.mappings += of_channel || reserved ? 1 : 0;
  }
  count.names = CountNames(directory);
  return count;
}

void FaultWorld::Drop() {
  Helped();
  loan.reset();
  sender.reset();
  receiver.reset();
  made.reset();
}

std::string FaultWorld::UseAfterwards() {
  absl::StatusOr<Channel> there = Channel::Open(path);
  if (channel.has_value() && there.ok() &&
      (there->id() == channel->id()) != (channel->state() != ChannelState::kReplaced)) {
    return "replaced, and not told so, or the other way round";
  }
  if (absl::IsNotFound(there.status())) {
    ChannelOptions options;
    options.capacity = 4096;
    there = Channel::Create(path, options);
  }
  if (!there.ok()) return absl::StrCat("afterwards: ", there.status().ToString());
  if (there->state() == ChannelState::kClosed) return "";
  absl::StatusOr<Receiver> new_receiver = Receiver::Attach(*there);
  if (!new_receiver.ok()) {
    return absl::StrCat("afterwards, attach: ", new_receiver.status().ToString());
  }
  // Takes all slots, to find one that was left locked. The ring may be full.
  std::vector<Sender> senders;
  for (uint32_t i = 0; i < there->max_senders(); ++i) {
    absl::StatusOr<Sender> new_sender = Sender::Attach(*there);
    if (!new_sender.ok()) {
      return absl::StrCat("afterwards, attach: ", new_sender.status().ToString());
    }
    senders.push_back(*std::move(new_sender));
    while (absl::IsResourceExhausted(senders.back().TrySend(kProbe))) {
      const absl::StatusOr<Lease> lease = new_receiver->Receive(kPatience);
      if (!lease.ok()) return absl::StrCat("afterwards, full: ", lease.status().ToString());
    }
    const std::string received = ReceiveProbe(&*new_receiver);
    if (!received.empty()) return received;
  }
  return "";
}

std::string PassMessage(const Channel& channel, Sender* sender, Receiver* receiver) {
  if (sender == nullptr) {
    absl::StatusOr<Sender> attached = Sender::Attach(channel);
    if (!attached.ok()) return attached.status().ToString();
    return PassMessage(channel, &*attached, receiver);
  }
  if (receiver == nullptr) {
    absl::StatusOr<Receiver> attached = Receiver::Attach(channel);
    if (!attached.ok()) return attached.status().ToString();
    return PassMessage(channel, sender, &*attached);
  }
  const absl::Status sent = sender->TrySend("works");
  if (!sent.ok()) return sent.ToString();
  const absl::StatusOr<Lease> lease = receiver->TryReceive();
  if (!lease.ok()) return lease.status().ToString();
  return lease->payload() == "works" ? "" : "received something else";
}

}  // namespace ipmpsc::testing
