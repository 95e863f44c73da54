// The interface between the comparison and the shared library with gRPC. That library is one of its
// own, since Debian's gRPC needs the shared libraries of Abseil and protobuf. The comparison is
// linked with the static ones, and a process with two copies that see each other does not work.
// So no object of Abseil or protobuf passes between the two.
#ifndef IPMPSC_BENCHMARKS_SERVICES_GRPC_PEER_H_
#define IPMPSC_BENCHMARKS_SERVICES_GRPC_PEER_H_

#include <cstddef>
#include <string>

#include "benchmarks/services/answers.h"

namespace ipmpsc::benchmarks {

struct GrpcSpec {
  const char* address;  // "unix:PATH"
  bool streams;
  bool spin;  // polls the completion queue
};

// Called with a reply, and with the caller's `data`.
using GrpcHandler = void (*)(const char* bytes, size_t size, void* data);

// Those that return a bool or a pointer return false or null if they fail, with the reason in
// `error`.
struct GrpcFunctions {
  std::string (*version)();
  // Listens at the address.
  void* (*listen)(const GrpcSpec& spec, std::string* error);
  bool (*serve)(void* server, Answers& answers, std::string* error);
  void (*destroy_server)(void* server);
  // The client connects when it calls for the first time.
  void* (*create_client)(const GrpcSpec& spec);
  bool (*call)(void* client, const char* request, size_t size, GrpcHandler handler, void* data,
               std::string* error);
  void (*destroy_client)(void* client);
};

}  // namespace ipmpsc::benchmarks

// Null if the library was built without gRPC.
extern "C" const ipmpsc::benchmarks::GrpcFunctions* ipmpsc_grpc_functions();

#endif  // IPMPSC_BENCHMARKS_SERVICES_GRPC_PEER_H_
