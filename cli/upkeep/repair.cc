#include "cli/upkeep/repair.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "cli/upkeep/channel_files.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "ipmpsc/stats.h"

namespace ipmpsc::cli {
namespace {

constexpr int kMostNames = 1000;

// Gives the file a second name that nothing has yet.
absl::Status Keep(const std::string& path, const struct stat& file, std::string* kept) {
  for (int i = 1; i <= kMostNames; ++i) {
    *kept = absl::StrCat(path, ".damaged-", i);
    if (link(path.c_str(), kept->c_str()) == 0) {
      if (IsFileAt(*kept, file)) return absl::OkStatus();
      unlink(kept->c_str());
      return absl::AbortedError(absl::StrCat("another file has taken the name ", path));
    }
    if (errno != EEXIST) {
      return absl::ErrnoToStatus(errno, absl::StrCat("cannot keep the file as ", *kept));
    }
  }
  return absl::AlreadyExistsError(absl::StrCat("remove old files first: ", *kept, " is there"));
}

absl::Status Recreate(const std::string& path, const Channel& damaged, const struct stat& file) {
  const ChannelStats stats = damaged.Stats();
  ChannelOptions options;
  options.capacity = stats.capacity;
  options.max_senders = stats.max_senders;
  options.mode = file.st_mode & 07777;
  options.timestamps = stats.timestamps;
  options.huge_pages = stats.huge_pages;
  options.on_full = stats.drops_newest ? OnFull::kDropNewest : OnFull::kWait;
  options.description = std::string(damaged.description());
  options.exist_policy = ExistPolicy::kReplace;
  if (absl::Status status = Channel::Create(path, options).status(); !status.ok()) return status;
  struct stat created;
  if (stat(path.c_str(), &created) == 0 && created.st_uid == file.st_uid &&
      created.st_gid == file.st_gid) {
    return absl::OkStatus();
  }
  if (chown(path.c_str(), file.st_uid, file.st_gid) != 0) {
    return absl::ErrnoToStatus(
        errno, absl::StrCat("the new channel is at ", path,
                            ", but its owner cannot be set to that of the old one"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Repair> RepairChannel(const std::string& path) {
  Repair repair;
  const absl::Status done = WhileUnused(path, [&](const struct stat& file) {
    const absl::StatusOr<Channel> channel = Channel::OpenReadOnly(path);
    if (channel.ok() && !channel->Stats().damaged) {
      return absl::FailedPreconditionError(absl::StrCat(path, " is not damaged"));
    }
    if (!channel.ok() && !absl::IsDataLoss(channel.status())) return channel.status();
    if (absl::Status status = Keep(path, file, &repair.kept); !status.ok()) return status;
    if (!channel.ok()) {
      if (unlink(path.c_str()) == 0) return absl::OkStatus();
      const absl::Status failed = absl::ErrnoToStatus(errno, absl::StrCat("cannot free ", path));
      unlink(repair.kept.c_str());
      return failed;
    }
    repair.recreated = true;
    absl::Status status = Recreate(path, *channel, file);
    // The second name is not needed if the damaged file still has its first.
    if (!status.ok() && IsFileAt(path, file)) unlink(repair.kept.c_str());
    return status;
  });
  if (!done.ok()) return done;
  return repair;
}

}  // namespace ipmpsc::cli
