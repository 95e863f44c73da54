// The snapshots of `Channel.stats`.
#include "ipmpsc/stats.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <optional>

#include "absl/time/time.h"
#include "core.h"

namespace ipmpsc::python {
namespace {

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

void BindStats(nb::module_& module, nb::class_<PyChannel>& channel) {
  nb::class_<OpenClaim>(module, "OpenClaim")
      .def_ro("position", &OpenClaim::position)
      .def_ro("bytes", &OpenClaim::bytes)
      .def_ro("sender", &OpenClaim::sender);
  nb::class_<TurnStats>(module, "TurnStats")
      .def_ro("sender", &TurnStats::sender)
      .def_ro("bytes", &TurnStats::bytes)
      .def_prop_ro("left", [](const TurnStats& self) { return absl::ToDoubleSeconds(self.left); });
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
      .def_ro("dropped_messages", &SenderStats::dropped_messages)
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
      .def_ro("skipped_messages", &ReceiverStats::skipped_messages)
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
      .def_ro("drops_newest", &ChannelStats::drops_newest)
      .def_ro("full_barriers", &ChannelStats::full_barriers)
      .def_ro("closed", &ChannelStats::closed)
      .def_ro("replaced", &ChannelStats::replaced)
      .def_ro("damaged", &ChannelStats::damaged)
      .def_ro("claim_position", &ChannelStats::claim_position)
      .def_ro("release_position", &ChannelStats::release_position)
      .def_ro("fill", &ChannelStats::fill)
      .def_ro("high_water", &ChannelStats::high_water)
      .def_ro("dropped_messages", &ChannelStats::dropped_messages)
      .def_ro("turn", &ChannelStats::turn)
      .def_ro("stale_turn", &ChannelStats::stale_turn)
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
