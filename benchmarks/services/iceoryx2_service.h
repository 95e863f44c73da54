// iceoryx2's request-response.
#ifndef IPMPSC_BENCHMARKS_SERVICES_ICEORYX2_SERVICE_H_
#define IPMPSC_BENCHMARKS_SERVICES_ICEORYX2_SERVICE_H_

#include <string>

#include "benchmarks/services/service.h"

namespace ipmpsc::benchmarks {

// `library` is that of `BuildRustPeers`, or "".
ServiceKind Iceoryx2Service(const std::string& library);

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_SERVICES_ICEORYX2_SERVICE_H_
