#include "recording/post_mortem_recorder.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/post_mortem.h"
#include "ipmpsc/stats.h"
#include "recording/channel_origin.h"
#include "recording/file_sequence.h"
#include "recording/mcap_records.h"

namespace ipmpsc::recording {
namespace {

StringMap Describe(const std::string& topic, const char* role, const ParticipantStats& who) {
  return {{"topic", topic},
          {"role", role},
          {"name", AsUtf8(who.name)},
          {"pid", absl::StrCat(who.pid)},
          {"state", who.died() ? "died" : "detached"}};
}

absl::Status RecordState(const std::string& topic, const PostMortem& found, FileSequence* files) {
  const ChannelStats stats = found.stats();
  absl::Status status = files->AddMetadata(
      {kReleasedMetadata, {{"topic", topic}, {"position", absl::StrCat(stats.release_position)}}});
  for (const SenderStats& sender : stats.senders) {
    StringMap described = Describe(topic, "sender", sender);
    described["slot"] = absl::StrCat(sender.slot);
    described["sent_messages"] = absl::StrCat(sender.sent_messages);
    status.Update(files->AddMetadata({kParticipantMetadata, std::move(described)}));
  }
  if (stats.receiver) {
    StringMap described = Describe(topic, "receiver", *stats.receiver);
    described["received_messages"] = absl::StrCat(stats.receiver->received_messages);
    status.Update(files->AddMetadata({kParticipantMetadata, std::move(described)}));
  }
  for (const Orphan& orphan : found.orphans()) {
    status.Update(
        files->AddMetadata({kOrphanMetadata,
                            {{"topic", topic},
                             {"position", absl::StrCat(orphan.position)},
                             {"bytes", absl::StrCat(orphan.bytes)},
                             {"sender", orphan.sender ? absl::StrCat(*orphan.sender) : ""},
                             {"released", orphan.released ? "1" : "0"}}}));
  }
  return status;
}

absl::Status RecordChannel(PostMortem* found, FileSequence* files, PostMortemChannel* told) {
  ChannelOrigin origin = DescribeOrigin(told->path, found->channel(), found->stats());
  // The copy has no path.
  origin.channel.metadata["ipmpsc.path"] = AsUtf8(told->path);
  const std::string topic = origin.channel.topic;
  const absl::StatusOr<uint16_t> id = files->AddChannel(std::move(origin));
  if (!id.ok()) return id.status();
  const auto now = static_cast<uint64_t>(std::max<int64_t>(absl::GetCurrentTimeNanos(), 0));
  for (;;) {
    const absl::StatusOr<PostMortemMessage> message = found->Next();
    if (absl::IsOutOfRange(message.status())) break;
    if (!message.ok()) {
      told->damage = std::string(message.status().message());
      break;
    }
    const auto sent_at = static_cast<uint64_t>(message->sent_at_nanoseconds);
    const uint64_t time = sent_at != 0 ? sent_at : now;
    absl::Status status =
        files->AddMessage({*id, SequenceOf(message->position), time, time, message->payload});
    if (!status.ok()) return status;
    ++told->messages;
    told->bytes += message->payload.size();
    told->released += message->released;
  }
  told->orphans = found->orphans().size();
  return RecordState(topic, *found, files);
}

}  // namespace

absl::StatusOr<PostMortemRecording> RecordPostMortem(const std::vector<std::string>& paths,
                                                     const FileSequenceOptions& files) {
  std::vector<PostMortem> all;
  for (const std::string& path : paths) {
    absl::StatusOr<PostMortem> found = PostMortem::Open(path);
    if (!found.ok()) {
      return absl::Status(found.status().code(),
                          absl::StrCat(path, ": ", found.status().message()));
    }
    all.push_back(*std::move(found));
  }
  FileSequence sequence(files);
  absl::Status status = sequence.Open();
  PostMortemRecording recording;
  for (size_t i = 0; status.ok() && i < all.size(); ++i) {
    PostMortemChannel& told = recording.channels.emplace_back();
    told.path = paths[i];
    status = RecordChannel(&all[i], &sequence, &told);
  }
  if (status.ok()) status = sequence.EndFile();
  if (!status.ok()) return status;
  recording.files = sequence.paths();
  recording.file_bytes = sequence.file_bytes();
  return recording;
}

}  // namespace ipmpsc::recording
