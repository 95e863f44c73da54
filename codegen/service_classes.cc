#include "codegen/service_classes.h"

#include <cstddef>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "codegen/comments.h"
#include "codegen/layout.h"
#include "codegen/literals.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "ipmpsc/service.pb.h"

namespace ipmpsc::codegen {

using google::protobuf::io::Printer;

namespace {

using Variables = std::map<std::string, std::string>;

std::string DeclarationOf(const google::protobuf::MethodDescriptor& method) {
  return absl::StrCat("rpc ", method.name(), "(", method.input_type()->full_name(), ") returns (",
                      method.server_streaming() ? "stream " : "", method.output_type()->full_name(),
                      ")");
}

Variables VariablesOf(const MethodPlan& plan, size_t index) {
  return {
      {"index", absl::StrCat(index)},
      {"name", std::string(plan.method->name())},
      {"id", absl::StrFormat("0x%08x", MethodId(std::string(plan.method->name())))},
      {"streams", plan.method->server_streaming() ? "true" : "false"},
      {"function", plan.function},
      {"reply_to", plan.reply_to},
      {"request", plan.request.message},
      {"request_view", plan.request.view},
      {"request_writer", plan.request.writer},
      {"request_channel", plan.request.channel},
      {"reply", plan.reply.message},
      {"reply_view", plan.reply.view},
      {"reply_writer", plan.reply.writer},
      {"reply_lease", plan.reply.lease},
      {"reply_channel", plan.reply.channel},
      {"how", plan.method->server_streaming() ? "Stream" : "Call"},
  };
}

void PrintMethodComment(const MethodPlan& method, absl::string_view behind, Printer* printer) {
  const std::string comment = CommentOf(*method.method);
  printer->Indent();
  PrintDocumentation(absl::StrCat(comment, comment.empty() ? "" : "\n", "`",
                                  DeclarationOf(*method.method), "`", behind),
                     kMemberIndentation, printer);
  printer->Outdent();
}

void PrintHandler(const ServicePlan& plan, const Variables& service, Printer* printer) {
  const std::string comment = CommentOf(*plan.service);
  PrintDocumentation(absl::StrCat(comment, comment.empty() ? "" : "\n",
                                  "Handles calls of service `", plan.service->full_name(),
                                  "`. A method that is not overridden is unimplemented."),
                     0, printer);
  printer->Print(service, "class $handler$ {\n public:\n  virtual ~$handler$() = default;\n\n");
  for (size_t i = 0; i < plan.methods.size(); ++i) {
    const Variables method = VariablesOf(plan.methods[i], i);
    printer->Print(method,
                   "  using $reply_to$ = ::ipmpsc::rpc::ReplyTo<$reply$, $reply_writer$>;\n");
    PrintMethodComment(plan.methods[i], "", printer);
    printer->Print(
        method,
        R"(  virtual ::absl::Status $function$(const $request_view$& request, $reply_to$& reply) {
    (void)request, (void)reply;
    return ::absl::UnimplementedError("$name$ is not implemented by this server");
  }

)");
  }
  // A service may have no methods, and an array has at least one element.
  printer->Print("  static constexpr ::ipmpsc::rpc::MethodType kMethods[] = {\n");
  for (size_t i = 0; i < plan.methods.size(); ++i) {
    printer->Print(VariablesOf(plan.methods[i], i),
                   "      {\"$name$\", $id$u, /*streams=*/$streams$, &$request_channel$::kType,\n"
                   "       &$reply_channel$::kType},\n");
  }
  if (plan.methods.empty()) printer->Print("      {},\n");
  printer->Print(service, R"(  };
  /// The service, and the channel that its .proto file declares.
  static constexpr ::ipmpsc::rpc::ServiceType kService = {
      "$full_name$", kMethods, $count$,
      /*channel=*/$channel$, /*capacity=*/$capacity$u, /*reply_capacity=*/$reply_capacity$u,
      /*max_clients=*/$max_clients$u, /*mode=*/$mode$};
};

)");
}

void PrintClient(const ServicePlan& plan, const Variables& service, Printer* printer) {
  PrintDocumentation(absl::StrCat("Calls service `", plan.service->full_name(), "`."), 0, printer);
  printer->Print(service, R"(class $client$
    : public ::ipmpsc::rpc::ServiceClient<$client$, $handler$> {
 public:
  using Base::Base;

)");
  for (size_t i = 0; i < plan.methods.size(); ++i) {
    Variables method = VariablesOf(plan.methods[i], i);
    method["result"] = absl::StrCat(
        plan.methods[i].method->server_streaming() ? "::ipmpsc::rpc::ReplyStream<" : "",
        plan.methods[i].reply.lease,
        plan.methods[i].method->server_streaming()
            ? absl::StrCat(", ", plan.methods[i].reply.view, ">")
            : "");
    PrintMethodComment(plan.methods[i], "", printer);
    printer->Print(
        method,
        R"(  template <typename Request, typename = ::ipmpsc::rpc::IfSame<Request, $request$>>
  ::absl::StatusOr<$result$> $function$(const Request& request, ::ipmpsc::Deadline deadline) {
    return Base::template $how$<$reply_lease$, $reply_view$>($index$, request, deadline);
  }
)");
    PrintMethodComment(plan.methods[i],
                       ", with a request of at most `bound` bytes that `fill(writer)` writes in "
                       "place.",
                       printer);
    printer->Print(method,
                   "  template <typename Fill>\n"
                   "  ::absl::StatusOr<$result$> $function$(::std::size_t bound, Fill&& fill, "
                   "::ipmpsc::Deadline deadline) {\n"
                   "    return Base::template $how$InPlace<$reply_lease$, $reply_view$, "
                   "$request_writer$>($index$, bound, fill, deadline);\n"
                   "  }\n\n");
  }
  printer->Print("};\n\n");
}

void PrintServer(const ServicePlan& plan, const Variables& service, Printer* printer) {
  PrintDocumentation(absl::StrCat("Serves service `", plan.service->full_name(), "`."), 0, printer);
  printer->Print(service, R"(class $server$
    : public ::ipmpsc::rpc::ServiceServer<$server$, $handler$> {
 public:
  using Base::Base;

  // For the base.
  static void Dispatch($handler$& handler, ::std::size_t method,
                       ::std::unique_ptr<::ipmpsc::rpc::ServerCall> call) {
    switch (method) {
)");
  for (size_t i = 0; i < plan.methods.size(); ++i) {
    Variables method = VariablesOf(plan.methods[i], i);
    method["handler"] = plan.handler;
    printer->Print(method, R"(      case $index$:
        return Handle(handler, ::std::move(call), &$handler$::$function$);
)");
  }
  printer->Print(R"(    }
    (void)handler, (void)call;
  }
};

)");
}

}  // namespace

void PrintServiceClasses(const ServicePlan& plan, Printer* printer) {
  const ServiceDeclaration& declared = plan.service->options().GetExtension(::ipmpsc::service);
  const Variables service = {
      {"full_name", std::string(plan.service->full_name())},
      {"client", plan.client},
      {"server", plan.server},
      {"handler", plan.handler},
      {"count", absl::StrCat(plan.methods.size())},
      {"channel", StringLiterals(declared.name(), std::string::npos)[0]},
      {"capacity", absl::StrCat(declared.capacity())},
      {"reply_capacity", absl::StrCat(declared.reply_capacity())},
      {"max_clients", absl::StrCat(declared.max_clients())},
      {"mode", absl::StrFormat("%#o", declared.mode())},
  };
  PrintHandler(plan, service, printer);
  PrintClient(plan, service, printer);
  PrintServer(plan, service, printer);
}

}  // namespace ipmpsc::codegen
