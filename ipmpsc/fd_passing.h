// SendFd, ReceiveFd: hand a channel to another process over a connected Unix socket. The way for
// anonymous channels, which have no path to open them by:
//
//   absl::Status sent = ipmpsc::SendFd(socket, channel, absl::Seconds(1));
// and in the other process:
//   absl::StatusOr<ipmpsc::Channel> channel = ipmpsc::ReceiveFd(socket, absl::Seconds(1));
//
// The process that gets the descriptor may do with the channel what its creator may
// (docs/reliability.md, "Security"). The socket stays the caller's, and may carry other messages before
// and after. Its options (SO_PASSCRED, SO_TIMESTAMP, ...) make no difference.
#ifndef IPMPSC_FD_PASSING_H_
#define IPMPSC_FD_PASSING_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/deadline.h"

namespace ipmpsc {

struct ReceiveFdOptions {
  // Takes a file that can still be truncated, too: a channel that has a path. Its sender, and everybody
  // who may write the file, can then kill this process (SIGBUS), at any time. For senders that are
  // trusted as much as this process is.
  bool allow_unsealed = false;
};

// Sends one byte with the channel's file descriptor (SCM_RIGHTS).
//
// Errors:
//  * kInvalidArgument   - `socket` is no Unix socket
//  * kUnavailable       - the peer has closed it, or it was never connected
//  * kDeadlineExceeded  - the peer has not read what was sent before, until `deadline`
//  * kResourceExhausted - too many descriptors of this user are on their way
//  * kFailedPrecondition - the program has closed the channel's descriptor
absl::Status SendFd(int socket, const Channel& channel, Deadline deadline);

// Receives what `SendFd` sent, and opens it. The file has to be sealed against shrinking, growing and
// further sealing, as that of an anonymous channel is, unless `options` say otherwise. Descriptors that
// come and are not taken are closed.
//
// Errors:
//  * kInvalidArgument   - `socket` is no Unix socket; or something else came: bytes without a
//                         descriptor, several descriptors, one that is no channel
//  * kUnavailable       - the peer has closed it, or it was never connected
//  * kDeadlineExceeded  - nothing came until `deadline`
//  * kResourceExhausted - no file descriptors left to receive it with: it is lost
//  * kPermissionDenied  - a file that is not sealed
//  * what `Channel::OpenFd` returns beside these
absl::StatusOr<Channel> ReceiveFd(int socket, Deadline deadline,
                                  const ReceiveFdOptions& options = {});

}  // namespace ipmpsc

#endif  // IPMPSC_FD_PASSING_H_
