// The types and limits of protobuf's wire format.
#ifndef IPMPSC_WIRE_TYPES_H_
#define IPMPSC_WIRE_TYPES_H_

#include <cstdint>

namespace ipmpsc::wire {

enum WireType : uint32_t {
  kWireVarint = 0,
  kWireFixed64 = 1,
  kWireLengthDelimited = 2,
  kWireStartGroup = 3,
  kWireEndGroup = 4,
  kWireFixed32 = 5,
};

// How deep messages may nest, as in protobuf.
inline constexpr int kMaxDepth = 100;

}  // namespace ipmpsc::wire

#endif  // IPMPSC_WIRE_TYPES_H_
