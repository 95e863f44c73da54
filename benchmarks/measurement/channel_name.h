// Names for the transports of a measurement.
#ifndef IPMPSC_BENCHMARKS_MEASUREMENT_CHANNEL_NAME_H_
#define IPMPSC_BENCHMARKS_MEASUREMENT_CHANNEL_NAME_H_

#include <string>

namespace ipmpsc::benchmarks {

// Returns a name that no other process uses.
std::string ChannelName();

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_MEASUREMENT_CHANNEL_NAME_H_
