// Prints the comments of a .proto file as documentation comments of the generated code.
#ifndef IPMPSC_CODEGEN_COMMENTS_H_
#define IPMPSC_CODEGEN_COMMENTS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/printer.h"

namespace ipmpsc::codegen {

// Returns `comment` as lines of at most `columns` columns, for comments that begin with "//". The
// lines compile without warnings, whatever the comment contains. Only a word of more than `columns`
// columns stays longer.
std::vector<std::string> CommentLines(absl::string_view comment, size_t columns);

// Returns the comments directly before and behind the declaration of a message, an enum, a field, a
// value or a oneof. Detached comments do not belong to it.
template <typename Descriptor>
std::string CommentOf(const Descriptor& descriptor) {
  google::protobuf::SourceLocation location;
  if (!descriptor.GetSourceLocation(&location)) return "";
  const bool both = !location.leading_comments.empty() && !location.trailing_comments.empty();
  return absl::StrCat(location.leading_comments, both ? "\n" : "", location.trailing_comments);
}

// Prints `text`, such as a comment, as a documentation comment. The printer indents it by
// `indentation` columns.
void PrintDocumentation(absl::string_view text, size_t indentation,
                        google::protobuf::io::Printer* printer);

// Returns the declaration of the field as in the .proto file: "repeated uint32 sizes = 3".
std::string DeclarationOf(const google::protobuf::FieldDescriptor& field);

}  // namespace ipmpsc::codegen

#endif  // IPMPSC_CODEGEN_COMMENTS_H_
