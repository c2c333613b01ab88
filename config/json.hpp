#pragma once
// JSON in and out. Reading gives a whole document at once with caps on size and depth; it never throws and a value of the
// wrong type is simply not there, so a reader of foreign answers is a list of lookups. Writing appends to a string.
// A Document is immutable: any thread may read it. Parsing 1 MB takes about a millisecond.

#include "config/result.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace cardea::config::json {

enum class Type : std::uint8_t { missing, null, boolean, number, string, array, object };

class Document;
class Elements;
class Members;

/// One value of a Document, two words, valid as long as the Document lives. Default made it is `missing`, and so is
/// whatever is looked up in it: `entry["Service"]["Address"].as_string()` needs no check in between.
class Value {
public:
    Value() = default;

    [[nodiscard]] Type type() const;
    [[nodiscard]] bool exists() const { return raw_[0] != 0; }
    [[nodiscard]] bool is_null() const { return type() == Type::null; }

    /// Member of an object; `missing` when there is none or this is no object. The first of duplicate keys. O(members).
    [[nodiscard]] Value operator[](std::string_view key) const;

    /// No conversions: each is empty unless the value has that very type and fits.
    [[nodiscard]] std::optional<std::string_view> as_string() const;  ///< valid UTF-8, may hold NUL
    [[nodiscard]] std::optional<bool> as_bool() const;
    [[nodiscard]] std::optional<std::int64_t> as_int64() const;
    [[nodiscard]] std::optional<std::uint64_t> as_uint64() const;
    [[nodiscard]] std::optional<double> as_double() const;  ///< any number

    [[nodiscard]] std::string_view string_or(std::string_view fallback) const { return as_string().value_or(fallback); }

    [[nodiscard]] std::size_t size() const;   ///< of an array or object, else 0; O(n) above 16 million
    [[nodiscard]] Elements elements() const;  ///< of an array; empty for anything else
    [[nodiscard]] Members members() const;    ///< of an object; empty for anything else

private:
    friend class Document;
    friend class Elements;
    friend class Members;
    using Raw = std::array<std::uintptr_t, 2>;  ///< the reader library's own handle; all zero = missing
    explicit Value(Raw raw) : raw_(raw) {}
    Raw raw_{};
};

/// `for (json::Value item : value.elements())`
class Elements {
public:
    class Iterator {
    public:
        Value operator*() const;
        Iterator& operator++();
        friend bool operator==(const Iterator&, const Iterator&) = default;

    private:
        friend class Value;
        Value::Raw raw_{};
    };
    [[nodiscard]] Iterator begin() const { return begin_; }
    [[nodiscard]] Iterator end() const { return end_; }

private:
    friend class Value;
    Iterator begin_{}, end_{};
};

struct Member {
    std::string_view key{};
    Value value{};
};

/// `for (auto [key, item] : value.members())`, in the order of the text.
class Members {
public:
    class Iterator {
    public:
        Member operator*() const;
        Iterator& operator++();
        friend bool operator==(const Iterator&, const Iterator&) = default;

    private:
        friend class Value;
        Value::Raw raw_{};
    };
    [[nodiscard]] Iterator begin() const { return begin_; }
    [[nodiscard]] Iterator end() const { return end_; }

private:
    friend class Value;
    Iterator begin_{}, end_{};
};

struct Limits {
    std::size_t max_bytes{64U << 20};  ///< of the text; parsing takes up to 15 times as much for a moment
    std::size_t max_depth{64};         ///< nested arrays and objects
};

/// A parsed text. Moves, does not copy; its Values stay valid when it moves.
class Document {
public:
    Document(Document&&) noexcept;
    Document& operator=(Document&&) noexcept;
    ~Document();
    [[nodiscard]] Value root() const { return root_; }

private:
    friend Result<Document> parse(std::string_view text, Limits limits);
    struct Storage;
    explicit Document(std::unique_ptr<Storage> storage);
    std::unique_ptr<Storage> storage_;
    Value root_;
};

/// One JSON text (RFC 8259), nothing but white space around it. The text may go away afterwards.
Result<Document> parse(std::string_view text, Limits limits = {});

/// Appends `text` as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD, so that the result is JSON always.
void append_quoted(std::string& out, std::string_view text);

/// Appends JSON to a string that it does not own. Commas and quotes are its own affair; balance is the caller's (asserted).
class Writer {
public:
    explicit Writer(std::string& out) : out_(out) {}

    Writer& begin_object() { return open('{'); }
    Writer& end_object() { return close('}'); }
    Writer& begin_array() { return open('['); }
    Writer& end_array() { return close(']'); }
    Writer& key(std::string_view name);

    Writer& value(std::string_view text);
    Writer& value(const char* text) { return value(std::string_view{text}); }
    Writer& value(bool flag);
    Writer& value(double number);  ///< shortest form that reads back alike; null for infinities and NaN
    template <typename Integer>
        requires std::is_integral_v<Integer>
    Writer& value(Integer number) {
        if constexpr (std::is_signed_v<Integer>) {
            return integer(static_cast<std::int64_t>(number));
        } else {
            return integer(static_cast<std::uint64_t>(number));
        }
    }
    Writer& null();
    Writer& raw(std::string_view json);  ///< a value that is JSON already

    template <typename T>
    Writer& member(std::string_view name, const T& what) {
        key(name);
        return value(what);
    }

private:
    Writer& open(char bracket);
    Writer& close(char bracket);
    Writer& integer(std::int64_t number);
    Writer& integer(std::uint64_t number);
    void separate();

    static constexpr unsigned max_depth = 64;
    std::string& out_;
    unsigned depth_{0};
    std::uint64_t filled_{0};  ///< bit per depth: something was written at that depth, the next item needs a comma
    bool after_key_{false};
};

}  // namespace cardea::config::json
