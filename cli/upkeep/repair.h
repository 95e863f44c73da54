// RepairChannel: puts a damaged channel out of the way of its programs.
#ifndef IPMPSC_CLI_UPKEEP_REPAIR_H_
#define IPMPSC_CLI_UPKEEP_REPAIR_H_

#include <string>

#include "absl/status/statusor.h"

namespace ipmpsc::cli {

struct Repair {
  // The name that the damaged file has now.
  std::string kept;
  // Whether a new channel of the same options is at the path. Otherwise the path is free, because
  // the file does not say what options the channel had.
  bool recreated = false;
};

// Keeps the damaged file under another name in the same directory. Puts a new channel of the same
// options and owner in its place, if the file still tells them. Changes nothing unless the channel
// is damaged and no process uses it.
//
// Errors:
//  * kNotFound           - no such file
//  * kInvalidArgument    - the file is no channel, or a symbolic link
//  * kFailedPrecondition - a process uses the channel; or the channel is not damaged; or it is of
//                          another version
//  * kAborted            - another file took the name meanwhile
//  * kPermissionDenied   - the directory may not be written, or the owner not be given
//  * errors of `Channel::Create`
absl::StatusOr<Repair> RepairChannel(const std::string& path);

}  // namespace ipmpsc::cli

#endif  // IPMPSC_CLI_UPKEEP_REPAIR_H_
