// The description of a service's channels: a serialised ipmpsc.ServiceInfo for its request channel,
// and a line that names the service and the client for a reply channel.
#ifndef IPMPSC_RPC_SERVICE_INFO_H_
#define IPMPSC_RPC_SERVICE_INFO_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "ipmpsc/rpc/service_type.h"

namespace ipmpsc::rpc {

std::string DescribeService(const ServiceType& type);

// Checks that the description is one of this service, whatever its methods are.
//
// Errors: kFailedPrecondition - it is not; the text says what the channel carries.
absl::Status CheckServiceName(const ServiceType& type, absl::string_view description);

// Checks that a client of this type may call a server with this description. Methods that only one
// of them has are no error.
//
// Errors: kFailedPrecondition - it may not: the channel carries something else, or a method has
// other messages; the text names it. kResourceExhausted - no memory for the comparison.
absl::Status CheckService(const ServiceType& type, absl::string_view description);

// The description of the reply channel `id` of a client. A server sends replies into no channel
// with another one.
std::string DescribeReplies(const ServiceType& type, uint64_t id);

// Returns the path of the reply channel `id`: beside that of the service, whose path is `path`.
std::string ReplyPath(absl::string_view path, uint64_t id);

// Removes the reply channels of this service that dead clients of this user have left. Looks at a
// bounded number of names. Ignores errors.
void RemoveDeadReplies(absl::string_view path);

// Returns the path without symbolic links, so that client and server find the same directory, or
// `path` itself if there is no such file.
std::string ResolvedPath(const std::string& path);

}  // namespace ipmpsc::rpc

#endif  // IPMPSC_RPC_SERVICE_INFO_H_
