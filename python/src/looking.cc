// Tap, and the snapshots of `Channel.stats`.
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <string>

#include "core.h"
#include "ipmpsc/stats.h"
#include "ipmpsc/tap.h"

namespace ipmpsc::python {
namespace {

using namespace nb::literals;  // NOLINT(google-build-using-namespace)

struct PyTap {
  Tap tap;
  bool busy = false;

  Tap& get() {
    if (busy) {
      Raise(absl::StatusCode::kFailedPrecondition,
            "another thread waits in this object: one thread at a time may use it");
    }
    return tap;
  }
};

TapOptions StartAt(const std::string& start) {
  if (start == "now") return {TapStart::kNow};
  if (start == "oldest_unreleased") return {TapStart::kOldestUnreleased};
  if (start == "oldest_kept") return {TapStart::kOldestKept};
  Raise(absl::StatusCode::kInvalidArgument,
        "start is one of 'now', 'oldest_unreleased' and 'oldest_kept'");
}

absl::Status WaitForNext(PyTap& self, const Timeout& timeout, TapMessage* message) {
  Tap& tap = self.get();
  const absl::Status status = tap.TryNext(message);
  if (!absl::IsUnavailable(status)) return status;
  return WaitInSlices(
      timeout, &self.busy, [&](Deadline deadline) { return tap.Next(deadline, message); }, [] {});
}

// Names are bytes of other programs.
nb::object NameOf(const ParticipantStats& participant) {
  return nb::steal(PyUnicode_DecodeUTF8(participant.name.data(),
                                        static_cast<Py_ssize_t>(participant.name.size()),
                                        "backslashreplace"));
}

const char* LivenessOf(const ParticipantStats& participant) {
  switch (participant.liveness) {
    case Liveness::kDead:
      return "dead";
    case Liveness::kAlive:
      return "alive";
    case Liveness::kUnknown:
      return "unknown";
  }
  return "unknown";
}

std::optional<double> UnixSeconds(absl::Time time) {
  if (time == absl::InfinitePast()) return std::nullopt;
  return absl::ToDoubleSeconds(time - absl::UnixEpoch());
}

const char* WaitOf(const ReceiverStats& receiver) {
  switch (receiver.wait) {
    case ReceiverStats::Wait::kNone:
      return "none";
    case ReceiverStats::Wait::kForClaim:
      return "for_claim";
    case ReceiverStats::Wait::kForCommit:
      return "for_commit";
  }
  return "none";
}

template <typename Class>
void BindParticipant(Class& participant) {
  using Stats = typename Class::Type;
  participant.def_prop_ro("name", [](const Stats& self) { return NameOf(self); })
      .def_prop_ro("liveness", [](const Stats& self) { return LivenessOf(self); })
      .def_prop_ro("pid", [](const Stats& self) { return self.pid; })
      .def_prop_ro("pid_is_ours", [](const Stats& self) { return self.pid_is_ours; })
      .def_prop_ro("died", [](const Stats& self) { return self.died(); })
      .def_prop_ro("attached", [](const Stats& self) { return UnixSeconds(self.attached); });
}

}  // namespace

void BindLooking(nb::module_& module, nb::class_<PyChannel>& channel) {
  nb::class_<TapMessage>(module, "TapMessage")
      .def_prop_ro("payload",
                   [](const TapMessage& self) {
                     return nb::bytes(self.payload.data(), self.payload.size());
                   })
      .def_ro("position", &TapMessage::position)
      .def_ro("sender", &TapMessage::sender)
      .def_ro("sequence", &TapMessage::sequence)
      .def_prop_ro("sent_at",
                   [](const TapMessage& self) -> std::optional<int64_t> {
                     if (self.sequence == 0) return std::nullopt;
                     return self.sent_at_nanoseconds;
                   })
      .def_ro("lost_before", &TapMessage::lost_before);
  nb::class_<TapLoss>(module, "TapLoss")
      .def_ro("bytes", &TapLoss::bytes)
      .def_ro("messages", &TapLoss::messages)
      .def_ro("messages_are_exact", &TapLoss::messages_are_exact)
      .def_ro("overtakings", &TapLoss::overtakings)
      .def_ro("holes", &TapLoss::holes)
      .def_ro("hole_bytes", &TapLoss::hole_bytes);
  nb::class_<PyTap>(module, "Tap")
      .def(
          "__init__",
          [](PyTap* self, const PyChannel& channel, const std::string& start) {
            new (self) PyTap{Tap::Over(channel.get(), StartAt(start))};
          },
          "channel"_a, nb::kw_only(), "start"_a = "now",
          "Reads the channel's messages beside its receiver, from 'now', 'oldest_unreleased' or "
          "'oldest_kept' on. Open the channel with `open_read_only` to take no part in it.")
      .def(
          "next",
          [](PyTap& self, const Timeout& timeout) {
            TapMessage message;
            RaiseUnlessOk(WaitForNext(self, timeout, &message));
            return message;
          },
          "timeout"_a = nb::none(), "Waits up to `timeout` seconds for the next message.")
      .def(
          "try_next",
          [](PyTap& self) -> std::optional<TapMessage> {
            TapMessage message;
            const absl::Status status = self.get().TryNext(&message);
            if (absl::IsUnavailable(status)) return std::nullopt;
            RaiseUnlessOk(status);
            return message;
          },
          "Returns the next message, or None if there is none now.")
      .def_prop_ro("loss", [](PyTap& self) { return self.get().loss(); })
      .def_prop_ro("position", [](PyTap& self) { return self.get().position(); })
      .def("__iter__", [](nb::handle self) { return nb::borrow(self); })
      .def("__next__", [](PyTap& self) {
        TapMessage message;
        const absl::Status status = WaitForNext(self, std::nullopt, &message);
        if (absl::IsOutOfRange(status)) throw nb::stop_iteration();
        RaiseUnlessOk(status);
        return message;
      });

  nb::class_<OpenClaim>(module, "OpenClaim")
      .def_ro("position", &OpenClaim::position)
      .def_ro("bytes", &OpenClaim::bytes)
      .def_ro("sender", &OpenClaim::sender);
  nb::class_<OldestRecord>(module, "OldestRecord")
      .def_ro("position", &OldestRecord::position)
      .def_ro("committed", &OldestRecord::committed)
      .def_ro("payload_bytes", &OldestRecord::payload_bytes)
      .def_ro("sender", &OldestRecord::sender);
  nb::class_<SenderStats> sender(module, "SenderStats");
  BindParticipant(sender);
  sender.def_ro("slot", &SenderStats::slot)
      .def_ro("owners", &SenderStats::owners)
      .def_ro("sent_messages", &SenderStats::sent_messages)
      .def_ro("sent_bytes", &SenderStats::sent_bytes)
      .def_ro("last_sequence", &SenderStats::last_sequence)
      .def_ro("full_waits", &SenderStats::full_waits)
      .def_prop_ro("waited",
                   [](const SenderStats& self) { return absl::ToDoubleSeconds(self.waited); })
      .def_ro("lost_races", &SenderStats::lost_races)
      .def_ro("turns", &SenderStats::turns)
      .def_ro("refused", &SenderStats::refused)
      .def_ro("high_water", &SenderStats::high_water)
      .def_ro("open_claim", &SenderStats::open_claim);
  nb::class_<ReceiverStats> receiver(module, "ReceiverStats");
  BindParticipant(receiver);
  receiver.def_ro("epoch", &ReceiverStats::epoch)
      .def_ro("received_messages", &ReceiverStats::received_messages)
      .def_ro("received_bytes", &ReceiverStats::received_bytes)
      .def_ro("discarded_records", &ReceiverStats::discarded_records)
      .def_ro("orphaned_records", &ReceiverStats::orphaned_records)
      .def_ro("orphaned_bytes", &ReceiverStats::orphaned_bytes)
      .def_ro("sleeps", &ReceiverStats::sleeps)
      .def_ro("redelivered_bytes", &ReceiverStats::redelivered_bytes)
      .def_prop_ro("wait", &WaitOf);
  nb::class_<ChannelStats>(module, "ChannelStats")
      .def_ro("id", &ChannelStats::id)
      .def_prop_ro("path",
                   [](const ChannelStats& self) {
                     return nb::steal(PyUnicode_DecodeFSDefault(self.path.c_str()));
                   })
      .def_prop_ro("created", [](const ChannelStats& self) { return UnixSeconds(self.created); })
      .def_ro("capacity", &ChannelStats::capacity)
      .def_ro("max_payload", &ChannelStats::max_payload)
      .def_ro("max_senders", &ChannelStats::max_senders)
      .def_ro("timestamps", &ChannelStats::timestamps)
      .def_ro("huge_pages", &ChannelStats::huge_pages)
      .def_ro("full_barriers", &ChannelStats::full_barriers)
      .def_ro("closed", &ChannelStats::closed)
      .def_ro("replaced", &ChannelStats::replaced)
      .def_ro("damaged", &ChannelStats::damaged)
      .def_ro("claim_position", &ChannelStats::claim_position)
      .def_ro("release_position", &ChannelStats::release_position)
      .def_ro("fill", &ChannelStats::fill)
      .def_ro("high_water", &ChannelStats::high_water)
      .def_ro("senders_wait", &ChannelStats::senders_wait)
      .def_ro("receiver", &ChannelStats::receiver)
      .def_ro("senders", &ChannelStats::senders)
      .def_ro("oldest_open_claim", &ChannelStats::oldest_open_claim)
      .def_ro("oldest_record", &ChannelStats::oldest_record)
      .def_prop_ro("attached_senders", &ChannelStats::attached_senders);
  channel.def(
      "stats", [](const PyChannel& self) { return self.get().Stats(); },
      "Returns what the channel holds, and who uses it, at this moment.");
}

}  // namespace ipmpsc::python
