#pragma once
// Looking at many bytes at once: sixteen where the processor has SSE2, else one after the other with the same result. For the
// short lines of a head this is quicker than the C library's search, whose call costs as much as the line. Pure; any thread.

#include <cstddef>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>

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

/// The next '\n' from `from` on, or bytes.size().
inline std::size_t find_line_feed(std::string_view bytes, std::size_t from) {
#if defined(__SSE2__)
    if (bytes.size() >= 16) {
        return find_by_sixteen(bytes, from, [](__m128i some) { return _mm_movemask_epi8(_mm_cmpeq_epi8(some, _mm_set1_epi8('\n'))); });
    }
#endif
    while (from < bytes.size() && bytes[from] != '\n') {
        ++from;
    }
    return from;
}

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

}  // namespace cardea::http1
