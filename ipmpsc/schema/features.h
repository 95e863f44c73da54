// Features: the properties that a schema gives to a field beside its type. They follow from the
// syntax of its file, "proto2" or "proto3". In an edition they follow from the features that the
// file and its declarations name.
// https://protobuf.dev/editions/features/ has their defaults.
#ifndef IPMPSC_SCHEMA_FEATURES_H_
#define IPMPSC_SCHEMA_FEATURES_H_

#include "ipmpsc/schema/descriptor_view.h"

namespace ipmpsc::schema {

struct Features {
  bool has_presence;
  bool is_required;
  bool is_closed;     // for enums
  bool closes_enums;  // for fields: treats its enum as closed, whatever the enum itself says
  bool is_delimited;  // for message fields: sent as a group
  bool is_packed;
  bool checks_utf8;
};

// Returns the features of the file itself, which its declarations inherit.
Features FeaturesOf(const FileView& file);

// Returns `inherited` with the changes of a declaration's `features`, which are null if it has
// none.
Features Override(Features inherited, const FeatureSetView* features);

}  // namespace ipmpsc::schema

#endif  // IPMPSC_SCHEMA_FEATURES_H_
