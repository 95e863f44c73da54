#include "cli/message_text.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/output.h"
#include "cli/verb.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/json_util.h"

namespace ipmpsc::cli {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// Returns the longest prefix of at most `length` bytes that does not end within a UTF-8 character.
absl::string_view CutAtCharacter(absl::string_view text, size_t length) {
  while (length > 0 && (text[length] & '\xc0') == '\x80') --length;
  return text.substr(0, length);
}

class Cutter {
 public:
  Cutter(uint64_t max_bytes, uint64_t max_items) : max_bytes_(max_bytes), max_items_(max_items) {}

  void CutMessage(Message* message, const std::string& path) {
    std::vector<const FieldDescriptor*> fields;
    const Reflection* const reflection = message->GetReflection();
    reflection->ListFields(*message, &fields);
    for (const FieldDescriptor* field : fields) {
      const std::string name = absl::StrCat(path, field->name());
      if (field->is_repeated()) {
        CutRepeated(message, reflection, field, name);
      } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        CutMessage(reflection->MutableMessage(message, field), absl::StrCat(name, "."));
      } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
        std::string scratch;
        const std::string& value = reflection->GetStringReference(*message, field, &scratch);
        if (value.size() <= max_bytes_) continue;
        reflection->SetString(message, field, Shorten(field, value, name));
      }
    }
  }

  std::vector<Cut> cuts;

 private:
  std::string Shorten(const FieldDescriptor* field, absl::string_view value,
                      const std::string& name) {
    const absl::string_view kept = field->type() == FieldDescriptor::TYPE_STRING
                                       ? CutAtCharacter(value, max_bytes_)
                                       : value.substr(0, max_bytes_);
    cuts.push_back({name, kept.size(), value.size(), /*items=*/false});
    return std::string(kept);
  }

  void CutRepeated(Message* message, const Reflection* reflection, const FieldDescriptor* field,
                   const std::string& name) {
    const int size = reflection->FieldSize(*message, field);
    if (static_cast<uint64_t>(size) > max_items_) {
      const int kept = static_cast<int>(max_items_);
      cuts.push_back({name, max_items_, static_cast<uint64_t>(size), /*items=*/true});
      for (int i = size; i > kept; --i) reflection->RemoveLast(message, field);
    }
    const int count = reflection->FieldSize(*message, field);
    for (int i = 0; i < count; ++i) {
      const auto item = [&] { return absl::StrCat(name, "[", i, "]"); };
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        CutMessage(reflection->MutableRepeatedMessage(message, field, i),
                   absl::StrCat(item(), "."));
      } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
        std::string scratch;
        const std::string& value =
            reflection->GetRepeatedStringReference(*message, field, i, &scratch);
        if (value.size() <= max_bytes_) continue;
        reflection->SetRepeatedString(message, field, i, Shorten(field, value, item()));
      }
    }
  }

  const uint64_t max_bytes_;
  const uint64_t max_items_;
};

std::string CutsText(const std::vector<Cut>& cuts) {
  return absl::StrJoin(cuts, ", ", [](std::string* text, const Cut& cut) {
    absl::StrAppend(text, cut.field, " ", CountText(cut.kept), " of ", CountText(cut.of),
                    cut.items ? " items" : " bytes");
  });
}

// The lines of --meta, which the text format takes for comments.
std::string MetaText(const MessageMeta& meta, size_t bytes) {
  std::string text =
      absl::StrCat("# position ", meta.position, ", sender ", meta.sender, ", ", bytes, " bytes");
  if (meta.sent_at != absl::InfinitePast()) {
    absl::StrAppend(&text, ", sent at ", TimeText(meta.sent_at), ", number ", meta.sequence);
  }
  if (meta.released.has_value()) {
    absl::StrAppend(&text, *meta.released ? ", received" : ", not received");
  }
  if (meta.lost_before > 0) absl::StrAppend(&text, ", ", meta.lost_before, " bytes lost before it");
  return absl::StrCat(text, "\n");
}

// The line of a message in JSON with --meta. `message` is JSON, too.
std::string MetaJson(const MessageMeta& meta, size_t bytes, const std::vector<Cut>& cuts,
                     const std::string& message) {
  Json json;
  json["position"] = meta.position;
  json["sender"] = meta.sender;
  json["payload_bytes"] = bytes;
  json["sent_at"] = meta.sent_at == absl::InfinitePast() ? Json() : Json(TimeText(meta.sent_at));
  json["sequence"] = meta.sequence;
  json["lost_before_bytes"] = meta.lost_before;
  if (meta.released.has_value()) json["released"] = *meta.released;
  json["cut"] = Json::array();
  for (const Cut& cut : cuts) {
    json["cut"].push_back({{"field", cut.field}, {"kept", cut.kept}, {"of", cut.of}});
  }
  std::string text = json.dump();
  text.pop_back();  // The brace: the message is not parsed again.
  return absl::StrCat(text, ",\"message\":", message, "}");
}

}  // namespace

void AddPrintOptions(CLI::App* verb, PrintOptions* options) {
  AddJsonFlag(verb, &options->json);
  verb->add_flag("--meta", options->meta,
                 "tell of each message its position, sender, size and loss before it, and time and "
                 "number in channels with timestamps");
  verb->add_option("--filter", options->filters,
                   "print only messages for which FIELD OP VALUE holds. FIELD is a path such as "
                   "pose.x; of a list any item may match. OP is = != < <= > >= or ~ (contains). "
                   "FIELD alone: it is set. Several filters must all hold")
      ->type_name("FILTER")
      ->expected(1)
      ->take_all();
  verb->add_flag("--multiline", options->multiline,
                 "print a field a line, and --- between messages");
  verb->add_flag("--defaults", options->defaults,
                 "in JSON, print fields that have their default value, too");
  verb->add_option("--max-bytes", options->max_bytes,
                   "cut longer bytes and strings (default: 256; none with --json)")
      ->check(CLI::NonNegativeNumber.description(""))
      ->type_name("N");
  verb->add_option("--max-items", options->max_items,
                   "cut longer lists (default: 32; none with --json)")
      ->check(CLI::NonNegativeNumber.description(""))
      ->type_name("N");
  verb->add_flag("--full", options->full, "cut nothing");
}

std::vector<Cut> CutLongValues(Message* message, uint64_t max_bytes, uint64_t max_items) {
  Cutter cutter(max_bytes, max_items);
  cutter.CutMessage(message, "");
  return std::move(cutter.cuts);
}

absl::StatusOr<MessagePrinter> MessagePrinter::For(const Channel& channel,
                                                   const PrintOptions& options) {
  MessagePrinter printer;
  printer.options_ = options;
  const bool limited = !options.full;
  printer.max_bytes_ = limited
                           ? options.max_bytes.value_or(options.json ? PrintOptions::kNoLimit : 256)
                           : PrintOptions::kNoLimit;
  printer.max_items_ = limited
                           ? options.max_items.value_or(options.json ? PrintOptions::kNoLimit : 32)
                           : PrintOptions::kNoLimit;
  if (channel.description().empty()) {
    if (!options.filters.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(
          channel.path(), ": --filter needs fields, and the channel's messages are bytes"));
    }
    return printer;
  }
  absl::StatusOr<ChannelType> type = ChannelType::Of(channel);
  if (!type.ok()) return type.status();
  for (const std::string& text : options.filters) {
    absl::StatusOr<MessageFilter> filter = MessageFilter::Parse(text, type->descriptor());
    if (!filter.ok()) return filter.status();
    printer.filters_.push_back(*std::move(filter));
  }
  printer.type_ = std::make_unique<ChannelType>(*std::move(type));
  printer.message_ = printer.type_->NewMessage();
  return printer;
}

bool MessagePrinter::PrintMessage(absl::string_view payload, const MessageMeta& meta) {
  std::vector<Cut> cuts;
  std::string text;
  if (type_ == nullptr) {
    absl::string_view kept = payload.substr(0, std::min<uint64_t>(max_bytes_, payload.size()));
    if (kept.size() < payload.size()) cuts.push_back({"", kept.size(), payload.size(), false});
    text = options_.json ? absl::StrCat("\"", absl::Base64Escape(kept), "\"")
                         : absl::StrCat("\"", absl::CHexEscape(kept), "\"");
  } else {
    if (!message_->ParsePartialFromArray(payload.data(), static_cast<int>(payload.size()))) {
      ++misfits_;
      Complain(absl::StrCat("position ", meta.position, ": these ", payload.size(),
                            " bytes are no ", Printable(type_->info().message())));
      return false;
    }
    for (const MessageFilter& filter : filters_) {
      if (!filter.Matches(*message_)) return false;
    }
    cuts = CutLongValues(message_.get(), max_bytes_, max_items_);
    if (options_.json) {
      google::protobuf::util::JsonPrintOptions json;
      json.preserve_proto_field_names = true;
#if GOOGLE_PROTOBUF_VERSION < 5026000
      json.always_print_primitive_fields = options_.defaults;
#else
      json.always_print_fields_with_no_presence = options_.defaults;
#endif
      if (const auto status = google::protobuf::util::MessageToJsonString(*message_, &text, json);
          !status.ok()) {
        ++misfits_;
        Complain(absl::StrCat("position ", meta.position, ": this message has no JSON form: ",
                              Printable(absl::StrCat(std::string(status.message())))));
        return false;
      }
    } else {
      google::protobuf::TextFormat::Printer printer;
      printer.SetSingleLineMode(!options_.multiline);
      printer.SetUseUtf8StringEscaping(true);
      (void)printer.PrintToString(*message_, &text);
      while (!text.empty() && (text.back() == ' ' || text.back() == '\n')) text.pop_back();
    }
  }
  if (options_.json) {
    Print(options_.meta ? MetaJson(meta, payload.size(), cuts, text) : text);
    Print("\n");
    return true;
  }
  if (options_.meta) Print(MetaText(meta, payload.size()));
  Print(text);
  if (!cuts.empty())
    Print(absl::StrCat(options_.multiline ? "\n# cut: " : "  # cut: ", CutsText(cuts)));
  Print(options_.multiline ? "\n---\n" : "\n");
  return true;
}

}  // namespace ipmpsc::cli
