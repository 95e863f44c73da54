// Reads the message `Mixed` with mapbox protozero, which builds no parsed message but walks the
// bytes.
#ifndef IPMPSC_BENCHMARKS_MIXED_PROTOZERO_H_
#define IPMPSC_BENCHMARKS_MIXED_PROTOZERO_H_

#ifdef IPMPSC_HAS_PROTOZERO
#include <cstdint>
#include <protozero/pbf_reader.hpp>

#include "absl/strings/string_view.h"

namespace ipmpsc::benchmarks {

// Reads the field `version`, which is behind all others.
inline uint32_t VersionByProtozero(absl::string_view bytes) {
  uint32_t version = 0;
  protozero::pbf_reader message(bytes.data(), bytes.size());
  while (message.next()) {
    if (message.tag() == 18) {
      version = message.get_uint32();
    } else {
      message.skip();
    }
  }
  return version;
}

// As `SumOf`. REQUIRES: all fields are present in the order of their numbers, as protobuf writes
// them.
inline uint64_t SumByProtozero(absl::string_view bytes) {
  uint64_t sum = 0;
  const auto add = [&sum](auto value) { sum = sum * 31 + static_cast<uint64_t>(value); };
  const auto add_text = [&](protozero::data_view text) {
    add(text.size());
    if (text.size() != 0) add(text.data()[0]);
  };
  const auto add_point = [&](protozero::pbf_reader point) {
    double coordinates[3] = {};
    while (point.next()) {
      if (point.tag() >= 1 && point.tag() <= 3) {
        coordinates[point.tag() - 1] = point.get_double();
      } else {
        point.skip();
      }
    }
    for (double coordinate : coordinates) add(coordinate);
  };
  const auto add_reading = [&](protozero::pbf_reader reading) {
    uint32_t channel = 0;
    int64_t value = 0;
    protozero::data_view unit;
    while (reading.next()) {
      switch (reading.tag()) {
        case 1:
          channel = reading.get_uint32();
          break;
        case 2:
          value = reading.get_sint64();
          break;
        case 3:
          unit = reading.get_view();
          break;
        default:
          reading.skip();
      }
    }
    add(channel);
    add(value);
    add_text(unit);
  };
  protozero::pbf_reader mixed(bytes.data(), bytes.size());
  while (mixed.next()) {
    switch (mixed.tag()) {
      case 1:
        add(mixed.get_uint64());
        break;
      case 2:
        add(mixed.get_int32());
        break;
      case 3:
        add(mixed.get_sint64());
        break;
      case 4:
        add(mixed.get_fixed64());
        break;
      case 5:
        add(mixed.get_double());
        break;
      case 6:
        add(4 * mixed.get_float());
        break;
      case 7:
        add(mixed.get_bool());
        break;
      case 8:
      case 9:
      case 10:
      case 16:
        add_text(mixed.get_view());
        break;
      case 11:
      case 12:
        add_point(mixed.get_message());
        break;
      case 13:
        add_reading(mixed.get_message());
        break;
      case 14:
        for (const auto count : mixed.get_packed_uint32()) add(count);
        break;
      case 15:
        for (const auto sample : mixed.get_packed_double()) add(sample);
        break;
      case 17:
        add(mixed.get_fixed32());
        break;
      case 18:
        add(mixed.get_uint32());
        break;
      default:
        mixed.skip();
    }
  }
  return sum;
}

}  // namespace ipmpsc::benchmarks
#endif

#endif  // IPMPSC_BENCHMARKS_MIXED_PROTOZERO_H_
