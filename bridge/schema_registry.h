// Confluent's schema registry: an HTTP server that gives each schema of a Kafka topic an id. Over
// libcurl.
#ifndef IPMPSC_BRIDGE_SCHEMA_REGISTRY_H_
#define IPMPSC_BRIDGE_SCHEMA_REGISTRY_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "ipmpsc/info.pb.h"

namespace ipmpsc::bridge {

struct SchemaRegistryOptions {
  std::string url;  // "http://HOST:PORT" or "https://HOST:PORT", and a path or none
  std::string user;
  std::string password;
  std::string ca;                             // a file in PEM; empty: the system's
  absl::Duration timeout = absl::Seconds(5);  // of every request
  // Only looks: registers nothing. For --check.
  bool look_only = false;
  // Whether to make no further request.
  std::function<bool()> stop = [] { return false; };
};

// Whether this build has the client. Without libcurl it does not.
bool HasSchemaRegistry();

// Errors: kInvalidArgument - the text is no address of a registry; the error says what is wrong.
absl::Status CheckRegistryUrl(absl::string_view url);

// Returns the id of the file that defines the channel's message type, as the latest or an earlier
// version of `subject`. Registers it there unless the registry has it. The files that it imports
// are registered before it, each under its own name as the subject. Those of google/protobuf are
// not, since every registry has them.
//
// Errors:
//  * kUnavailable        - no answer in time, or one that asks to try again
//  * kPermissionDenied   - the registry refuses the user, or TLS fails
//  * kFailedPrecondition - the registry refuses the schema, which may be incompatible with the
//                          subject's earlier one; or the description lacks a file
//  * kNotFound           - `look_only`: the registry does not have the schema yet
//  * kInternal           - the answer is not one of a schema registry
//  * kCancelled          - `stop` returned true
//  * kInvalidArgument    - `ca` cannot be used
//  * kUnimplemented      - this build has no libcurl
absl::StatusOr<uint32_t> FindOrRegisterSchema(const SchemaRegistryOptions& options,
                                              const std::string& subject, const ChannelInfo& info);

}  // namespace ipmpsc::bridge

#endif  // IPMPSC_BRIDGE_SCHEMA_REGISTRY_H_
