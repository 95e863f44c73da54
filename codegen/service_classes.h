// Prints the handler, the client and the server of a service.
#ifndef IPMPSC_CODEGEN_SERVICE_CLASSES_H_
#define IPMPSC_CODEGEN_SERVICE_CLASSES_H_

#include "codegen/service_plan.h"
#include "google/protobuf/io/printer.h"

namespace ipmpsc::codegen {

void PrintServiceClasses(const ServicePlan& plan, google::protobuf::io::Printer* printer);

}  // namespace ipmpsc::codegen

#endif  // IPMPSC_CODEGEN_SERVICE_CLASSES_H_
