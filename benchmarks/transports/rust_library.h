// The library that benchmarks/peers/rust builds, and its functions.
#ifndef IPMPSC_BENCHMARKS_TRANSPORTS_RUST_LIBRARY_H_
#define IPMPSC_BENCHMARKS_TRANSPORTS_RUST_LIBRARY_H_

#include <dlfcn.h>

#include <cstddef>
#include <optional>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace ipmpsc::benchmarks {

class RustLibrary {
 public:
  // The library stays loaded. An empty `path` means that it was not built.
  static absl::StatusOr<RustLibrary> Load(const std::string& path) {
    if (path.empty())
      return absl::NotFoundError("benchmarks/peers/rust is not built, which needs cargo");
    void* const handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) return absl::NotFoundError(dlerror());
    return RustLibrary(handle);
  }

  template <typename Function>
  bool Find(const char* name, Function* function) const {
    *function = reinterpret_cast<Function>(dlsym(handle_, name));
    return *function != nullptr;
  }

 private:
  explicit RustLibrary(void* handle) : handle_(handle) {}

  void* handle_;
};

// Loads the library and its functions. `find` stores their addresses, and returns false if one is
// missing. Without them, `kind` (a TransportKind or ServiceKind) says why it is unavailable.
template <typename Calls, typename Kind>
std::optional<Calls> LoadRustCalls(const std::string& path,
                                   bool (*find)(const RustLibrary& library, Calls& calls),
                                   Kind& kind) {
  const absl::StatusOr<RustLibrary> library = RustLibrary::Load(path);
  Calls calls;
  if (!library.ok()) {
    kind.unavailable = std::string(library.status().message());
  } else if (!find(*library, calls)) {
    kind.unavailable = dlerror();
  } else {
    return calls;
  }
  return std::nullopt;
}

// `Handler` of benchmarks/peers/rust/src/lib.rs, and a handler whose last argument is the address
// of an absl::FunctionRef.
using RustHandler = void (*)(const char*, size_t, void*);
inline void CallFunctionRef(const char* bytes, size_t size, void* data) {
  (*static_cast<absl::FunctionRef<void(absl::string_view)>*>(data))(absl::string_view(bytes, size));
}

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_TRANSPORTS_RUST_LIBRARY_H_
