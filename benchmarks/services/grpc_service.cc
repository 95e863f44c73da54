#include "benchmarks/services/grpc_service.h"

#include <dlfcn.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/services/grpc_peer.h"

namespace ipmpsc::benchmarks {
namespace {

// Where Bazel runs programs, and in the tree.
constexpr const char* kLibraries[] = {"benchmarks/services/libgrpc_peer.so",
                                      "bazel-bin/benchmarks/services/libgrpc_peer.so"};

// Returns null, with the reason, if there is no gRPC.
const GrpcFunctions* Load(std::string* reason) {
  void* handle = nullptr;
  for (const char* const library : kLibraries) {
    if (access(library, R_OK) != 0) continue;
    handle = dlopen(absl::StrCat("./", library).c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle != nullptr) break;
    *reason = dlerror();
    return nullptr;
  }
  if (handle == nullptr) {
    *reason = absl::StrCat(kLibraries[0], " is missing: start the program by ./bazelw run");
    return nullptr;
  }
  const auto functions =
      reinterpret_cast<decltype(&ipmpsc_grpc_functions)>(dlsym(handle, "ipmpsc_grpc_functions"));
  if (functions == nullptr) {
    *reason = dlerror();
    return nullptr;
  }
  *reason =
      "Debian's libgrpc++-dev and protobuf-compiler-grpc are not installed: "
      "IPMPSC_PACKAGES=peers ./bazelw";
  return functions();
}

class GrpcServerEnd : public ServiceServerEnd {
 public:
  GrpcServerEnd(const GrpcFunctions& functions, void* server)
      : functions_(functions), server_(server) {}
  ~GrpcServerEnd() override { functions_.destroy_server(server_); }

  absl::Status Serve(Answers& answers) override {
    std::string error;
    return functions_.serve(server_, answers, &error) ? absl::OkStatus()
                                                      : absl::InternalError(error);
  }

 private:
  const GrpcFunctions& functions_;
  void* const server_;
};

class GrpcClientEnd : public ServiceClientEnd {
 public:
  GrpcClientEnd(const GrpcFunctions& functions, void* client)
      : functions_(functions), client_(client) {}
  ~GrpcClientEnd() override { functions_.destroy_client(client_); }

  absl::Status Call(absl::string_view request,
                    absl::FunctionRef<void(absl::string_view)> handler) override {
    std::string error;
    const auto call = [](const char* bytes, size_t size, void* data) {
      (*static_cast<absl::FunctionRef<void(absl::string_view)>*>(data))({bytes, size});
    };
    return functions_.call(client_, request.data(), request.size(), call, &handler, &error)
               ? absl::OkStatus()
               : absl::InternalError(error);
  }

 private:
  const GrpcFunctions& functions_;
  void* const client_;
};

class GrpcServiceOf : public Service {
 public:
  GrpcServiceOf(const GrpcFunctions& functions, const ServiceSpec& spec)
      : functions_(functions),
        path_(absl::StrCat("/tmp/", spec.name)),
        address_(absl::StrCat("unix:", path_)),
        spec_{address_.c_str(), spec.streams, spec.waiting == Waiting::kSpin} {}
  ~GrpcServiceOf() override { unlink(path_.c_str()); }

  absl::StatusOr<std::unique_ptr<ServiceServerEnd>> AttachServer() override {
    std::string error;
    void* const server = functions_.listen(spec_, &error);
    if (server == nullptr) return absl::InternalError(error);
    return std::make_unique<GrpcServerEnd>(functions_, server);
  }
  absl::StatusOr<std::unique_ptr<ServiceClientEnd>> AttachClient() override {
    return std::make_unique<GrpcClientEnd>(functions_, functions_.create_client(spec_));
  }

 private:
  const GrpcFunctions& functions_;
  const std::string path_;
  const std::string address_;
  const GrpcSpec spec_;
};

}  // namespace

ServiceKind GrpcService() {
  ServiceKind kind;
  kind.name = "grpc";
  const GrpcFunctions* const functions = Load(&kind.unavailable);
  if (functions == nullptr) return kind;
  kind.unavailable.clear();
  kind.describe = absl::StrCat(
      "gRPC ", functions->version(),
      " over a Unix socket, with generated code and the asynchronous API on both sides, which its "
      "guide to performance prefers for high rates: one completion queue, which AsyncNext polls "
      "where it spins, and else Next; streams write with the hint to buffer");
  kind.create = [functions](const ServiceSpec& spec) -> absl::StatusOr<std::unique_ptr<Service>> {
    return std::make_unique<GrpcServiceOf>(*functions, spec);
  };
  return kind;
}

}  // namespace ipmpsc::benchmarks
