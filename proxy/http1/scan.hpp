#pragma once
// Looking at many bytes at once: sixteen where the processor has SSE2, else one after the other with the same result. For the
// short lines of a head this is quicker than the C library's search, whose call costs as much as the line. Pure; any thread.

#include "config/text.hpp"

#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>

#include <bit>
#endif

namespace cardea::http1 {

/// The next '\n' in [at, end), or `end`.
inline const char* find_line_feed(const char* at, const char* end) {
#if defined(__SSE2__)
    const __m128i wanted = _mm_set1_epi8('\n');
    for (; end - at >= 16; at += 16) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        const auto found = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, wanted)));
        if (found != 0) {
            return at + std::countr_zero(found);
        }
    }
#endif
    while (at < end && *at != '\n') {
        ++at;
    }
    return at;
}

/// Where the visible ASCII and blanks from `at` on end.
inline const char* end_of_text(const char* at, const char* end) {
#if defined(__SSE2__)
    const __m128i below_text = _mm_set1_epi8(0x1f);
    const __m128i erase = _mm_set1_epi8(0x7f);
    for (; end - at >= 16; at += 16) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        // Compared with their sign: what is no ASCII is below all text.
        const __m128i text = _mm_andnot_si128(_mm_cmpeq_epi8(bytes, erase), _mm_cmpgt_epi8(bytes, below_text));
        const auto others = static_cast<unsigned>(_mm_movemask_epi8(text)) ^ 0xffffU;
        if (others != 0) {
            return at + std::countr_zero(others);
        }
    }
#endif
    while (at < end && config::text_chars.has(*at)) {
        ++at;
    }
    return at;
}

}  // namespace cardea::http1
