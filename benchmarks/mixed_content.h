// The message of mixed.proto as content of a measurement: set, serialised, sent, received, parsed, and
// every field read.
#ifndef IPMPSC_BENCHMARKS_MIXED_CONTENT_H_
#define IPMPSC_BENCHMARKS_MIXED_CONTENT_H_

#include <memory>

#include "benchmarks/measurement/content.h"

namespace ipmpsc::benchmarks {

// By protobuf's classes, one object reused. `in_place`: serialised into what the sender is lent, not
// into a buffer that is then sent.
std::unique_ptr<Content> ProtobufContent(bool in_place);

// By this library's setters, into what the sender is lent, and by its view.
std::unique_ptr<Content> ViewContent();

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_MIXED_CONTENT_H_
