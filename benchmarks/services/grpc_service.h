// gRPC over a Unix socket.
#ifndef IPMPSC_BENCHMARKS_SERVICES_GRPC_SERVICE_H_
#define IPMPSC_BENCHMARKS_SERVICES_GRPC_SERVICE_H_

#include "benchmarks/services/service.h"

namespace ipmpsc::benchmarks {

ServiceKind GrpcService();

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_SERVICES_GRPC_SERVICE_H_
