#include "proxy/control/debounce.hpp"

#include <gtest/gtest.h>

namespace cardea::control {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

class DebounceTest : public testing::Test {
protected:
    /// As many additions as may go out at once; then `now` is the moment of the last.
    void spend() {
        for (int i = 0; i < Debounce::few; ++i) {
            now += 3ms;
            debounce.changed(false, now);
            ASSERT_EQ(debounce.due(), now);
            debounce.published(now);
        }
    }

    Debounce debounce{20ms, 250ms};
    config::TimePoint now{std::chrono::hours(1)};
};

TEST_F(DebounceTest, an_addition_goes_out_at_once) {
    EXPECT_FALSE(debounce.due());
    debounce.changed(false, now);
    EXPECT_EQ(debounce.due(), now);
    debounce.published(now);
    EXPECT_FALSE(debounce.due());
}

TEST_F(DebounceTest, what_is_found_and_then_admitted_waits_for_neither) {
    for (int second = 0; second < 20; ++second) {
        now += 500ms;
        debounce.changed(false, now);
        EXPECT_EQ(debounce.due(), now);
        debounce.published(now);
        debounce.changed(false, now + 4ms);
        EXPECT_EQ(debounce.due(), now + 4ms);
        debounce.published(now + 4ms);
    }
}

TEST_F(DebounceTest, many_additions_wait_for_silence) {
    spend();
    debounce.changed(false, now + 5ms);
    EXPECT_EQ(debounce.due(), now + 25ms);
    debounce.changed(false, now + 20ms);
    EXPECT_EQ(debounce.due(), now + 40ms);
}

TEST_F(DebounceTest, but_not_for_ever) {
    spend();
    for (int i = 1; i < 100; ++i) {
        debounce.changed(false, now + i * 10ms);
    }
    EXPECT_EQ(debounce.due(), now + 10ms + 250ms);
}

TEST_F(DebounceTest, a_second_of_silence_pays_for_all_of_them) {
    spend();
    now += Debounce::few * Debounce::step;
    spend();
}

TEST_F(DebounceTest, trouble_does_not_wait) {
    spend();
    debounce.changed(false, now + 10ms);
    debounce.changed(true, now + 11ms);
    EXPECT_EQ(debounce.due(), now + 11ms);
    debounce.changed(false, now + 12ms);
    EXPECT_EQ(debounce.due(), now + 11ms) << "an addition must not put it off";
}

TEST_F(DebounceTest, a_storm_of_trouble_is_published_with_a_breath_between) {
    debounce.published(now);
    debounce.changed(true, now);
    EXPECT_EQ(debounce.due(), now + Debounce::least);
}

}  // namespace
}  // namespace cardea::control
