#include "ipmpsc/rpc/service_info.h"

#include <cstddef>
#include <cstdlib>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "ipmpsc/internal/segment/leftovers.h"
#include "ipmpsc/schema/description.h"
#include "ipmpsc/schema/schema_differences.h"
#include "ipmpsc/wire/decoding.h"
#include "ipmpsc/wire/encoding.h"

namespace ipmpsc::rpc {
namespace {

// Field numbers of ServiceInfo and of MethodInfo. The name has the number of `ChannelInfo.message`,
// so that other ends say what the channel carries.
constexpr uint32_t kService = 1;
constexpr uint32_t kMethod = 16;
constexpr uint32_t kName = 1;
constexpr uint32_t kStreams = 2;
constexpr uint32_t kRequest = 3;
constexpr uint32_t kReply = 4;

constexpr char kReplySuffix[] = ".reply-";

void AppendVarint(uint64_t value, std::string* wire) {
  char bytes[wire::kMaxVarintWidth];
  wire->append(bytes, wire::EncodeVarint(value, bytes) - bytes);
}

void AppendBytes(uint32_t field, absl::string_view bytes, std::string* wire) {
  AppendVarint(wire::Tag(field, wire::kWireLengthDelimited), wire);
  AppendVarint(bytes.size(), wire);
  wire->append(bytes.data(), bytes.size());
}

// Calls `text(field, bytes)` and `number(field, value)` for the fields of a message. Returns false
// if it is malformed.
bool ReadFields(absl::string_view message,
                absl::FunctionRef<void(uint32_t field, absl::string_view bytes)> text,
                absl::FunctionRef<void(uint32_t field, uint64_t value)> number) {
  const char* p = message.data();
  const char* const end = p + message.size();
  while (p != end) {
    uint32_t tag;
    p = wire::ReadTag(p, end, &tag);
    if (p == nullptr) return false;
    switch (tag & 7) {
      case wire::kWireLengthDelimited: {
        size_t size;
        p = wire::ReadSize(p, end, &size);
        if (p == nullptr) return false;
        text(tag >> 3, absl::string_view(p, size));
        p += size;
        break;
      }
      case wire::kWireVarint: {
        uint64_t value;
        p = wire::ReadVarint(p, end, &value);
        if (p == nullptr) return false;
        number(tag >> 3, value);
        break;
      }
      default:
        p = wire::SkipValue(p, end, tag, /*depth=*/0);
        if (p == nullptr) return false;
    }
  }
  return true;
}

struct MethodInfo {
  absl::string_view name;
  bool streams = false;
  absl::string_view request;
  absl::string_view reply;
};

bool ReadMethod(absl::string_view bytes, MethodInfo* method) {
  return ReadFields(
      bytes,
      [method](uint32_t field, absl::string_view value) {
        if (field == kName) method->name = value;
        if (field == kRequest) method->request = value;
        if (field == kReply) method->reply = value;
      },
      [method](uint32_t field, uint64_t value) {
        if (field == kStreams) method->streams = value != 0;
      });
}

absl::Status MethodError(const MethodType& method, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat("method ", method.name, ": ", status.message()));
}

absl::Status CheckMethod(const MethodType& type, const MethodInfo& method) {
  if (type.streams != method.streams) {
    return MethodError(
        type, absl::FailedPreconditionError(absl::StrCat(
                  "the server ", method.streams ? "streams its replies" : "sends one reply",
                  ", which this client does not expect; build both from one .proto")));
  }
  const absl::StatusOr<schema::SchemaDifferences> request =
      schema::CheckDescription(*type.request, method.request, schema::End::kSender);
  if (!request.ok()) return MethodError(type, request.status());
  const absl::StatusOr<schema::SchemaDifferences> reply =
      schema::CheckDescription(*type.reply, method.reply, schema::End::kReceiver);
  if (!reply.ok()) return MethodError(type, reply.status());
  return absl::OkStatus();
}

}  // namespace

std::string DescribeService(const ServiceType& type) {
  std::string info;
  AppendBytes(kService, type.name, &info);
  for (size_t i = 0; i < type.method_count; ++i) {
    const MethodType& method = type.methods[i];
    std::string bytes;
    AppendBytes(kName, method.name, &bytes);
    AppendVarint(wire::Tag(kStreams, wire::kWireVarint), &bytes);
    AppendVarint(method.streams ? 1 : 0, &bytes);
    AppendBytes(kRequest, schema::Describe(*method.request), &bytes);
    AppendBytes(kReply, schema::Describe(*method.reply), &bytes);
    AppendBytes(kMethod, bytes, &info);
  }
  return info;
}

absl::Status CheckServiceName(const ServiceType& type, absl::string_view description) {
  absl::string_view name;
  const bool is_info = ReadFields(
      description,
      [&name](uint32_t field, absl::string_view value) {
        if (field == kService) name = value;
      },
      [](uint32_t, uint64_t) {});
  if (!is_info || name.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the channel is not one of service ", type.name,
                     ": it does not say what it carries; use the path of the service"));
  }
  if (name != type.name) {
    return absl::FailedPreconditionError(
        absl::StrCat("the channel carries ", absl::CHexEscape(name.substr(0, 256)),
                     ", not service ", type.name, "; use the path of the service"));
  }
  return absl::OkStatus();
}

absl::Status CheckService(const ServiceType& type, absl::string_view description) {
  absl::Status status = CheckServiceName(type, description);
  if (!status.ok()) return status;
  bool is_whole = true;
  const auto check = [&](uint32_t field, absl::string_view bytes) {
    if (field != kMethod || !status.ok()) return;
    MethodInfo method;
    if (!ReadMethod(bytes, &method)) {
      is_whole = false;
      return;
    }
    for (size_t i = 0; i < type.method_count; ++i) {
      if (type.methods[i].name == method.name) status = CheckMethod(type.methods[i], method);
    }
  };
  if (!ReadFields(description, check, [](uint32_t, uint64_t) {}) || !is_whole) {
    return absl::FailedPreconditionError(
        absl::StrCat("the channel's description is no ipmpsc.ServiceInfo; start the server of ",
                     type.name, " with another path"));
  }
  return status;
}

std::string DescribeReplies(const ServiceType& type, uint64_t id) {
  return absl::StrCat("ipmpsc replies 1 of ", type.name, " to ", absl::Hex(id, absl::kZeroPad16));
}

std::string ReplyPath(absl::string_view path, uint64_t id) {
  return absl::StrCat(path, kReplySuffix, absl::Hex(id, absl::kZeroPad16));
}

void RemoveDeadReplies(absl::string_view path) {
  const size_t slash = path.rfind('/');
  const bool has_directory = slash != absl::string_view::npos;
  const std::string directory(has_directory ? path.substr(0, slash + 1) : "./");
  internal::RemoveLeftovers(
      directory, absl::StrCat(has_directory ? path.substr(slash + 1) : path, kReplySuffix));
}

std::string ResolvedPath(const std::string& path) {
  char* const resolved = realpath(path.c_str(), nullptr);
  if (resolved == nullptr) return path;
  std::string result = resolved;
  std::free(resolved);
  return result;
}

}  // namespace ipmpsc::rpc
