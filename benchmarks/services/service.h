// Service: one way to call a server in another process, as the comparison uses it.
//
//   parent:  service = kind.create(spec)
//   server:  (forked)  end = service->AttachServer(); end->Serve(answers);
//   client:  (forked)  end = service->AttachClient(); end->Call(request, handler); ...
//
// Each system is used as its own documentation recommends as fastest for `ServiceSpec::waiting`.
// All carry the same bytes. The same code checks and times them (measurement/service_calls.h).
#ifndef IPMPSC_BENCHMARKS_SERVICES_SERVICE_H_
#define IPMPSC_BENCHMARKS_SERVICES_SERVICE_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "benchmarks/services/answers.h"
#include "benchmarks/transport.h"

namespace ipmpsc::benchmarks {

struct ServiceSpec {
  std::string name;      // unique on this machine: letters, digits, '-'; at most 40 of them
  size_t request_bytes;  // of each request
  size_t reply_bytes;    // of each reply
  bool streams;          // a call has any number of replies, and not one
  Waiting waiting;       // how a server waits for calls, and a client for replies
};

class ServiceServerEnd {
 public:
  virtual ~ServiceServerEnd() = default;
  // Handles calls until it has answered the last one.
  virtual absl::Status Serve(Answers& answers) = 0;
};

class ServiceClientEnd {
 public:
  virtual ~ServiceClientEnd() = default;
  // Calls the server. Calls `handler` for each reply, in place if the system can do that, until the
  // call has ended.
  virtual absl::Status Call(absl::string_view request,
                            absl::FunctionRef<void(absl::string_view)> handler) = 0;
};

class Service {
 public:
  // Removes the service's resources.
  virtual ~Service() = default;
  // Each runs in its own process, forked from the creator of the service. The client waits for the
  // server.
  virtual absl::StatusOr<std::unique_ptr<ServiceServerEnd>> AttachServer() = 0;
  virtual absl::StatusOr<std::unique_ptr<ServiceClientEnd>> AttachClient() = 0;
};

// An entry of the comparison.
struct ServiceKind {
  std::string name;  // "grpc"
  // The version and the calls in use.
  std::string describe;
  // The reason why it cannot be measured here, and the remedy. Empty if it can be measured.
  std::string unavailable;
  std::function<absl::StatusOr<std::unique_ptr<Service>>(const ServiceSpec&)> create;
};

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_SERVICES_SERVICE_H_
