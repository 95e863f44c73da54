// The message of mixed.proto as content of a measurement: set, serialised, sent, received, parsed,
// and read field by field.
#ifndef IPMPSC_BENCHMARKS_MIXED_CONTENT_H_
#define IPMPSC_BENCHMARKS_MIXED_CONTENT_H_

#include <memory>

#include "benchmarks/measurement/content.h"

namespace ipmpsc::benchmarks {

// Uses protobuf's classes with one reused object. With `in_place`, serialises into lent memory
// instead of a buffer that is then sent.
std::unique_ptr<Content> ProtobufContent(bool in_place);

// Uses this library's setters in lent memory, and its view.
std::unique_ptr<Content> ViewContent();

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_MIXED_CONTENT_H_
