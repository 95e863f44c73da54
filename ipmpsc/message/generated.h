// What generated headers use beside views.
#ifndef IPMPSC_MESSAGE_GENERATED_H_
#define IPMPSC_MESSAGE_GENERATED_H_

// IWYU pragma: begin_exports
#include "absl/types/span.h"
#include "ipmpsc/message/generated_views.h"
#include "ipmpsc/message/message_channel.h"
#include "ipmpsc/message/message_lease.h"
#include "ipmpsc/message/message_loan.h"
#include "ipmpsc/message/message_receiver.h"
#include "ipmpsc/message/message_sender.h"
#include "ipmpsc/message/message_type.h"
#include "ipmpsc/writer/message_writer.h"
#include "ipmpsc/writer/required_writer.h"
// IWYU pragma: end_exports

#endif  // IPMPSC_MESSAGE_GENERATED_H_
