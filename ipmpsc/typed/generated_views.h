// The headers that generated views include. None of them declares much in the global namespace:
// absl/status/status.h would bring <cmath> and <unistd.h>, and then no package could be called
// "log" or "read".
#ifndef IPMPSC_TYPED_GENERATED_VIEWS_H_
#define IPMPSC_TYPED_GENERATED_VIEWS_H_

// IWYU pragma: begin_exports
// First, for its checks.
#include "ipmpsc/platform.h"

#include "absl/strings/string_view.h"
#include "ipmpsc/view/arena.h"
#include "ipmpsc/view/map_view.h"
#include "ipmpsc/view/parser.h"
#include "ipmpsc/view/prefix.h"
#include "ipmpsc/view/repeated_view.h"
#include "ipmpsc/view/to_message.h"
#include "ipmpsc/view/view_access.h"
#include "ipmpsc/wire/message_table.h"
// IWYU pragma: end_exports

#endif  // IPMPSC_TYPED_GENERATED_VIEWS_H_
