#include "config/json.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace cardea::config::json {
namespace {

Document must_parse(std::string_view text) {
    auto document = parse(text);
    if (!document) {
        ADD_FAILURE() << document.error().what;
        return std::move(*parse("null"));
    }
    return std::move(*document);
}

TEST(JsonRead, an_empty_text_is_refused_also_without_any_data) {
    EXPECT_FALSE(parse(""));
    EXPECT_FALSE(parse(std::string_view{}));
}

TEST(JsonRead, gives_values_by_their_own_type_only) {
    const auto document = must_parse(R"({"s":"x","n":7,"neg":-7,"d":1.5,"big":18446744073709551615,"t":true,"z":null,"a":[1,"2"],"o":{}})");
    const Value root = document.root();
    EXPECT_EQ(root.type(), Type::object);
    EXPECT_EQ(root["s"].as_string(), "x");
    EXPECT_EQ(root["n"].as_uint64(), 7U);
    EXPECT_EQ(root["n"].as_int64(), 7);
    EXPECT_EQ(root["n"].as_double(), 7.0);
    EXPECT_EQ(root["neg"].as_uint64(), std::nullopt);
    EXPECT_EQ(root["neg"].as_int64(), -7);
    EXPECT_EQ(root["d"].as_int64(), std::nullopt);
    EXPECT_EQ(root["d"].as_double(), 1.5);
    EXPECT_EQ(root["big"].as_uint64(), std::numeric_limits<std::uint64_t>::max());
    EXPECT_EQ(root["big"].as_int64(), std::nullopt);
    EXPECT_EQ(root["t"].as_bool(), true);
    EXPECT_EQ(root["t"].as_uint64(), std::nullopt);
    EXPECT_EQ(root["s"].as_uint64(), std::nullopt);
    EXPECT_TRUE(root["z"].is_null());
    EXPECT_EQ(root["z"].as_string(), std::nullopt);
    EXPECT_EQ(root["a"].size(), 2U);
    EXPECT_EQ(root["o"].size(), 0U);
    EXPECT_EQ(root["n"].string_or("none"), "none");
}

TEST(JsonRead, lookups_in_what_is_missing_stay_missing) {
    const auto document = must_parse(R"({"a":[1]})");
    EXPECT_EQ(Value{}.type(), Type::missing);
    EXPECT_FALSE(document.root()["x"]["y"]["z"].exists());
    EXPECT_FALSE(document.root()["a"]["y"].exists());
    EXPECT_EQ(document.root()["x"].elements().begin(), document.root()["x"].elements().end());
    EXPECT_EQ(document.root()["a"].members().begin(), document.root()["a"].members().end());
    EXPECT_EQ(Value{}.as_string(), std::nullopt);
    EXPECT_EQ(Value{}.size(), 0U);
}

TEST(JsonRead, walks_arrays_and_objects_in_order) {
    const auto document = must_parse(R"({"b":[{"v":1},[2,[3]],"x"],"a":2,"b":3})");
    std::string keys;
    for (const auto [key, value] : document.root().members()) {
        keys += key;
    }
    EXPECT_EQ(keys, "bab");
    EXPECT_EQ(document.root()["b"].type(), Type::array) << "the first of duplicate keys";
    std::vector<Type> types;
    for (const Value item : document.root()["b"].elements()) {
        types.push_back(item.type());
    }
    EXPECT_EQ(types, (std::vector<Type>{Type::object, Type::array, Type::string}));
}

TEST(JsonRead, values_survive_the_text_and_the_move_of_their_document) {
    auto text = std::make_unique<std::string>(R"(["kept \u00e9 \u0000 end"])");
    auto document = must_parse(*text);
    const Value first = *document.root().elements().begin();
    text.reset();
    const Document moved = std::move(document);
    EXPECT_EQ(first.as_string(), (std::string_view{"kept \xC3\xA9 \0 end", 13}));
}

TEST(JsonRead, refuses_what_is_no_json_text) {
    for (const std::string_view text : {"", " ", "{", "[1,]", "{\"a\":1,}", "{'a':1}", "[1] x", "[1][2]", "nul", "01", "+1", "NaN",
                                        "\"\x01\"", "\"a", "\"\xFF\"", "[1e999]", "{\"a\" 1}", "\"\\ud800\"", "// c\n1"}) {
        EXPECT_FALSE(parse(text)) << text;
    }
    EXPECT_FALSE(parse(std::string_view{"[1]\0", 4}));
    EXPECT_TRUE(parse(" \r\n\t[1] \n"));
    EXPECT_TRUE(parse("7"));
}

TEST(JsonRead, bounds_depth_and_size) {
    const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
    EXPECT_TRUE(parse(nested(50)));
    EXPECT_FALSE(parse(nested(65)));
    EXPECT_FALSE(parse(nested(1'000'000)));
    EXPECT_FALSE(parse(nested(5), {.max_depth = 4}));
    EXPECT_TRUE(parse("[1,2]", {.max_bytes = 5}));
    EXPECT_FALSE(parse("[1,23]", {.max_bytes = 5}));
}

TEST(JsonWrite, writes_nested_values_with_commas_where_they_belong) {
    std::string out = ">";
    Writer json(out);
    json.begin_object().member("a", 1).member("b", "x").key("c").begin_array().value(true).null().begin_object().end_object();
    json.begin_array().end_array().value(-2).end_array().member("d", std::uint64_t{18446744073709551615U}).key("e").raw("[7]").end_object();
    EXPECT_EQ(out, R"(>{"a":1,"b":"x","c":[true,null,{},[],-2],"d":18446744073709551615,"e":[7]})");
}

TEST(JsonWrite, escapes_so_that_the_reader_gets_the_same_text_back) {
    const std::string nasty("\"\\/\b\f\n\r\t\x01\x7F \xE2\x82\xAC \xF0\x9F\x98\x80 \0.", 22);
    std::string out;
    Writer(out).begin_array().value(nasty).end_array();
    const auto document = must_parse(out);
    EXPECT_EQ((*document.root().elements().begin()).as_string(), nasty);
    EXPECT_EQ(out.find('\n'), std::string::npos);
}

TEST(JsonWrite, replaces_bytes_that_are_not_utf8) {
    for (const std::string_view bad : {"\xFF", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82", "\x80"}) {
        std::string out;
        append_quoted(out, bad);
        EXPECT_TRUE(parse(out)) << out;
        EXPECT_NE(out.find("\xEF\xBF\xBD"), std::string::npos);
    }
}

TEST(JsonWrite, numbers_without_a_json_form_become_null) {
    std::string out;
    Writer(out)
        .begin_array()
        .value(0.1)
        .value(1e300)
        .value(std::numeric_limits<double>::infinity())
        .value(std::numeric_limits<double>::quiet_NaN())
        .end_array();
    EXPECT_EQ(out, "[0.1,1e+300,null,null]");
}

}  // namespace
}  // namespace cardea::config::json
