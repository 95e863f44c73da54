// The engine NATS JetStream, over libnats.
#ifndef IPMPSC_BRIDGE_NATS_ENGINE_H_
#define IPMPSC_BRIDGE_NATS_ENGINE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bridge/address.h"
#include "bridge/engine.h"

namespace ipmpsc::bridge {

struct NatsOptions {
  Address address;
  std::string stream;               // empty: made from the subject
  std::string dead_letter_subject;  // empty: the subject and ".dead_letters"
  std::string schema_bucket = "ipmpsc_schemas";
  std::string name = "ipmpsc-bridge";  // of the connection, as the server shows it
  std::string credentials_file;        // of `nsc`
  std::string user;
  std::string password;
  std::string tls_ca;  // files in PEM; any of them, or the scheme "tls", asks for TLS
  std::string tls_certificate;
  std::string tls_key;
  absl::Duration timeout = absl::Seconds(5);  // of every request
};

// Whether this build has the engine. Without libnats-dev it does not.
bool HasNats();

// Connects to the server. The connection comes back by itself when it is lost.
//
// Errors:
//  * kUnavailable      - no server answers there; try again
//  * kPermissionDenied - the server refuses the user, or TLS fails
//  * kInvalidArgument  - a file of `options` cannot be used
//  * kUnimplemented    - this build has no libnats
absl::StatusOr<std::unique_ptr<Engine>> ConnectToNats(const NatsOptions& options);

}  // namespace ipmpsc::bridge

#endif  // IPMPSC_BRIDGE_NATS_ENGINE_H_
