// SendFd, ReceiveFd: pass a channel to another process over a connected Unix socket. Anonymous
// channels have no path and are opened this way:
//
//   absl::Status sent = ipmpsc::SendFd(socket, channel, absl::Seconds(1));
// and in the other process:
//   absl::StatusOr<ipmpsc::Channel> channel = ipmpsc::ReceiveFd(socket, absl::Seconds(1));
//
// The process that receives the descriptor has the creator's rights in the channel
// (docs/reliability.md, "Security"). The socket stays the caller's, and may carry other messages
// before and after. Its options (SO_PASSCRED, SO_TIMESTAMP, ...) make no difference.
#ifndef IPMPSC_FD_PASSING_H_
#define IPMPSC_FD_PASSING_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/deadline.h"

namespace ipmpsc {

// The options of `ReceiveFd`.
struct ReceiveFdOptions {
  // Also accepts a file that can still be truncated, as that of a channel with a path. Its sender,
  // and every process that may write the file, can then kill this process at any time (SIGBUS).
  // Only for senders that are trusted as much as this process.
  bool allow_unsealed = false;
};

// Sends one byte with the channel's file descriptor (SCM_RIGHTS).
//
// Errors:
//  * kInvalidArgument    - `socket` is no Unix socket
//  * kUnavailable        - the peer has closed it, or it was never connected
//  * kDeadlineExceeded   - the peer has not read earlier messages by `deadline`
//  * kResourceExhausted  - too many descriptors of this user are in flight
//  * kFailedPrecondition - the program has closed the channel's descriptor
absl::Status SendFd(int socket, const Channel& channel, Deadline deadline);

// Receives a descriptor from `SendFd` and opens its channel. The file must be sealed against
// shrinking, growing and further sealing, as that of an anonymous channel is, unless `options`
// allow others. Descriptors that arrive and are not accepted are closed.
//
// Errors:
//  * kInvalidArgument   - `socket` is no Unix socket; or something else arrived: bytes without a
//                         descriptor, several descriptors, or one that is no channel
//  * kUnavailable       - the peer has closed it, or it was never connected
//  * kDeadlineExceeded  - nothing arrived by `deadline`
//  * kResourceExhausted - no file descriptors left to receive it with: it is lost
//  * kPermissionDenied  - the file is not sealed
//  * errors of `Channel::OpenFd`
absl::StatusOr<Channel> ReceiveFd(int socket, Deadline deadline,
                                  const ReceiveFdOptions& options = {});

}  // namespace ipmpsc

#endif  // IPMPSC_FD_PASSING_H_
