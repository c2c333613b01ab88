#include "proxy/http/date.hpp"

namespace cardea::http {

namespace {

void put_digits(char* at, unsigned value, int digits) {
    for (int i = digits - 1; i >= 0; --i) {
        at[i] = static_cast<char>('0' + value % 10);
        value /= 10;
    }
}

}  // namespace

void DateText::set(config::WallTime now) {
    using namespace std::chrono;
    const auto second = floor<seconds>(now);
    if (second == second_) {
        return;
    }
    second_ = second;
    const auto midnight = floor<days>(second);
    const year_month_day date{midnight};
    const hh_mm_ss time{second - midnight};
    constexpr std::string_view days_of_week = "SunMonTueWedThuFriSat";
    constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    constexpr std::string_view form = "Sun, 06 Nov 1994 08:49:37 GMT";
    form.copy(text_.data(), form.size());
    days_of_week.copy(text_.data(), 3, weekday{midnight}.c_encoding() * std::size_t{3});
    put_digits(text_.data() + 5, unsigned{date.day()}, 2);
    months.copy(text_.data() + 8, 3, (unsigned{date.month()} - 1) * std::size_t{3});
    put_digits(text_.data() + 12, static_cast<unsigned>(int{date.year()}), 4);
    put_digits(text_.data() + 17, static_cast<unsigned>(time.hours().count()), 2);
    put_digits(text_.data() + 20, static_cast<unsigned>(time.minutes().count()), 2);
    put_digits(text_.data() + 23, static_cast<unsigned>(time.seconds().count()), 2);
}

}  // namespace cardea::http
