// The generated client and server of this library.
#ifndef IPMPSC_BENCHMARKS_SERVICES_IPMPSC_SERVICE_H_
#define IPMPSC_BENCHMARKS_SERVICES_IPMPSC_SERVICE_H_

#include "benchmarks/services/service.h"

namespace ipmpsc::benchmarks {

ServiceKind IpmpscService();

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_SERVICES_IPMPSC_SERVICE_H_
