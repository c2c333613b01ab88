#include "config/problem.hpp"

#include "config/text.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace cardea::config {

namespace {

constexpr std::size_t most_reported = 100;

/// Damerau-Levenshtein with adjacent swaps (optimal string alignment): typing errors count once.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1);
    std::vector<std::size_t> last(b.size() + 1);
    std::vector<std::size_t> now(b.size() + 1);
    std::iota(last.begin(), last.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        now[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
            now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + cost});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                now[j] = std::min(now[j], before[j - 2] + 1);
            }
        }
        std::swap(before, last);
        std::swap(last, now);
    }
    return last[b.size()];
}

std::string plural(std::size_t count, const std::string& word) {
    return std::to_string(count) + " " + word + (count == 1 ? "" : "s");
}

void append_excerpt(std::string& out, const Problem& problem) {
    const auto number = std::to_string(problem.origin.line);
    const std::string margin(number.size(), ' ');
    out += margin + " |\n" + number + " | " + problem.excerpt + "\n" + margin + " | ";
    std::size_t column = 1;
    for (const char c : problem.excerpt) {
        if (column >= static_cast<std::size_t>(problem.origin.column)) {
            break;
        }
        if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80) {
            out.push_back(c == '\t' ? '\t' : ' ');
            ++column;
        }
    }
    out += std::string(std::max<std::size_t>(problem.width, 1), '^');
    out += problem.at_caret.empty() ? "\n" : " " + problem.at_caret + "\n";
}

void append_problem(std::string& out, const Problem& problem) {
    out += problem.severity == Problem::Severity::error ? "error" : "warning";
    out += "[" + problem.code + "]: " + problem.what + "\n";
    std::string margin = " ";
    if (!problem.origin.file.empty()) {
        margin = std::string(std::to_string(problem.origin.line).size(), ' ');
        out += margin + "--> " + problem.origin.file;
        if (problem.origin.line > 0) {
            out += ":" + std::to_string(problem.origin.line) + ":" + std::to_string(problem.origin.column);
        }
        out += "\n";
    }
    if (problem.origin.line > 0 && !problem.excerpt.empty()) {
        append_excerpt(out, problem);
    } else if (!problem.at_caret.empty()) {
        out += margin + " = " + problem.at_caret + "\n";
    }
    for (const auto& note : problem.notes) {
        out.append(margin).append(" = ").append(note).append("\n");
    }
}

}  // namespace

bool has_errors(const Problems& problems) {
    return std::any_of(problems.begin(), problems.end(), [](const Problem& p) { return p.severity == Problem::Severity::error; });
}

std::string report(const Problems& problems, std::string_view outcome) {
    if (problems.empty()) {
        return {};
    }
    std::vector<const Problem*> sorted;
    for (const auto& problem : problems) {
        sorted.push_back(&problem);
    }
    std::sort(sorted.begin(), sorted.end(), [](const Problem* a, const Problem* b) {
        // Found in one place: in the order found.
        return std::tie(a->origin.file, a->origin.line, a->origin.column, a) <
               std::tie(b->origin.file, b->origin.line, b->origin.column, b);
    });
    const auto errors = static_cast<std::size_t>(
        std::count_if(problems.begin(), problems.end(), [](const Problem& p) { return p.severity == Problem::Severity::error; }));
    std::string out;
    for (std::size_t at = 0; at < std::min(sorted.size(), most_reported); ++at) {
        append_problem(out, *sorted[at]);
    }
    if (sorted.size() > most_reported) {
        out += "and " + std::to_string(sorted.size() - most_reported) + " more\n";
    }
    const auto warnings = problems.size() - errors;
    out += errors != 0 ? plural(errors, "error") + (warnings != 0 ? ", " : "") : "";
    out += warnings != 0 ? plural(warnings, "warning") : "";
    if (errors != 0) {
        out += "; configuration not applied";
        out += outcome.empty() ? "" : ", " + std::string(outcome);
    }
    return out + "\n";
}

std::string nearest(std::string_view word, const std::vector<std::string_view>& candidates) {
    constexpr std::size_t longest = 64;  // of a word worth comparing: the cost is its square
    if (word.empty() || word.size() > longest) {
        return {};
    }
    const auto lower = ascii_lower(word);
    const std::size_t allowed = std::max<std::size_t>(1, word.size() / 3);
    std::size_t best = allowed + 1;
    std::string_view found;
    for (const auto candidate : candidates) {
        const auto distance = candidate.size() > longest ? allowed + 1 : edit_distance(lower, ascii_lower(candidate));
        if (distance < best) {
            best = distance;
            found = candidate;
        }
    }
    return std::string(found);
}

}  // namespace cardea::config
