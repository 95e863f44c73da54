// Features: what a schema says of a field beside its type. The syntax of its file decides it, "proto2" or
// "proto3", or, in an edition, the features that the file and what lies in it name.
//
// https://protobuf.dev/editions/features/ has their defaults.
#ifndef IPMPSC_SCHEMA_FEATURES_H_
#define IPMPSC_SCHEMA_FEATURES_H_

#include "ipmpsc/schema/descriptor_view.h"

namespace ipmpsc::schema {

struct Features {
  bool has_presence;
  bool is_required;
  bool is_closed;     // of an enum
  bool closes_enums;  // of a field: it takes its enum for a closed one, whatever that says
  bool is_delimited;  // of a message field: sent as a group
  bool is_packed;
  bool checks_utf8;
};

// Of the file itself: what lies in it inherits them.
Features FeaturesOf(const FileView& file);

// Applies the `features` of a declaration, null where it has none, to those that it inherits.
Features Override(Features inherited, const FeatureSetView* features);

}  // namespace ipmpsc::schema

#endif  // IPMPSC_SCHEMA_FEATURES_H_
