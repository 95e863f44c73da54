// The headers that generated code includes beside those of views.
#ifndef IPMPSC_TYPED_GENERATED_H_
#define IPMPSC_TYPED_GENERATED_H_

// IWYU pragma: begin_exports
#include "absl/types/span.h"
#include "ipmpsc/schema/message_type.h"
#include "ipmpsc/typed/channel.h"
#include "ipmpsc/typed/generated_views.h"
#include "ipmpsc/typed/lease.h"
#include "ipmpsc/typed/loan.h"
#include "ipmpsc/typed/receiver.h"
#include "ipmpsc/typed/sender.h"
#include "ipmpsc/typed/tap.h"
#include "ipmpsc/writer/message_writer.h"
#include "ipmpsc/writer/required_writer.h"
// IWYU pragma: end_exports

#endif  // IPMPSC_TYPED_GENERATED_H_
