// SendFd, ReceiveFd: hand a channel to another process over a connected Unix socket. The way for
// anonymous channels, which have no path to open them by:
//
//   absl::Status sent = ipmpsc::SendFd(socket, channel, absl::Seconds(1));
// and in the other process:
//   absl::StatusOr<ipmpsc::Channel> channel = ipmpsc::ReceiveFd(socket, absl::Seconds(1));
//
// Whoever gets the descriptor may do with the channel what its creator may (docs/reliability.md,
// "Security"). The socket stays the caller's, and may carry other messages before and after.
#ifndef IPMPSC_FD_PASSING_H_
#define IPMPSC_FD_PASSING_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/deadline.h"

namespace ipmpsc {

// Sends one byte with the channel's file descriptor (SCM_RIGHTS).
//
// Errors:
//  * kInvalidArgument   - `socket` is no Unix socket
//  * kUnavailable       - the peer has closed it, or it was never connected
//  * kDeadlineExceeded  - the peer has not read what was sent before, until `deadline`
//  * kResourceExhausted - too many descriptors of this user are on their way
absl::Status SendFd(int socket, const Channel& channel, Deadline deadline);

// Receives what `SendFd` sent, and opens it.
//
// Errors:
//  * kInvalidArgument   - `socket` is no Unix socket; or something else came: bytes without a
//                         descriptor, several descriptors, one that is no channel
//  * kUnavailable       - the peer has closed it, or it was never connected
//  * kDeadlineExceeded  - nothing came until `deadline`
//  * kResourceExhausted - no file descriptors left to receive it with: it is lost
//  * what `Channel::OpenFd` returns beside these
absl::StatusOr<Channel> ReceiveFd(int socket, Deadline deadline);

}  // namespace ipmpsc

#endif  // IPMPSC_FD_PASSING_H_
