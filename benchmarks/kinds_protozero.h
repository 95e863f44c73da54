// Walks the message `Kinds` with mapbox protozero, which builds no parsed message.
#ifndef IPMPSC_BENCHMARKS_KINDS_PROTOZERO_H_
#define IPMPSC_BENCHMARKS_KINDS_PROTOZERO_H_

#ifdef IPMPSC_HAS_PROTOZERO
#include <cstddef>
#include <cstdint>
#include <protozero/pbf_reader.hpp>

#include "absl/strings/string_view.h"

namespace ipmpsc::benchmarks {

// The result of a walk. The sum makes sure that every value is decoded.
struct KindsWalk {
  size_t elements = 0;  // strings and messages of the whole message itself
  uint64_t sum = 0;
};

inline void WalkSmall(protozero::pbf_reader small, KindsWalk* walk) {
  while (small.next()) {
    if (small.tag() == 1) {
      walk->sum += small.get_uint32();
    } else if (small.tag() == 2) {
      walk->sum += static_cast<uint64_t>(small.get_sint64());
    } else {
      small.skip();
    }
  }
}

inline void WalkLabel(protozero::pbf_reader label, KindsWalk* walk) {
  while (label.next()) {
    if (label.tag() == 1) {
      walk->sum += label.get_view().size();
    } else if (label.tag() == 2) {
      walk->sum += static_cast<uint64_t>(label.get_int64());
    } else {
      label.skip();
    }
  }
}

inline void WalkKinds(protozero::pbf_reader kinds, KindsWalk* walk) {
  const auto add_all = [walk](auto values) {
    for (const auto value : values) walk->sum += static_cast<uint64_t>(value);
  };
  while (kinds.next()) {
    switch (kinds.tag()) {
      case 1:
        add_all(kinds.get_packed_uint32());
        break;
      case 2:
        add_all(kinds.get_packed_sint64());
        break;
      case 3:
        add_all(kinds.get_packed_uint64());
        break;
      case 4:
        add_all(kinds.get_packed_bool());
        break;
      case 5:
        add_all(kinds.get_packed_float());
        break;
      case 6:
        walk->sum += kinds.get_view().size();
        ++walk->elements;
        break;
      case 7:
        WalkLabel(kinds.get_message(), walk);
        break;
      case 8:
        WalkSmall(kinds.get_message(), walk);
        ++walk->elements;
        break;
      case 9: {
        KindsWalk inner;
        WalkKinds(kinds.get_message(), &inner);
        walk->sum += inner.sum;
        break;
      }
      default:
        kinds.skip();
    }
  }
}

inline KindsWalk WalkByProtozero(absl::string_view bytes) {
  KindsWalk walk;
  WalkKinds(protozero::pbf_reader(bytes.data(), bytes.size()), &walk);
  return walk;
}

}  // namespace ipmpsc::benchmarks
#endif

#endif  // IPMPSC_BENCHMARKS_KINDS_PROTOZERO_H_
