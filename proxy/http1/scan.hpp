#pragma once
// Looking at many bytes at once: sixteen where the processor has SSE2, else one after the other with the same result. For the
// short lines of a head this is quicker than the C library's search, whose call costs as much as the line. Pure; any thread.

#include "config/text.hpp"

#include <cstddef>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>

#include <algorithm>
#include <bit>
#endif

namespace cardea::http1 {

#if defined(__SSE2__)
/// The first place in [from, bytes.size()) that `wanted` says is one, or the end. `wanted` has a bit for each of sixteen bytes.
template <typename Wanted>
std::size_t find_by_sixteen(std::string_view bytes, std::size_t from, const Wanted& wanted) {
    constexpr std::size_t width = 16;
    const auto look = [&](std::size_t at) {
        return static_cast<unsigned>(wanted(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes.data() + at))));
    };
    for (; bytes.size() - from >= width; from += width) {
        if (const unsigned found = look(from); found != 0) {
            return from + static_cast<std::size_t>(std::countr_zero(found));
        }
    }
    const std::size_t last = bytes.size() - width;  // the rest together with some that were looked at already
    const unsigned found = look(last) >> (from - last);
    return found != 0 ? from + static_cast<std::size_t>(std::countr_zero(found)) : bytes.size();
}
#endif

/// The line feeds from a place on, one after the other.
class LineFeeds {
public:
    LineFeeds(std::string_view bytes, std::size_t from) : bytes_(bytes), at_(from) {}
    /// Where the next one is, or bytes.size().
    [[nodiscard]] std::size_t next() {
#if defined(__SSE2__)
        constexpr std::size_t width = 16;
        if (bytes_.size() >= width) {
            while (found_ == 0 && at_ < bytes_.size()) {
                block_ = std::min(at_, bytes_.size() - width);  // the last together with some that were looked at already
                const __m128i some = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes_.data() + block_));
                const auto feeds = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(some, _mm_set1_epi8('\n'))));
                found_ = feeds >> (at_ - block_) << (at_ - block_);
                at_ = block_ + width;
            }
            const std::size_t place = found_ != 0 ? block_ + static_cast<std::size_t>(std::countr_zero(found_)) : bytes_.size();
            found_ &= found_ - 1;
            return place;
        }
#endif
        while (at_ < bytes_.size() && bytes_[at_] != '\n') {
            ++at_;
        }
        return at_ < bytes_.size() ? at_++ : at_;
    }

private:
    std::string_view bytes_;
    std::size_t at_;
#if defined(__SSE2__)
    std::size_t block_{0};  ///< in which those were found
    unsigned found_{0};     ///< that were not told yet, a bit each
#endif
};

/// Where the visible ASCII and blanks from `from` on end.
inline std::size_t end_of_text(std::string_view bytes, std::size_t from) {
#if defined(__SSE2__)
    if (bytes.size() >= 16) {
        return find_by_sixteen(bytes, from, [](__m128i some) {
            const __m128i below = _mm_cmplt_epi8(some, _mm_set1_epi8(0x20));  // signed: what is no ASCII is below all text
            return _mm_movemask_epi8(_mm_or_si128(below, _mm_cmpeq_epi8(some, _mm_set1_epi8(0x7f))));
        });
    }
#endif
    const auto text = [](char c) { return c >= 0x20 && c < 0x7f; };
    while (from < bytes.size() && text(bytes[from])) {
        ++from;
    }
    return from;
}

/// Where the letters, digits and hyphens from `from` on end: most names have nothing else.
inline std::size_t end_of_word(std::string_view bytes, std::size_t from) {
#if defined(__SSE2__)
    if (bytes.size() >= 16) {
        return find_by_sixteen(bytes, from, [](__m128i some) {
            // Signed: with the last of a range moved to 127, what is behind it is far below, and its first is the bound.
            const auto within = [](__m128i chars, char first, char last) {
                const auto move = static_cast<char>(127 - last);
                return _mm_cmpgt_epi8(_mm_add_epi8(chars, _mm_set1_epi8(move)), _mm_set1_epi8(static_cast<char>(first + move - 1)));
            };
            const __m128i letters = within(_mm_or_si128(some, _mm_set1_epi8(0x20)), 'a', 'z');
            const __m128i others = _mm_or_si128(within(some, '0', '9'), _mm_cmpeq_epi8(some, _mm_set1_epi8('-')));
            return ~_mm_movemask_epi8(_mm_or_si128(letters, others)) & 0xffff;
        });
    }
#endif
    const auto belongs = [](char c) { return config::ascii_alpha(c) || config::ascii_digit(c) || c == '-'; };
    while (from < bytes.size() && belongs(bytes[from])) {
        ++from;
    }
    return from;
}

}  // namespace cardea::http1
