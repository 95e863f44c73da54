// The version of this library. The layout of channels has a version of its own (ABI version), which
// `Channel::Open` checks.
#ifndef IPMPSC_VERSION_H_
#define IPMPSC_VERSION_H_

namespace ipmpsc {

// The version, as in "0.1.0".
inline constexpr char kVersion[] = "0.1.0";

}  // namespace ipmpsc

#endif  // IPMPSC_VERSION_H_
