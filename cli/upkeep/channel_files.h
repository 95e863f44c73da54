// The files of channels: finds them, tells whether they are in use, and removes them.
#ifndef IPMPSC_CLI_UPKEEP_CHANNEL_FILES_H_
#define IPMPSC_CLI_UPKEEP_CHANNEL_FILES_H_

#include <sys/stat.h>

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace ipmpsc::cli {

// Whether the file begins as a channel does. False if it cannot be read. Does not follow a link.
bool IsChannelFile(const std::string& path);

// Whether `path` names the file that `file` describes. Does not follow a link.
bool IsFileAt(const std::string& path, const struct stat& file);

// Returns the paths of the channels that `places` name: a file stands for itself, whether it is a
// channel or not, and a directory for the channels in it, in alphabetical order. Each path comes
// once. Hidden files are left out. A directory that cannot be read has none.
std::vector<std::string> FindChannels(const std::vector<std::string>& places);

// Calls `action` while no process has the channel at `path` open to send or receive. A process that
// opens it during the call is not noticed. Processes that only look do not count. `action` gets the
// description of the channel's file: another file may take the name during the call.
//
// Errors:
//  * kNotFound           - no such file
//  * kInvalidArgument    - the file is no channel, or a symbolic link
//  * kFailedPrecondition - a process has the channel open, or the file system does not tell
//  * kAborted            - another file took the name meanwhile
//  * kPermissionDenied   - the file may not be read
//  * errors of `action`
absl::Status WhileUnused(const std::string& path,
                         absl::FunctionRef<absl::Status(const struct stat&)> action);

// Removes the channel at `path`. With `force` also one that is in use, or that holds messages that
// were not received.
//
// Errors: as `WhileUnused`; kFailedPrecondition - it holds messages; kPermissionDenied - the
// directory may not be written.
absl::Status RemoveChannel(const std::string& path, bool force);

struct GarbageOptions {
  // Takes also channels that no process uses, if all their messages were received.
  bool unused = false;
  // Only what has been untouched for at least this long.
  absl::Duration older_than = absl::ZeroDuration();
  // Only tells what it would remove.
  bool dry_run = false;
};

struct Garbage {
  std::string path;
  std::string reason;  // why it is garbage
  absl::Status removed;
};

// Removes from a directory: files that dead creators left under hidden or temporary names, whether
// they hold messages or not; channels that have ended and whose messages were all received. Never
// takes what a process uses. Returns what it took and what it could not remove, in alphabetical
// order.
//
// Errors: kNotFound, kPermissionDenied, kInvalidArgument - the directory cannot be read.
absl::Status CollectGarbage(const std::string& directory, const GarbageOptions& options,
                            std::vector<Garbage>* garbage);

}  // namespace ipmpsc::cli

#endif  // IPMPSC_CLI_UPKEEP_CHANNEL_FILES_H_
