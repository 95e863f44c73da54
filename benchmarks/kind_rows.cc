#include "benchmarks/kind_rows.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "benchmarks/kinds.ipmpsc.h"
#include "benchmarks/kinds.pb.h"
#include "benchmarks/kinds_protozero.h"
#include "benchmarks/row.h"
#include "benchmarks/time_per_call.h"
#include "google/protobuf/arena.h"
#include "ipmpsc/view/arena.h"
#include "ipmpsc/writer/message_writer.h"

namespace ipmpsc::benchmarks {
namespace {

constexpr int kElements = 10000;
constexpr int kMillion = 1000000;
constexpr int kLevels = 60;

struct Kind {
  std::string id;
  std::string title;
  Kinds message;
};

// Returns the same numbers each time.
std::vector<Kind> AllKinds() {
  std::mt19937_64 random(3);
  std::vector<Kind> kinds;
  const auto add = [&](absl::string_view id, absl::string_view title, auto fill,
                       int elements = kElements) {
    Kind kind{std::string(id), absl::StrCat(elements, " ", title), Kinds()};
    for (int i = 0; i < elements; ++i) fill(&kind.message);
    kinds.push_back(std::move(kind));
  };
  add("uint32-1", "packed uint32 of 1 byte", [&](Kinds* m) { m->add_counts(random() % 128); });
  add("uint32-2", "packed uint32 of 2 bytes",
      [&](Kinds* m) { m->add_counts(static_cast<uint32_t>(128 + random() % 16000)); });
  add("uint32-mixed", "packed uint32 of 1 to 5 bytes",
      [&](Kinds* m) { m->add_counts(static_cast<uint32_t>(random() >> (32 + random() % 30))); });
  add("sint64-1-2", "packed sint64 of 1 to 2 bytes",
      [&](Kinds* m) { m->add_deltas(static_cast<int64_t>(random() % 200) - 100); });
  add("sint64-3-4", "packed sint64 of 3 to 4 bytes",
      [&](Kinds* m) { m->add_deltas(static_cast<int64_t>(random() % 20000000) - 10000000); });
  add("uint64-9-10", "packed uint64 of 9 to 10 bytes", [&](Kinds* m) { m->add_hashes(random()); });
  add("bool", "packed bool", [&](Kinds* m) { m->add_flags(random() % 2 == 1); });
  add("float", "packed float",
      [&](Kinds* m) { m->add_points(static_cast<float>(random() % 1000) / 8); });
  add("words", "repeated strings of 3 to 12 bytes",
      [&](Kinds* m) { m->add_words(std::string(3 + random() % 10, 'w')); });
  add("labels", "entries of a map<string, int64>", [&](Kinds* m) {
    (*m->mutable_labels())[absl::StrCat("label", random() % 100000)] =
        static_cast<int64_t>(random() % 1000);
  });
  const auto add_small = [&](Kinds* m) {
    auto* const small = m->add_small();
    small->set_channel(static_cast<uint32_t>(random() % 64));
    small->set_value(static_cast<int64_t>(random() % 2000) - 1000);
  };
  add("small", "messages of 2 fields", add_small);
  add("small-million", "messages of 2 fields", add_small, kMillion);
  Kind deep{"deep", absl::StrCat(kLevels, " messages in each other"), Kinds()};
  Kinds* level = &deep.message;
  for (int i = 0; i < kLevels; ++i) {
    level->add_words("level");
    level = level->mutable_inner();
  }
  kinds.push_back(std::move(deep));
  return kinds;
}

Row ParseRow(const Kind& kind) {
  Row row;
  row.id = absl::StrCat("parse-", kind.id);
  row.title = absl::StrCat("Parsing ", kind.title);
  row.unit = "ns";
  const auto bytes = std::make_shared<std::string>(kind.message.SerializeAsString());
  const auto is_right = [elements = kind.message.small_size() +
                                    kind.message.words_size()](const auto& message) {
    return static_cast<int>(message.small_size() + message.words_size()) == elements;
  };
  row.measurements.push_back({"ipmpsc view", false, [=] {
                                view::Arena arena;
                                return TimePerCall([&] {
                                  arena.Reset();
                                  const KindsView* const view = KindsView::Parse(*bytes, &arena);
                                  return view != nullptr && is_right(*view);
                                });
                              }});
  row.measurements.push_back(
      {"protobuf, arena", false, [=] {
         std::vector<char> block(1 << 21);
         google::protobuf::ArenaOptions options;
         options.initial_block = block.data();
         options.initial_block_size = block.size();
         google::protobuf::Arena arena(options);
         return TimePerCall([&] {
           arena.Reset();
           auto* const message = static_cast<Kinds*>(Kinds::default_instance().New(&arena));
           return message->ParseFromArray(bytes->data(), static_cast<int>(bytes->size())) &&
                  is_right(*message);
         });
       }});
  row.measurements.push_back({"protobuf, message reused", false, [=] {
                                Kinds message;
                                return TimePerCall([&] {
                                  return message.ParseFromArray(bytes->data(),
                                                                static_cast<int>(bytes->size())) &&
                                         is_right(message);
                                });
                              }});
#ifdef IPMPSC_HAS_PROTOZERO
  const size_t elements =
      static_cast<size_t>(kind.message.small_size() + kind.message.words_size());
  row.measurements.push_back({"protozero, every value", false, [=] {
                                return TimePerCall([&] {
                                  const KindsWalk walk = WalkByProtozero(*bytes);
                                  return walk.elements == elements && walk.sum != 0;
                                });
                              }});
#endif
  return row;
}

// A million numbers of fixed width, as in point clouds: copied out of a message, or filled in
// place.
Row FloatsRow(bool writing) {
  Row row;
  row.id = writing ? "write-floats" : "read-floats";
  row.title = writing ? "Writing 1000000 packed float from an array"
                      : "Parsing 1000000 packed float and copying them into an array";
  row.unit = "ns";
  const auto numbers = std::make_shared<std::vector<float>>(kMillion, 1.5f);
  const auto message = std::make_shared<Kinds>();
  for (const float number : *numbers) message->add_points(number);
  const auto bytes = std::make_shared<std::string>(message->SerializeAsString());
  constexpr size_t kBytes = kMillion * sizeof(float);
  row.measurements.push_back({"memcpy of the same bytes", true, [=] {
                                std::vector<float> to(kMillion);
                                return TimePerCall([&] {
                                  std::memcpy(to.data(), numbers->data(), kBytes);
                                  return to[kMillion / 2] == 1.5f;
                                });
                              }});
  if (writing) {
    row.measurements.push_back({"ipmpsc loan's mutable_points", false, [=] {
                                  std::vector<char> memory(kBytes + 100);
                                  return TimePerCall([&] {
                                    writer::Draft draft(absl::MakeSpan(memory));
                                    KindsWriter kinds(&draft);
                                    const absl::Span<float> to = kinds.mutable_points(kMillion);
                                    std::memcpy(to.data(), numbers->data(), kBytes);
                                    return draft.Finish("Kinds").ok();
                                  });
                                }});
    row.measurements.push_back({"protobuf, serialise only", false, [=] {
                                  std::vector<uint8_t> memory(kBytes + 100);
                                  return TimePerCall([&] {
                                    const size_t size = message->ByteSizeLong();
                                    return message->SerializeWithCachedSizesToArray(
                                               memory.data()) == memory.data() + size;
                                  });
                                }});
    return row;
  }
  row.measurements.push_back({"ipmpsc view", false, [=] {
                                std::vector<float> to(kMillion);
                                view::Arena arena;
                                return TimePerCall([&] {
                                  arena.Reset();
                                  const KindsView* const view = KindsView::Parse(*bytes, &arena);
                                  if (view == nullptr || view->points_size() != kMillion)
                                    return false;
                                  view->points().CopyTo(to.data());
                                  return to[kMillion / 2] == 1.5f;
                                });
                              }});
  row.measurements.push_back(
      {"protobuf, message reused", false, [=] {
         std::vector<float> to(kMillion);
         Kinds parsed;
         return TimePerCall([&] {
           if (!parsed.ParseFromArray(bytes->data(), static_cast<int>(bytes->size()))) return false;
           std::memcpy(to.data(), parsed.points().data(), kBytes);
           return to[kMillion / 2] == 1.5f;
         });
       }});
  return row;
}

// The data of a program that writes: arrays, and its own texts.
struct Source {
  explicit Source(const Kinds& message)
      : counts(message.counts().begin(), message.counts().end()),
        deltas(message.deltas().begin(), message.deltas().end()),
        hashes(message.hashes().begin(), message.hashes().end()),
        points(message.points().begin(), message.points().end()),
        words(message.words().begin(), message.words().end()),
        labels(message.labels().begin(), message.labels().end()) {
    for (const bool flag : message.flags()) flags.push_back(flag ? 1 : 0);
    for (const Kinds::Small& one : message.small()) small.emplace_back(one.channel(), one.value());
    if (message.has_inner()) inner = std::make_unique<Source>(message.inner());
  }

  void WriteTo(KindsWriter* writer) const {
    if (!counts.empty()) writer->add_counts(counts);
    if (!deltas.empty()) writer->add_deltas(deltas);
    if (!hashes.empty()) writer->add_hashes(hashes);
    if (!flags.empty()) {
      writer->add_flags(
          absl::MakeConstSpan(reinterpret_cast<const bool*>(flags.data()), flags.size()));
    }
    if (!points.empty()) writer->add_points(points);
    for (const std::string& word : words) writer->add_words(word);
    for (const auto& [key, value] : labels) writer->add_labels(key, value);
    for (const auto& [channel, value] : small) {
      KindsWriter::SmallWriter one = writer->add_small();
      one.set_channel(channel);
      one.set_value(value);
    }
    if (inner != nullptr) {
      KindsWriter within = writer->mutable_inner();
      inner->WriteTo(&within);
    }
  }

  std::vector<uint32_t> counts;
  std::vector<int64_t> deltas;
  std::vector<uint64_t> hashes;
  std::vector<char> flags;
  std::vector<float> points;
  std::vector<std::string> words;
  std::vector<std::pair<std::string, int64_t>> labels;
  std::vector<std::pair<uint32_t, int64_t>> small;
  std::unique_ptr<Source> inner;
};

Row WriteRow(const Kind& kind) {
  Row row;
  row.id = absl::StrCat("write-", kind.id);
  row.title = absl::StrCat("Writing ", kind.title);
  row.unit = "ns";
  const auto message = std::make_shared<Kinds>(kind.message);
  row.measurements.push_back({"ipmpsc loan's setters", false, [=] {
                                const Source source(*message);
                                std::vector<char> memory(2 * message->ByteSizeLong());
                                return TimePerCall([&] {
                                  writer::Draft draft(absl::MakeSpan(memory));
                                  KindsWriter kinds(&draft);
                                  source.WriteTo(&kinds);
                                  return draft.Finish("Kinds").ok();
                                });
                              }});
  row.measurements.push_back({"protobuf, serialise only", false, [=] {
                                std::vector<uint8_t> memory(2 * message->ByteSizeLong());
                                return TimePerCall([&] {
                                  const size_t size = message->ByteSizeLong();
                                  return message->SerializeWithCachedSizesToArray(memory.data()) ==
                                         memory.data() + size;
                                });
                              }});
  return row;
}

}  // namespace

std::vector<Row> KindRows() {
  std::vector<Row> rows;
  const std::vector<Kind> kinds = AllKinds();
  for (const Kind& kind : kinds) rows.push_back(ParseRow(kind));
  rows.push_back(FloatsRow(/*writing=*/false));
  for (const Kind& kind : kinds) rows.push_back(WriteRow(kind));
  rows.push_back(FloatsRow(/*writing=*/true));
  return rows;
}

}  // namespace ipmpsc::benchmarks
