// ViewAccess: reaches the members of generated views that are not for users. Only generated code
// and the library's own tests call it.
#ifndef IPMPSC_VIEW_VIEW_ACCESS_H_
#define IPMPSC_VIEW_VIEW_ACCESS_H_

#include "ipmpsc/wire/message_table.h"

namespace ipmpsc::view {

struct ViewAccess {
  template <typename View>
  static constexpr const wire::MessageTable& Table() {
    return View::kTable_;
  }

  // Return `*view` if it is set, or else the view of an empty message.
  template <typename View>
  static constexpr const View& OrEmpty(const View* view) {
    return OrEmpty(view, view != nullptr);
  }
  template <typename View>
  static constexpr const View& OrEmpty(const View* view, bool is_set) {
    return is_set ? *view : View::kEmpty_;
  }
};

}  // namespace ipmpsc::view

#endif  // IPMPSC_VIEW_VIEW_ACCESS_H_
