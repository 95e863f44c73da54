// ParsePacked: the numbers of a packed repeated field. Parsers accept packed numbers for every
// repeated number field, however it is declared.
#ifndef IPMPSC_VIEW_PACKED_H_
#define IPMPSC_VIEW_PACKED_H_

#include "ipmpsc/view/arena.h"
#include "ipmpsc/wire/message_table.h"

namespace ipmpsc::view {

// Adds the numbers at `p`, which begin with their size, to the `RepeatedData` at `at`. Those of
// fixed width stay in the record where they are the field's first. Returns the position behind
// them, null where they are malformed.
const char* ParsePacked(const wire::Field& field, char* at, const char* p, const char* end,
                        Arena* arena);

}  // namespace ipmpsc::view

#endif  // IPMPSC_VIEW_PACKED_H_
