// The same message for every codec: built, written, and read field by field.
#ifndef IPMPSC_BENCHMARKS_MIXED_MESSAGES_H_
#define IPMPSC_BENCHMARKS_MIXED_MESSAGES_H_

#include <cstdint>
#include <cstring>
#include <string>

#include "absl/strings/string_view.h"
#include "benchmarks/mixed.ipmpsc.h"
#include "benchmarks/mixed.pb.h"

namespace ipmpsc::benchmarks {

// Make about 1 KB.
inline constexpr int kReadings = 12;
inline constexpr int kCounts = 24;
inline constexpr int kSamples = 24;
inline constexpr int kLabels = 4;
inline constexpr absl::string_view kName = "front left, upper row";
inline constexpr absl::string_view kDescription =
    "Made once, read by everybody: the text of a field that programs log and people look at.";
inline constexpr absl::string_view kUnit = "millivolt";
inline constexpr absl::string_view kLabel = "calibrated";
inline constexpr char kPayload[128] = {1, 2, 3};

// The part that differs between messages.
struct MixedMark {
  uint64_t stamp = 0x1122334455667788;
  uint32_t checksum = 0xdeadbeef;
};

inline double Sample(int i) { return 0.25 * i; }

// Sets every field and replaces earlier values.
inline void FillMixed(Mixed& mixed, MixedMark mark = {}) {
  mixed.Clear();
  mixed.set_id(1234567890123);
  mixed.set_kind(17);
  mixed.set_offset(-40000);
  mixed.set_stamp(mark.stamp);
  mixed.set_weight(70.25);
  mixed.set_ratio(0.5f);
  mixed.set_valid(true);
  mixed.set_name(kName.data(), kName.size());
  mixed.set_description(kDescription.data(), kDescription.size());
  mixed.set_payload(kPayload, sizeof(kPayload));
  for (Point* point : {mixed.mutable_position(), mixed.mutable_velocity()}) {
    point->set_x(1.5);
    point->set_y(2.5);
    point->set_z(3.5);
  }
  for (int i = 0; i < kReadings; ++i) {
    Reading* const reading = mixed.add_readings();
    reading->set_channel(static_cast<uint32_t>(i + 1));
    reading->set_value(-1000 * (i + 1));
    reading->set_unit(kUnit.data(), kUnit.size());
  }
  for (int i = 0; i < kCounts; ++i) mixed.add_counts(static_cast<uint32_t>(100 * i));
  for (int i = 0; i < kSamples; ++i) mixed.add_samples(Sample(i));
  for (int i = 0; i < kLabels; ++i) mixed.add_labels(kLabel.data(), kLabel.size());
  mixed.set_checksum(mark.checksum);
  mixed.set_version(3);
}

inline Mixed MixedMessage(MixedMark mark = {}) {
  Mixed mixed;
  FillMixed(mixed, mark);
  return mixed;
}

// The same through setters that write at once, in the order of the field numbers.
inline void WriteMixed(MixedWriter& mixed, MixedMark mark = {}) {
  uint32_t counts[kCounts];
  double samples[kSamples];
  mixed.set_id(1234567890123);
  mixed.set_kind(17);
  mixed.set_offset(-40000);
  mixed.set_stamp(mark.stamp);
  mixed.set_weight(70.25);
  mixed.set_ratio(0.5f);
  mixed.set_valid(true);
  mixed.set_name(kName);
  mixed.set_description(kDescription);
  mixed.set_payload(absl::string_view(kPayload, sizeof(kPayload)));
  const auto set_point = [](PointWriter point) {
    point.set_x(1.5);
    point.set_y(2.5);
    point.set_z(3.5);
  };
  set_point(mixed.mutable_position());
  set_point(mixed.mutable_velocity());
  for (int i = 0; i < kReadings; ++i) {
    ReadingWriter reading = mixed.add_readings();
    reading.set_channel(static_cast<uint32_t>(i + 1));
    reading.set_value(-1000 * (i + 1));
    reading.set_unit(kUnit);
  }
  for (int i = 0; i < kCounts; ++i) counts[i] = static_cast<uint32_t>(100 * i);
  for (int i = 0; i < kSamples; ++i) samples[i] = Sample(i);
  mixed.add_counts(counts);
  mixed.add_samples(samples);
  for (int i = 0; i < kLabels; ++i) mixed.add_labels(kLabel);
  mixed.set_checksum(mark.checksum);
  mixed.set_version(3);
}

// Reads every field. Of texts, reads the length and the first byte. `Message` is protobuf's class
// or the view.
template <typename Message>
uint64_t SumOf(const Message& mixed) {
  uint64_t sum = 0;
  const auto add = [&sum](auto value) { sum = sum * 31 + static_cast<uint64_t>(value); };
  const auto add_text = [&](absl::string_view text) {
    add(text.size());
    if (!text.empty()) add(text[0]);
  };
  const auto add_point = [&](const auto& point) {
    add(point.x());
    add(point.y());
    add(point.z());
  };
  add(mixed.id());
  add(mixed.kind());
  add(mixed.offset());
  add(mixed.stamp());
  add(mixed.weight());
  add(4 * mixed.ratio());
  add(mixed.valid());
  add_text(mixed.name());
  add_text(mixed.description());
  add_text(mixed.payload());
  add_point(mixed.position());
  add_point(mixed.velocity());
  for (const auto& reading : mixed.readings()) {
    add(reading.channel());
    add(reading.value());
    add_text(reading.unit());
  }
  for (const auto count : mixed.counts()) add(count);
  for (const auto sample : mixed.samples()) add(sample);
  for (const auto& label : mixed.labels()) add_text(label);
  add(mixed.checksum());
  add(mixed.version());
  return sum;
}

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_MIXED_MESSAGES_H_
