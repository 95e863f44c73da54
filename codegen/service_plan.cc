#include "codegen/service_plan.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "codegen/declared_limits.h"
#include "codegen/keywords.h"
#include "google/protobuf/descriptor.pb.h"
#include "ipmpsc/service.pb.h"

namespace ipmpsc::codegen {

using google::protobuf::Descriptor;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

namespace {

// The members of the bases of the generated classes, which a method must not hide.
constexpr const char* kMembers[] = {
    "AddTo",     "AwaitWhole", "Base",          "Call",   "CallInPlace", "Connect", "Create",
    "Dispatch",  "Handle",     "Interrupt",     "Method", "RemoveFrom",  "Send",    "Serve",
    "ServeOnce", "Stream",     "StreamInPlace", "Write",  "channel",     "clients", "core_",
    "handler_",  "kMethods",   "kService",      "stats",
};

PartPlan PlanPart(const Descriptor& message, GeneratedNames* names) {
  return {QualifiedMessageName(message), names->QualifiedName(message, "View"),
          names->QualifiedName(message, "Writer"), names->QualifiedName(message, "Lease"),
          names->QualifiedName(message, "Channel")};
}

}  // namespace

bool TravelsOverChannels(const ServiceDescriptor& service) {
  return service.options().HasExtension(::ipmpsc::service);
}

uint32_t MethodId(absl::string_view name) {
  uint32_t hash = 2166136261u;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return hash;
}

ServicePlan PlanService(const ServiceDescriptor& service, GeneratedNames* names) {
  ServicePlan plan;
  plan.service = &service;
  plan.client = names->Name(service, "Client");
  plan.server = names->Name(service, "Server");
  plan.handler = names->Name(service, "Handler");
  NameScope members;
  for (const std::string& name : {plan.client, plan.server, plan.handler}) members.Take(name);
  for (const char* const name : kMembers) members.Take(name);
  for (int i = 0; i < service.method_count(); ++i) {
    const MethodDescriptor& method = *service.method(i);
    const std::string function = members.TakeFree(ResolveKeyword(std::string(method.name())));
    plan.methods.push_back({&method, function, "", PlanPart(*method.input_type(), names),
                            PlanPart(*method.output_type(), names)});
  }
  for (MethodPlan& method : plan.methods) {
    method.reply_to = members.TakeFree(absl::StrCat(method.method->name(), "ReplyTo"));
  }
  return plan;
}

absl::Status CheckService(const ServiceDescriptor& service) {
  if (!TravelsOverChannels(service)) return absl::OkStatus();
  const auto error = [](absl::string_view subject, const std::string& text) {
    return absl::InvalidArgumentError(absl::StrCat(subject, ": ", text));
  };
  const ServiceDeclaration& declared = service.options().GetExtension(::ipmpsc::service);
  const std::string wrong =
      DeclarationError(declared.name(), declared.max_clients(), "max_clients", declared.mode());
  if (!wrong.empty()) {
    return error(service.full_name(), absl::StrCat("option (ipmpsc.service): ", wrong));
  }
  const std::pair<const char*, uint64_t> capacities[] = {
      {"capacity", declared.capacity()}, {"reply_capacity", declared.reply_capacity()}};
  for (const auto& [name, capacity] : capacities) {
    const std::string too_large = CapacityError(name, capacity);
    if (!too_large.empty()) {
      return error(service.full_name(), absl::StrCat("option (ipmpsc.service): ", too_large));
    }
  }
  std::map<uint32_t, const MethodDescriptor*> ids;
  for (int i = 0; i < service.method_count(); ++i) {
    const MethodDescriptor& method = *service.method(i);
    if (method.client_streaming()) {
      return error(method.full_name(),
                   "its client streams requests, which services over channels do not have; make "
                   "the request one message, or remove option (ipmpsc.service)");
    }
    const auto [other, is_new] = ids.emplace(MethodId(std::string(method.name())), &method);
    if (!is_new) {
      return error(method.full_name(),
                   absl::StrCat("its name has the same hash as that of ",
                                other->second->full_name(), "; rename one of them"));
    }
  }
  return absl::OkStatus();
}

}  // namespace ipmpsc::codegen
