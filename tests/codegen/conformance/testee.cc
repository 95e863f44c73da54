#include "tests/codegen/conformance/testee.h"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "google/protobuf/message.h"
#include "ipmpsc/view/arena.h"
#include "ipmpsc/view/parser.h"
#include "ipmpsc/writer/message_writer.h"
#include "tests/codegen/conformance/conformance.pb.h"
#include "tests/codegen/conformance/test_messages_proto2.copy.h"
#include "tests/codegen/conformance/test_messages_proto3.copy.h"
#include "tests/codegen/copier/copied_type.h"
#include "tests/codegen/copier/copy.h"

namespace ipmpsc_test::conformance {
namespace {

using ::conformance::ConformanceRequest;
using ::conformance::ConformanceResponse;
using ::ipmpsc::writer::Draft;
namespace proto2 = ::protobuf_test_messages::proto2;
namespace proto3 = ::protobuf_test_messages::proto3;

struct Type {
  copier::CopiedType copied;
  // Returns what a view's `ToMessage()` serialises to.
  std::string (*serialize)(const void* view);
};

template <typename Message, typename View, typename Writer>
Type TypeOf() {
  return {copier::Copied<Message, View, Writer>(), [](const void* view) {
            return static_cast<const View*>(view)->ToMessage().SerializeAsString();
          }};
}

const Type* FindType(absl::string_view name) {
  static const auto* const types = new std::vector<Type>{
      TypeOf<proto2::TestAllTypesProto2, proto2::TestAllTypesProto2View,
             proto2::TestAllTypesProto2Writer>(),
      TypeOf<proto3::TestAllTypesProto3, proto3::TestAllTypesProto3View,
             proto3::TestAllTypesProto3Writer>(),
  };
  for (const Type& type : *types) {
    if (type.copied.prototype->GetTypeName() == name) return &type;
  }
  return nullptr;
}

// Writes `payload` again in one of the ways that use a writer.
absl::StatusOr<std::string> Rewrite(const Type& type, const void* view, absl::string_view payload,
                                    Path path) {
  std::vector<char> space(16 * payload.size() + 4096);
  Draft draft(absl::MakeSpan(space));
  if (path == Path::kWalk) {
    type.copied.walk(view, copier::Style{}, &draft);
  } else {
    const std::unique_ptr<google::protobuf::Message> message(type.copied.prototype->New());
    if (!message->ParseFromArray(payload.data(), static_cast<int>(payload.size())))
      return absl::InternalError("the view accepts what protobuf refuses");
    type.copied.write(*message, {/*arrays=*/false, /*in_place=*/true}, &draft);
  }
  const absl::StatusOr<size_t> size = draft.Finish(type.copied.prototype->GetTypeName());
  if (!size.ok()) return size.status();
  return std::string(space.data(), *size);
}

ConformanceResponse AnswerTo(const ConformanceRequest& request, Path path) {
  ConformanceResponse response;
  if (request.message_type() == "conformance.FailureSet") {
    response.set_protobuf_payload(::conformance::FailureSet().SerializeAsString());
    return response;
  }
  const Type* const type = FindType(request.message_type());
  if (type == nullptr || !request.has_protobuf_payload() ||
      request.requested_output_format() != ::conformance::PROTOBUF) {
    response.set_skipped("only the wire format, and the messages TestAllTypesProto2 and 3");
    return response;
  }
  ipmpsc::view::Arena arena;
  const std::string& payload = request.protobuf_payload();
  const void* const view = ipmpsc::view::Parse(*type->copied.table, payload, &arena);
  if (view == nullptr) {
    response.set_parse_error("the view is null");
  } else if (path == Path::kMessage) {
    response.set_protobuf_payload(type->serialize(view));
  } else {
    const absl::StatusOr<std::string> written = Rewrite(*type, view, payload, path);
    if (written.ok()) {
      response.set_protobuf_payload(*written);
    } else {
      response.set_serialize_error(written.status().ToString());
    }
  }
  return response;
}

}  // namespace

std::string Answer(absl::string_view request, Path path) {
  ConformanceRequest parsed;
  if (!parsed.ParseFromArray(request.data(), static_cast<int>(request.size()))) {
    ConformanceResponse response;
    response.set_runtime_error("the request is malformed");
    return response.SerializeAsString();
  }
  return AnswerTo(parsed, path).SerializeAsString();
}

}  // namespace ipmpsc_test::conformance
