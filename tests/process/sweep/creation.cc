#include "tests/process/sweep/creation.h"

#include <sys/syscall.h>

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/channel_access.h"
#include "ipmpsc/internal/ring/ring.h"
#include "ipmpsc/internal/segment/segment.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "tests/process/sweep/operation.h"
#include "tests/process/sweep/stepping.h"
#include "tests/testing/process/message.h"
#include "tests/testing/process/stepped_child.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc::testing {
namespace {

constexpr MessageIdentity kInOld = {1, 0};
constexpr MessageIdentity kInNew = {2, 0};

ChannelOptions Options(ExistPolicy policy) {
  ChannelOptions options;
  options.capacity = 4096;
  options.max_senders = 4;
  options.exist_policy = policy;
  options.description = "what it says of itself";
  return options;
}

// Returns all names in the directory except the channel's own.
std::vector<std::string> OtherNames(const SharedMemoryDirectory& directory,
                                    const std::string& path) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory.path())) {
    if (entry.path() != path) names.push_back(entry.path());
  }
  return names;
}

// Checks that the channel is as complete as one whose creator lives.
void CheckComplete(const std::string& path, Findings* findings) {
  absl::StatusOr<Channel> channel = Channel::Open(path);
  if (!channel.ok()) {
    findings->Count(SweepFault::kTorn,
                    absl::StrCat("half a channel: ", channel.status().ToString()));
    return;
  }
  absl::StatusOr<Receiver> receiver = Receiver::Attach(*channel);
  std::vector<Sender> senders;
  for (uint32_t i = 0; i < channel->max_senders(); ++i) {
    absl::StatusOr<Sender> sender = Sender::Attach(*channel);
    if (!sender.ok()) {
      findings->Count(SweepFault::kLeaked, sender.status().ToString());
      return;
    }
    senders.push_back(*std::move(sender));
  }
  if (!receiver.ok() || channel->description() != Options(ExistPolicy::kFail).description) {
    findings->Count(SweepFault::kTorn,
                    absl::StrCat("half a channel: ", receiver.status().ToString()));
    return;
  }
  while (receiver->TryReceive().ok()) {
  }
  const std::string longest = MessageBytes(kInNew, channel->max_payload());
  const absl::Status sent = senders[0].TrySend(longest);
  const absl::StatusOr<Lease> lease = receiver->TryReceive();
  if (!sent.ok() || !lease.ok()) {
    findings->Count(SweepFault::kLost,
                    absl::StrCat(sent.ToString(), ", ", lease.status().ToString()));
  } else if (lease->payload() != longest) {
    findings->Count(SweepFault::kTorn, "the longest message");
  }
}

// Creates the channel at `path` in a process that is killed at the point. Returns whether it was
// unfinished. The file is written by system calls. Only a replacement stores into a segment: that
// of the old channel, after the names are exchanged. Events can be counted from there on.
bool CreateAndKill(const std::string& path, ExistPolicy policy, const KillPoint& point,
                   absl::string_view segment) {
  std::optional<Channel> created;  // of the child
  SteppedChild child([] {},
                     [&] {
                       absl::StatusOr<Channel> channel = Channel::Create(path, Options(policy));
                       if (channel.ok()) created.emplace(*std::move(channel));
                     });
  if (point.grain == Grain::kEvent && !child.RunToSystemCall(SYS_renameat2)) return false;
  const bool unfinished = StepTo(&child, point, segment, {}) == Reached::kPoint;
  child.Kill();
  return unfinished;
}

// Checks the old channel and its receiver after an attempt to replace it.
void CheckOld(Channel* old, Receiver* receiver, bool replaced, Findings* findings) {
  const absl::StatusOr<Lease> kept = receiver->TryReceive();
  if (!kept.ok()) {
    findings->Count(SweepFault::kLost, absl::StrCat("in the old one: ", kept.status().ToString()));
  } else if (!CheckMessage(kInOld, kept->payload()).empty()) {
    findings->Count(SweepFault::kTorn, "in the old one");
  }
  const absl::Status next = receiver->Receive(absl::ZeroDuration()).status();
  const bool told = old->state() == ChannelState::kReplaced;
  if (told ? !absl::IsAborted(next) : !absl::IsDeadlineExceeded(next)) {
    findings->Count(SweepFault::kHung, absl::StrCat("in the old one: ", next.ToString()));
  }
  if (told && !replaced)
    findings->Count(SweepFault::kLost, "told that it was replaced, and was not");
}

// Kills once. Returns whether the replacement continues after that point.
bool ReplaceAndKill(const KillPoint& point, Findings* findings) {
  const SharedMemoryDirectory directory;
  const std::string path = directory / "channel";
  absl::StatusOr<Channel> old = Channel::Create(path, Options(ExistPolicy::kFail));
  if (!old.ok()) GiveUp(old.status().ToString());
  absl::StatusOr<Receiver> receiver = Receiver::Attach(*old);
  if (!receiver.ok()) GiveUp(receiver.status().ToString());
  {
    absl::StatusOr<Sender> sender = Sender::Attach(*old);
    if (!sender.ok() || !sender->TrySend(MessageBytes(kInOld, 300)).ok()) GiveUp("no old channel");
  }
  const internal::Ring& ring = internal::ChannelAccess::SegmentOf(*old)->ring();
  const char* begin = reinterpret_cast<const char*>(ring.control);
  const bool unfinished =
      CreateAndKill(path, ExistPolicy::kReplace, point,
                    {begin, static_cast<size_t>(ring.data + ring.capacity - begin)});

  std::string at_path;
  {
    const absl::StatusOr<Channel> found = Channel::Open(path);
    if (found.ok()) at_path = found->id();
  }
  const bool replaced = at_path != old->id();
  const std::vector<std::string> others = OtherNames(directory, path);
  const bool told = old->state() == ChannelState::kReplaced;
  findings->CountDeath(
      absl::StrCat(replaced ? (told ? "replaced and told" : "replaced, not told") : "not replaced",
                   others.empty() ? "" : ", with a hidden name left"));
  CheckOld(&*old, &*receiver, replaced, findings);
  receiver = absl::UnavailableError("detached");
  // The channel is complete, old or new. So is the one with a hidden name, which users may remove
  // or use.
  CheckComplete(path, findings);
  if (others.size() > 1) findings->Count(SweepFault::kLeaked, "several names");
  for (const std::string& name : others) {
    if (!absl::StrContains(name, "/.ipmpsc-")) findings->Count(SweepFault::kLeaked, name);
    const absl::StatusOr<Channel> hidden = Channel::Open(name);
    if (!hidden.ok()) findings->Count(SweepFault::kTorn, hidden.status().ToString());
    if (hidden.ok() && replaced && hidden->id() != old->id()) {
      findings->Count(SweepFault::kLeaked, "a third channel");
    }
  }
  if (!unfinished && (!replaced || !told || !others.empty())) {
    findings->Count(SweepFault::kLost, "replaced to the end, and was not");
  }
  return unfinished;
}

}  // namespace

void SweepCreation(Findings* findings) {
  bool unfinished = true;
  for (KillPoint point = {Grain::kSystemCall, 0}; unfinished && findings->faults() < kManyFaults;
       ++point.count) {
    findings->At(absl::StrCat("create, killed ", Describe(point)));
    const SharedMemoryDirectory directory;
    const std::string path = directory / "channel";
    unfinished = CreateAndKill(path, ExistPolicy::kFail, point, "");
    findings->CountDeath(Exists(path) ? "complete" : "without a name");
    for (const std::string& name : OtherNames(directory, path)) {
      findings->Count(SweepFault::kLeaked, name);
    }
    if (!unfinished && !Exists(path)) findings->Count(SweepFault::kLost, "created to the end");
    if (Exists(path)) CheckComplete(path, findings);
  }
}

void SweepReplacing(Findings* findings) {
  for (const Grain grain : {Grain::kSystemCall, Grain::kEvent}) {
    bool unfinished = true;
    for (KillPoint point = {grain, 0}; unfinished && findings->faults() < kManyFaults;
         ++point.count) {
      findings->At(absl::StrCat("replace, killed ", Describe(point)));
      unfinished = ReplaceAndKill(point, findings);
    }
  }
}

}  // namespace ipmpsc::testing
