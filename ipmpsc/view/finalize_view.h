// FinalizeView: what can only be done once all of a message is parsed, since a later piece of it
// may change the outcome.
#ifndef IPMPSC_VIEW_FINALIZE_VIEW_H_
#define IPMPSC_VIEW_FINALIZE_VIEW_H_

#include "ipmpsc/view/arena.h"
#include "ipmpsc/wire/message_table.h"

namespace ipmpsc::view {

// Sorts the maps in `view` and below it, dropping all but the last entry of each key. False where a
// required field is missing, or memory. Not needed where the table says so.
bool FinalizeView(const wire::MessageTable& table, char* view, Arena* arena);

}  // namespace ipmpsc::view

#endif  // IPMPSC_VIEW_FINALIZE_VIEW_H_
