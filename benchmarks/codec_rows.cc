#include "benchmarks/codec_rows.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "benchmarks/measurement/frames.h"
#include "benchmarks/mixed.ipmpsc.h"
#include "benchmarks/mixed.pb.h"
#include "benchmarks/mixed_messages.h"
#include "benchmarks/mixed_protozero.h"
#include "benchmarks/time_per_call.h"
#include "google/protobuf/arena.h"
#include "ipmpsc/view/arena.h"
#include "ipmpsc/writer/message_writer.h"

namespace ipmpsc::benchmarks {
namespace {

// With `reading`, every field is also read.
Row ReadRow(bool reading) {
  Row row;
  row.id = reading ? "read-mixed" : "parse-mixed";
  row.title = reading ? "Parsing a message of 18 fields and reading every field"
                      : "Parsing a message of 18 fields";
  row.unit = "ns";
  const std::string bytes = MixedMessage().SerializeAsString();
  const uint64_t expected = SumOf(MixedMessage());
  const auto is_right = [=](const auto& message) {
    return reading ? SumOf(message) == expected : message.version() == 3;
  };
  row.measurements.push_back({"ipmpsc view", false, [=] {
                                view::Arena arena;
                                return TimePerCall([&] {
                                  arena.Reset();
                                  const MixedView* const view = MixedView::Parse(bytes, &arena);
                                  return view != nullptr && is_right(*view);
                                });
                              }});
  row.measurements.push_back(
      {"protobuf, arena", false, [=] {
         std::vector<char> block(1 << 16);
         google::protobuf::ArenaOptions options;
         options.initial_block = block.data();
         options.initial_block_size = block.size();
         google::protobuf::Arena arena(options);
         return TimePerCall([&] {
           arena.Reset();
           auto* const message = static_cast<Mixed*>(Mixed::default_instance().New(&arena));
           return message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) &&
                  is_right(*message);
         });
       }});
  row.measurements.push_back({"protobuf, message reused", false, [=] {
                                Mixed message;
                                return TimePerCall([&] {
                                  return message.ParseFromArray(bytes.data(),
                                                                static_cast<int>(bytes.size())) &&
                                         is_right(message);
                                });
                              }});
#ifdef IPMPSC_HAS_PROTOZERO
  row.measurements.push_back({"protozero", false, [=] {
                                return TimePerCall([&] {
                                  return reading ? SumByProtozero(bytes) == expected
                                                 : VersionByProtozero(bytes) == 3;
                                });
                              }});
#endif
  return row;
}

Row ReadPictureRow() {
  Row row;
  row.id = "read-frame";
  row.title = "Parsing a message with a frame of 12.4 MB, without reading its pixels";
  row.unit = "ns";
  const auto bytes = std::make_shared<std::string>();
  Picture picture;
  picture.set_width(3840);
  picture.set_height(2160);
  picture.mutable_pixels()->resize(kFrameBytes);
  *bytes = picture.SerializeAsString();
  row.measurements.push_back({"ipmpsc view", false, [=] {
                                view::Arena arena;
                                return TimePerCall([&] {
                                  arena.Reset();
                                  const PictureView* const view =
                                      PictureView::Parse(*bytes, &arena);
                                  return view != nullptr && view->pixels().size() == kFrameBytes;
                                });
                              }});
  row.measurements.push_back({"protobuf, message reused", false, [=] {
                                Picture message;
                                return TimePerCall([&] {
                                  return message.ParseFromArray(bytes->data(),
                                                                static_cast<int>(bytes->size())) &&
                                         message.pixels().size() == kFrameBytes;
                                });
                              }});
  return row;
}

Row WriteRow() {
  Row row;
  row.id = "write-mixed";
  row.title = "Writing a message of 18 fields into existing memory";
  row.unit = "ns";
  const size_t size = MixedMessage().ByteSizeLong();
  row.measurements.push_back({"ipmpsc loan's setters", false, [=] {
                                std::vector<char> memory(2 * size);
                                return TimePerCall([&] {
                                  writer::Draft draft(absl::MakeSpan(memory));
                                  MixedWriter mixed(&draft);
                                  WriteMixed(mixed);
                                  return draft.Finish("Mixed").value_or(0) == size;
                                });
                              }});
  row.measurements.push_back({"protobuf, set and serialise", false, [=] {
                                std::vector<uint8_t> memory(2 * size);
                                Mixed message;
                                return TimePerCall([&] {
                                  FillMixed(message);
                                  return message.ByteSizeLong() == size &&
                                         message.SerializeWithCachedSizesToArray(memory.data()) ==
                                             memory.data() + size;
                                });
                              }});
  row.measurements.push_back({"protobuf, serialise only", false, [=] {
                                std::vector<uint8_t> memory(2 * size);
                                const Mixed message = MixedMessage();
                                return TimePerCall([&] {
                                  return message.ByteSizeLong() == size &&
                                         message.SerializeWithCachedSizesToArray(memory.data()) ==
                                             memory.data() + size;
                                });
                              }});
  return row;
}

}  // namespace

std::vector<Row> CodecRows() {
  return {ReadRow(false), ReadRow(true), ReadPictureRow(), WriteRow()};
}

}  // namespace ipmpsc::benchmarks
