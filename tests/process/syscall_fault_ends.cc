// Operations of senders and receivers, each with its preparation and a check that it worked.
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/internal/ring/control.h"
#include "ipmpsc/internal/ring/waiting.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "tests/process/syscall_fault_world.h"
#include "tests/testing/process/child_process.h"

namespace ipmpsc::testing {
namespace {

using absl::StatusCode;

// The timeouts of waits for an event that does not come.
constexpr absl::Duration kInVain = absl::Milliseconds(15);

absl::Status ReceiveExpected(FaultWorld& world, Deadline deadline, absl::string_view expected) {
  const absl::StatusOr<Lease> lease = world.receiver->Receive(deadline);
  if (!lease.ok()) return lease.status();
  return lease->payload() == expected ? absl::OkStatus() : absl::InternalError("another message");
}

// --- Attaching and detaching ---

FaultOperation AttachSender() {
  FaultOperation operation;
  operation.name = "AttachSender";
  operation.prepare = [](FaultWorld& world) { world.Open(); };
  operation.run = [](FaultWorld& world) {
    return Keep(Sender::Attach(*world.channel), &world.sender);
  };
  operation.works = [](FaultWorld& world) {
    return PassMessage(*world.channel, &*world.sender, nullptr);
  };
  operation.codes = {StatusCode::kResourceExhausted, StatusCode::kPermissionDenied,
                     StatusCode::kUnavailable};
  return operation;
}

FaultOperation AttachReceiver() {
  FaultOperation operation = AttachSender();
  operation.name = "AttachReceiver";
  operation.run = [](FaultWorld& world) {
    return Keep(Receiver::Attach(*world.channel), &world.receiver);
  };
  operation.works = [](FaultWorld& world) {
    return PassMessage(*world.channel, nullptr, &*world.receiver);
  };
  operation.codes.insert(StatusCode::kAlreadyExists);
  return operation;
}

FaultOperation AttachReceiverInVain() {
  FaultOperation operation = AttachReceiver();
  operation.name = "AttachReceiverInVain";
  operation.prepare = [](FaultWorld& world) {
    world.Open();
    world.AttachReceiver();
  };
  operation.run = [](FaultWorld& world) {
    ReceiverOptions options;
    options.deadline = kInVain;
    return Receiver::Attach(*world.channel, options).status();
  };
  operation.usual = StatusCode::kAlreadyExists;
  operation.works = [](FaultWorld&) { return "there are two receivers"; };
  operation.waits = true;
  operation.most_calls = 10;
  return operation;
}

FaultOperation Detach(bool receiver) {
  FaultOperation operation;
  operation.name = receiver ? "DetachReceiver" : "DetachSender";
  operation.prepare = [](FaultWorld& world) {
    world.Open();
    world.AttachSender();
    world.AttachReceiver();
  };
  operation.run = [receiver](FaultWorld& world) {
    if (receiver) {
      world.receiver.reset();
    } else {
      world.sender.reset();
    }
    return absl::OkStatus();
  };
  operation.works = [receiver](FaultWorld& world) {
    const bool there = receiver ? world.channel->HasReceiver() : world.channel->HasSender();
    return there ? "it is still there" : "";
  };
  return operation;
}

// --- Sending and receiving ---

FaultOperation WithBothEnds(const std::string& name) {
  FaultOperation operation;
  operation.name = name;
  operation.prepare = [](FaultWorld& world) {
    world.Open();
    world.AttachSender();
    world.AttachReceiver();
  };
  operation.works = [](FaultWorld&) { return ""; };
  return operation;
}

FaultOperation SendAndReceive() {
  FaultOperation operation = WithBothEnds("SendAndReceiveAwake");
  operation.run = [](FaultWorld& world) {
    const std::string wrong = PassMessage(*world.channel, &*world.sender, &*world.receiver);
    return wrong.empty() ? absl::OkStatus() : absl::InternalError(wrong);
  };
  return operation;
}

FaultOperation SendInVain() {
  FaultOperation operation = WithBothEnds("SendInVain");
  operation.prepare = [prepare = operation.prepare](FaultWorld& world) {
    prepare(world);
    world.FillRing();
  };
  operation.run = [](FaultWorld& world) { return world.sender->Send("x", kInVain); };
  operation.usual = StatusCode::kDeadlineExceeded;
  operation.codes = {StatusCode::kDeadlineExceeded};
  operation.works = [](FaultWorld&) { return "there was no space"; };
  operation.waits = true;
  operation.most_calls = 2;
  return operation;
}

FaultOperation SendThatWaits() {
  FaultOperation operation = SendInVain();
  operation.name = "SendThatWaits";
  operation.prepare = [prepare = operation.prepare](FaultWorld& world) {
    prepare(world);
    world.Meanwhile([&world] {
      if (!Await([&] { return (world.control().senders_wait.load() & 1) != 0; })) return "no wait";
      return world.receiver->TryReceive().ok() ? "" : "nothing there";
    });
  };
  operation.run = [](FaultWorld& world) { return world.sender->Send("x", kPatience); };
  operation.usual = StatusCode::kOk;
  operation.codes = {};
  operation.works = [](FaultWorld& world) {
    const std::string found = world.Helped();
    return found.empty() ? TextOf(ReceiveExpected(world, absl::ZeroDuration(), "x")) : found;
  };
  return operation;
}

FaultOperation SendThatWakes() {
  FaultOperation operation = WithBothEnds("SendThatWakes");
  operation.prepare = [prepare = operation.prepare](FaultWorld& world) {
    prepare(world);
    world.Meanwhile([&world] { return TextOf(ReceiveExpected(world, kPatience, "x")); });
    Await([&] { return internal::IsReceiverWaiting(world.control()); });
  };
  operation.run = [](FaultWorld& world) { return world.sender->TrySend("x"); };
  operation.works = [](FaultWorld& world) {
    world.WakeReceiver();
    return world.Helped();
  };
  operation.waits = true;
  operation.most_calls = 1;
  return operation;
}

FaultOperation SendWhereAReceiverIsRequired() {
  FaultOperation operation = WithBothEnds("SendWhereAReceiverIsRequired");
  operation.prepare = [](FaultWorld& world) {
    world.Open();
    world.AttachReceiver();
    SenderOptions options;
    options.require_receiver = true;
    world.wrong = TextOf(Keep(Sender::Attach(*world.channel, options), &world.sender));
  };
  operation.run = [](FaultWorld& world) { return world.sender->TrySend("x"); };
  operation.works = [](FaultWorld& world) {
    return TextOf(ReceiveExpected(world, absl::ZeroDuration(), "x"));
  };
  return operation;
}

FaultOperation ReceiveInVain() {
  FaultOperation operation = WithBothEnds("ReceiveInVain");
  operation.run = [](FaultWorld& world) { return world.receiver->Receive(kInVain).status(); };
  operation.usual = StatusCode::kDeadlineExceeded;
  operation.codes = {StatusCode::kDeadlineExceeded};
  operation.works = [](FaultWorld&) { return "nothing was there"; };
  operation.waits = true;
  operation.most_calls = 2;
  return operation;
}

FaultOperation ReceiveThatWaits() {
  FaultOperation operation = ReceiveInVain();
  operation.name = "ReceiveThatWaits";
  operation.prepare = [prepare = operation.prepare](FaultWorld& world) {
    prepare(world);
    world.Meanwhile([&world] {
      if (!Await([&] { return internal::IsReceiverWaiting(world.control()); })) {
        return std::string("no wait");
      }
      return TextOf(world.sender->TrySend("x"));
    });
  };
  operation.run = [](FaultWorld& world) { return ReceiveExpected(world, kPatience, "x"); };
  operation.usual = StatusCode::kOk;
  operation.codes = {};
  operation.works = [](FaultWorld& world) { return world.Helped(); };
  return operation;
}

FaultOperation ReceiveThatWakes() {
  FaultOperation operation = WithBothEnds("ReceiveThatWakes");
  operation.prepare = [prepare = operation.prepare](FaultWorld& world) {
    prepare(world);
    world.FillRing();
    world.Meanwhile([&world] { return TextOf(world.sender->Send("x", kPatience)); });
    Await([&] { return (world.control().senders_wait.load() & 1) != 0; });
  };
  operation.run = [](FaultWorld& world) { return world.receiver->TryReceive().status(); };
  operation.works = [](FaultWorld& world) {
    const std::string found = world.Helped();
    return found.empty() ? TextOf(ReceiveExpected(world, absl::ZeroDuration(), "x")) : found;
  };
  operation.waits = true;
  operation.most_calls = 1;
  return operation;
}

// The sender lives. The receiver waits for it, even if the kernel does not say whether it lives.
FaultOperation ReceiveBehindTheLiving() {
  FaultOperation operation = ReceiveInVain();
  operation.name = "ReceiveBehindTheLiving";
  operation.prepare = [prepare = operation.prepare](FaultWorld& world) {
    prepare(world);
    world.wrong = TextOf(Keep(world.sender->TryClaim(8), &world.loan));
  };
  operation.works = [](FaultWorld&) { return "the living was robbed"; };
  operation.most_calls = 4;
  return operation;
}

FaultOperation ReceiveBehindTheDead() {
  FaultOperation operation = WithBothEnds("ReceiveBehindTheDead");
  operation.prepare = [](FaultWorld& world) {
    world.Open();
    world.wrong = InChild([&]() -> std::string {
      world.AttachSender();
      if (!world.wrong.empty()) return world.wrong;
      return TextOf(Keep(world.sender->TryClaim(8), &world.loan));
    });
    if (!world.wrong.empty()) return;
    world.AttachReceiver();
    world.AttachSender();
    if (world.wrong.empty()) world.wrong = TextOf(world.sender->TrySend("behind"));
  };
  operation.run = [](FaultWorld& world) { return ReceiveExpected(world, kPatience, "behind"); };
  operation.survives_lasting_errors = false;
  operation.most_calls = 1;
  return operation;
}

FaultOperation ReceiveTheEnd() {
  FaultOperation operation = WithBothEnds("ReceiveTheEnd");
  operation.prepare = [](FaultWorld& world) {
    world.Open();
    ReceiverOptions options;
    options.end_without_senders = true;
    world.wrong = TextOf(Keep(Receiver::Attach(*world.channel, options), &world.receiver));
    world.AttachSender();
    world.sender.reset();
  };
  operation.run = [](FaultWorld& world) {
    const absl::Status ended = world.receiver->Receive(kPatience).status();
    return absl::IsOutOfRange(ended) ? absl::OkStatus() : ended;
  };
  operation.survives_lasting_errors = false;
  operation.most_calls = 1;
  return operation;
}

}  // namespace

std::vector<FaultOperation> EndFaultOperations() {
  return {AttachSender(),         AttachReceiver(),
          AttachReceiverInVain(), Detach(false),
          Detach(true),           SendAndReceive(),
          SendInVain(),           SendThatWaits(),
          SendThatWakes(),        SendWhereAReceiverIsRequired(),
          ReceiveInVain(),        ReceiveThatWaits(),
          ReceiveThatWakes(),     ReceiveBehindTheLiving(),
          ReceiveBehindTheDead(), ReceiveTheEnd()};
}

}  // namespace ipmpsc::testing
