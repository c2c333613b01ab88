#include "proxy/observe/request_table.hpp"

#include <gtest/gtest.h>

namespace cardea::observe {
namespace {

using Sums = std::map<RequestKey, std::uint64_t>;

TEST(RequestTable, counts_each_combination_by_itself) {
    const auto table = std::make_unique<RequestTable>();
    const RequestKey get{1, 2, http::Method::get, 200}, post{1, 2, http::Method::post, 200}, gone{1, 2, http::Method::get, 0};
    const RequestKey far{64, 1000, http::Method::other, 599}, none{};
    for (const auto& key : {get, post, get, gone, far, none, get}) {
        table->count(key);
    }
    Sums sums;
    std::uint64_t others = 0;
    table->add_to(sums, others);
    EXPECT_EQ(sums, (Sums{{get, 3}, {post, 1}, {gone, 1}, {far, 1}, {none, 1}}));
    EXPECT_EQ(others, 0U);
    table->add_to(sums, others);
    EXPECT_EQ(sums[get], 6U) << "workers are summed up";
}

TEST(RequestTable, what_finds_no_place_is_counted_all_the_same) {
    const auto table = std::make_unique<RequestTable>();
    constexpr std::uint64_t combinations = 5'000;
    for (std::uint16_t i = 0; i < combinations; ++i) {
        table->count({1, static_cast<std::uint16_t>(i / 500), http::Method::get, static_cast<std::uint16_t>(i % 500)});
        table->count({1, 0, http::Method::get, 0});  // known from the first: finds its place also in a full table
    }
    Sums sums;
    std::uint64_t others = 0, all = 0;
    table->add_to(sums, others);
    for (const auto& [key, count] : sums) {
        all += count;
    }
    EXPECT_EQ(all + others, 2 * combinations);
    EXPECT_GT(others, 0U);
    EXPECT_LT(sums.size(), RequestTable::slots);
    EXPECT_EQ((sums[{1, 0, http::Method::get, 0}]), combinations + 1);
}

TEST(Names, keep_their_numbers_and_end_at_a_limit) {
    Names names(4);
    EXPECT_EQ(names.number_of(""), 0U);
    const auto a = names.number_of("a"), b = names.number_of("b"), c = names.number_of("c");
    EXPECT_EQ(names.number_of("a"), a);
    EXPECT_EQ(names.name_of(b), "b");
    EXPECT_EQ(names.name_of(c), "c");
    EXPECT_EQ(names.number_of("d"), 4U);
    EXPECT_EQ(names.number_of("e"), 4U);
    EXPECT_EQ(names.name_of(4), "others");
    EXPECT_EQ(names.name_of(0), "");
}

}  // namespace
}  // namespace cardea::observe
