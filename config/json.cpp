#include "config/json.hpp"

#include <simdjson.h>
#include <bit>

namespace cardea::config::json {

// The public handles are the library's own, as plain words, so that its header stays in this file.
struct Document::Storage {
    simdjson::dom::document document{};
};

namespace {

using JsonRaw = std::array<std::uintptr_t, 2>;
static_assert(sizeof(simdjson::dom::element) == sizeof(JsonRaw) && std::is_trivially_copyable_v<simdjson::dom::element>);
static_assert(sizeof(simdjson::dom::array::iterator) == sizeof(JsonRaw) && std::is_trivially_copyable_v<simdjson::dom::array::iterator>);
static_assert(sizeof(simdjson::dom::object::iterator) == sizeof(JsonRaw) && std::is_trivially_copyable_v<simdjson::dom::object::iterator>);

template <typename Handle>
Handle json_handle(const JsonRaw& raw) {
    return std::bit_cast<Handle>(raw);
}
template <typename Handle>
JsonRaw json_raw(const Handle& handle) {
    return std::bit_cast<JsonRaw>(handle);
}

template <typename T>
std::optional<T> json_get(const JsonRaw& raw) {
    T out{};
    if (raw[0] == 0 || json_handle<simdjson::dom::element>(raw).get(out) != simdjson::SUCCESS) {
        return std::nullopt;
    }
    return out;
}

}  // namespace

// ------------------------------------------------------------------------------------------------- reading

Document::Document(std::unique_ptr<Storage> storage) : storage_(std::move(storage)), root_(json_raw(storage_->document.root())) {}
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;
Document::~Document() = default;

Result<Document> parse(std::string_view text, Limits limits) {
    if (text.size() > limits.max_bytes) {
        return failure("JSON of " + std::to_string(text.size()) + " bytes, at most " + std::to_string(limits.max_bytes) + " are read");
    }
    if (text.empty()) {  // an empty view may have no data at all, which the library would hand to memcpy
        return failure("not JSON: empty");
    }
    simdjson::dom::parser parser(limits.max_bytes + simdjson::SIMDJSON_PADDING);
    auto storage = std::make_unique<Document::Storage>();
    // Reserved here because the parser would otherwise allow its own depth of 1024.
    auto error = parser.allocate(text.size() + 1, limits.max_depth);
    if (error == simdjson::SUCCESS) {
        error = parser.parse_into_document(storage->document, text.data(), text.size(), true).error();
    }
    if (error == simdjson::DEPTH_ERROR) {
        return failure("JSON nested deeper than " + std::to_string(limits.max_depth));
    }
    if (error != simdjson::SUCCESS) {
        return failure(std::string("not JSON: ") + simdjson::error_message(error));
    }
    return Document(std::move(storage));
}

Type Value::type() const {
    if (!exists()) {
        return Type::missing;
    }
    switch (json_handle<simdjson::dom::element>(raw_).type()) {
        case simdjson::dom::element_type::ARRAY:
            return Type::array;
        case simdjson::dom::element_type::OBJECT:
            return Type::object;
        case simdjson::dom::element_type::STRING:
            return Type::string;
        case simdjson::dom::element_type::BOOL:
            return Type::boolean;
        case simdjson::dom::element_type::NULL_VALUE:
            return Type::null;
        default:
            return Type::number;
    }
}

Value Value::operator[](std::string_view key) const {
    const auto object = json_get<simdjson::dom::object>(raw_);
    simdjson::dom::element found;
    if (!object || object->at_key(key).get(found) != simdjson::SUCCESS) {
        return {};
    }
    return Value(json_raw(found));
}

std::optional<std::string_view> Value::as_string() const {
    return json_get<std::string_view>(raw_);
}
std::optional<bool> Value::as_bool() const {
    return json_get<bool>(raw_);
}
std::optional<std::int64_t> Value::as_int64() const {
    return json_get<std::int64_t>(raw_);
}
std::optional<std::uint64_t> Value::as_uint64() const {
    return json_get<std::uint64_t>(raw_);
}
std::optional<double> Value::as_double() const {
    return json_get<double>(raw_);
}

std::size_t Value::size() const {
    constexpr std::size_t saturated = 0xFFFFFF;  // what the library's own count stops at
    std::size_t count = 0;
    if (const auto array = json_get<simdjson::dom::array>(raw_)) {
        count = array->size();
    } else if (const auto object = json_get<simdjson::dom::object>(raw_)) {
        count = object->size();
    }
    if (count < saturated) {
        return count;
    }
    count = 0;
    for ([[maybe_unused]] const auto item : elements()) {
        ++count;
    }
    for ([[maybe_unused]] const auto item : members()) {
        ++count;
    }
    return count;
}

Elements Value::elements() const {
    Elements range;
    if (const auto array = json_get<simdjson::dom::array>(raw_)) {
        range.begin_.raw_ = json_raw(array->begin());
        range.end_.raw_ = json_raw(array->end());
    }
    return range;
}

Members Value::members() const {
    Members range;
    if (const auto object = json_get<simdjson::dom::object>(raw_)) {
        range.begin_.raw_ = json_raw(object->begin());
        range.end_.raw_ = json_raw(object->end());
    }
    return range;
}

Value Elements::Iterator::operator*() const {
    return Value(json_raw(*json_handle<simdjson::dom::array::iterator>(raw_)));
}

Elements::Iterator& Elements::Iterator::operator++() {
    auto iterator = json_handle<simdjson::dom::array::iterator>(raw_);
    raw_ = json_raw(++iterator);
    return *this;
}

Member Members::Iterator::operator*() const {
    const auto iterator = json_handle<simdjson::dom::object::iterator>(raw_);
    return {iterator.key(), Value(json_raw(iterator.value()))};
}

Members::Iterator& Members::Iterator::operator++() {
    auto iterator = json_handle<simdjson::dom::object::iterator>(raw_);
    raw_ = json_raw(++iterator);
    return *this;
}

}  // namespace cardea::config::json
