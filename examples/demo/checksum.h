// A checksum over the sender, the sequence number and the content of a demo message.
#ifndef IPMPSC_EXAMPLES_DEMO_CHECKSUM_H_
#define IPMPSC_EXAMPLES_DEMO_CHECKSUM_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace ipmpsc::examples {

// Computes the checksum in steps that are all reversible. Contents that differ in one word of 8
// bytes therefore never have the same checksum, other contents with a probability of 2^-64.
uint64_t DemoChecksum(uint32_t sender, uint64_t sequence, absl::string_view content);

}  // namespace ipmpsc::examples

#endif  // IPMPSC_EXAMPLES_DEMO_CHECKSUM_H_
