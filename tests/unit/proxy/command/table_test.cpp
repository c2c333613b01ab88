#include "proxy/command/table.hpp"

#include <gtest/gtest.h>

namespace cardea::command {
namespace {

TEST(Table, columns_are_as_wide_as_their_widest_cell) {
    EXPECT_EQ(table({{"SERVICE", "STATE"}, {"a", "up"}, {"a-long-name", "down"}}),
              "SERVICE      STATE\n"
              "a            up\n"
              "a-long-name  down\n");
}

TEST(Table, characters_count_not_bytes) {
    EXPECT_EQ(table({{"N", "S"}, {"\xc3\xa9t\xc3\xa9", "up"}, {"abc", "up"}}), "N    S\n\xc3\xa9t\xc3\xa9  up\nabc  up\n");
}

TEST(Table, nothing_in_a_cell_drives_the_terminal) {
    EXPECT_EQ(table({{"WHY"}, {"a\x1b[2J\nb"}}).find('\x1b'), std::string::npos);
    EXPECT_EQ(table({{"WHY"}, {"a\nb"}}).find("\nb"), std::string::npos);
}

TEST(Table, rows_may_be_short_and_cells_long) {
    const std::string text = table({{"A", "B", "C"}, {"1"}, {std::string(500, 'x'), "2", "3"}});
    EXPECT_NE(text.find("\n1\n"), std::string::npos);
    EXPECT_LT(text.size(), 400U) << "one endless cell must not push the others out of sight";
}

}  // namespace
}  // namespace cardea::command
