// Compares generated writers with protobuf. A message that protobuf reads is written by a writer,
// from protobuf's class and from the view, into a space of any size. Either it does not fit, or
// protobuf reads the same message from the bytes. The first byte selects the message type, the
// second the setters, the third the size of the space. The rest is the wire format.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "google/protobuf/message.h"
#include "google/protobuf/unknown_field_set.h"
#include "ipmpsc/internal/require.h"
#include "ipmpsc/view/arena.h"
#include "ipmpsc/view/parser.h"
#include "ipmpsc/writer/message_writer.h"
#include "tests/codegen/copier/copied_type.h"
#include "tests/codegen/copier/copy.h"
#include "tests/codegen/protos/aligned.copy.h"
#include "tests/codegen/protos/frame.copy.h"
#include "tests/codegen/protos/proto2.copy.h"
#include "tests/codegen/protos/proto3.copy.h"
#include "tests/codegen/random_message.h"
#include "tests/testing/quiet_protobuf.h"

namespace ipmpsc_test {
namespace {

using copier::Copied;
using copier::CopiedType;
using copier::Style;
using google::protobuf::Message;
using ipmpsc::internal::Require;
using ipmpsc::writer::Draft;

std::vector<CopiedType> Types() {
  return {
      Copied<Repeateds, RepeatedsView, RepeatedsWriter>(),
      Copied<Oneofs, OneofsView, OneofsWriter>(),
      Copied<Maps, MapsView, MapsWriter>(),
      Copied<Tree, TreeView, TreeWriter>(),
      Copied<v2::RequiredInside, v2::RequiredInsideView, v2::RequiredInsideWriter>(),
      Copied<v2::Groups, v2::GroupsView, v2::GroupsWriter>(),
      Copied<aligned::Picture, aligned::PictureView, aligned::PictureWriter>(),
      Copied<camera::Frame, camera::FrameView, camera::FrameWriter>(),
  };
}

// Writes by `write`, and checks the result. Returns whether it fitted.
template <typename Write>
bool Check(const Message& message, size_t bound, Write write) {
  // Has the exact size, so that AddressSanitizer detects a write beyond.
  const std::unique_ptr<char[]> space(new char[bound]);
  Draft draft(absl::MakeSpan(space.get(), bound));
  write(&draft);
  const absl::StatusOr<size_t> size = draft.Finish(message.GetTypeName());
  if (!size.ok()) {
    Require(size.status().code() == absl::StatusCode::kResourceExhausted,
            "a message that protobuf accepts can be written");
    return false;
  }
  const std::unique_ptr<Message> read(message.New());
  Require(read->ParseFromArray(space.get(), static_cast<int>(*size)),
          "protobuf reads what is written");
  read->DiscardUnknownFields();
  Require(DeterministicWire(*read) == DeterministicWire(message), "protobuf reads the same");
  return true;
}

}  // namespace
}  // namespace ipmpsc_test

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ipmpsc_test;
  static const auto* const types = new std::vector<CopiedType>(Types());
  static auto* const arena = new ipmpsc::view::Arena;
  if (size < 3) return 0;
  const CopiedType& type = (*types)[data[0] % types->size()];
  const Style style = {(data[1] & 1) != 0, (data[1] & 2) != 0, (data[1] & 4) != 0};
  const std::vector<char> wire(data + 3, data + size);
  const ipmpsc::testing::QuietProtobuf silencer;  // a missing required field is logged

  const std::unique_ptr<Message> message(type.prototype->New());
  if (!message->ParseFromArray(wire.data(), static_cast<int>(wire.size()))) return 0;
  message->DiscardUnknownFields();
  arena->Reset();
  const void* const view =
      ipmpsc::view::Parse(*type.table, absl::string_view(wire.data(), wire.size()), arena);
  Require(view != nullptr, "a view accepts what protobuf accepts");
  const auto copy = [&](Draft* draft) { type.write(*message, style, draft); };
  const auto walk = [&](Draft* draft) { type.walk(view, style, draft); };
  const size_t bound = size_t{data[2]} * (wire.size() + 16) / 64;
  Check(*message, bound, copy);
  Check(*message, bound, walk);
  // Any message of the input fits into this: an aligned field of three bytes may take a page.
  const size_t enough = (wire.size() + 1) * 4200;
  if (wire.size() < 1000) {
    Require(Check(*message, enough, copy), "it fits into the longest space");
    Require(Check(*message, enough, walk), "it fits into the longest space");
  }
  return 0;
}
