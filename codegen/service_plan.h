// ServicePlan: the client, server and handler of a service with option (ipmpsc.service), decided
// before anything is printed.
#ifndef IPMPSC_CODEGEN_SERVICE_PLAN_H_
#define IPMPSC_CODEGEN_SERVICE_PLAN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "codegen/names.h"
#include "google/protobuf/descriptor.h"

namespace ipmpsc::codegen {

// The classes of a request or a reply, by names that are valid in every scope.
struct PartPlan {
  std::string message;  // protobuf's class
  std::string view;
  std::string writer;
  std::string lease;
  std::string channel;
};

struct MethodPlan {
  const google::protobuf::MethodDescriptor* method;
  std::string function;  // "Get"
  std::string reply_to;  // "GetReplyTo"
  PartPlan request;
  PartPlan reply;
};

struct ServicePlan {
  const google::protobuf::ServiceDescriptor* service;
  std::string client;   // "FrameServiceClient"
  std::string server;   // "FrameServiceServer"
  std::string handler;  // "FrameServiceHandler"
  std::vector<MethodPlan> methods;
};

// Whether the service has option (ipmpsc.service).
bool TravelsOverChannels(const google::protobuf::ServiceDescriptor& service);

// Returns FNV-1a (32 bits) of the name of a method: its number in envelopes.
uint32_t MethodId(absl::string_view name);

// REQUIRES: TravelsOverChannels(service)
ServicePlan PlanService(const google::protobuf::ServiceDescriptor& service, GeneratedNames* names);

// Checks that code can be generated for the service. Nothing is wrong with one without the option.
//
// Errors: kInvalidArgument - it cannot: names the service or method, what is wrong, and what to do.
absl::Status CheckService(const google::protobuf::ServiceDescriptor& service);

}  // namespace ipmpsc::codegen

#endif  // IPMPSC_CODEGEN_SERVICE_PLAN_H_
