// The description of a service in generated headers.
#ifndef IPMPSC_RPC_SERVICE_TYPE_H_
#define IPMPSC_RPC_SERVICE_TYPE_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "ipmpsc/schema/message_type.h"

namespace ipmpsc::rpc {

struct MethodType {
  absl::string_view name;  // "Get"
  uint32_t id;             // FNV-1a of the name: methods may be reordered
  bool streams;            // its server sends any number of replies
  const schema::MessageType* request;
  const schema::MessageType* reply;
};

// A service. `channel` and the members after it come from its option (ipmpsc.service). They are
// empty or 0 if it does not set them.
struct ServiceType {
  absl::string_view name;  // "camera.FrameService"
  const MethodType* methods;
  size_t method_count;
  absl::string_view channel;
  uint64_t capacity;
  uint64_t reply_capacity;
  uint32_t max_clients;
  uint32_t mode;
};

}  // namespace ipmpsc::rpc

#endif  // IPMPSC_RPC_SERVICE_TYPE_H_
