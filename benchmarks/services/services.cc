#include "benchmarks/services/services.h"

#include <string>
#include <vector>

#include "benchmarks/services/grpc_service.h"
#include "benchmarks/services/iceoryx2_service.h"
#include "benchmarks/services/ipmpsc_service.h"

namespace ipmpsc::benchmarks {

std::vector<ServiceKind> Services(const std::string& rust_peers) {
  return {IpmpscService(), Iceoryx2Service(rust_peers), GrpcService()};
}

}  // namespace ipmpsc::benchmarks
