#include "discovery/consul/watch.hpp"

#include "config/text.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace cardea::consul {

namespace {

using namespace std::chrono_literals;

constexpr config::Duration refill = 250ms;  // 4 requests a second at most, however fast the answers come
constexpr std::uint32_t burst = 3;
constexpr config::Duration swift_refill = 25ms;  // after a short answer with instances come or gone: they do in rows
constexpr std::uint32_t swift_burst = 10;
constexpr std::size_t short_answer = std::size_t{64} * 1024;  // bytes; asking for much, often, costs Consul and us
constexpr config::Duration hold_of_rpc = 10s;                 // Consul keeps a call up to 7 s while it has no leader
constexpr config::Duration confirm_within = 10s;              // how long a doubtful removal waits for the next answer
constexpr config::Duration question_is_wrong = 30s;
constexpr const char* no_right_to_read = "the token has no right to read service ";
constexpr config::Duration throttled_default = 1s, throttled_max = 5min;

std::string_view watch_header(const discovery::Answered& answer, std::string_view name) {
    const auto found =
        std::find_if(answer.headers.begin(), answer.headers.end(), [name](const auto& field) { return field.first == name; });
    return found == answer.headers.end() ? std::string_view{} : std::string_view{found->second};
}

std::uint64_t number_in(const discovery::Answered& answer, std::string_view name, std::uint64_t fallback) {
    return config::parse_unsigned(watch_header(answer, name), std::numeric_limits<std::uint64_t>::max()).value_or(fallback);
}

std::string duration_text(config::Duration duration) {  // as Go reads it
    return duration % 1s == 0ms ? std::to_string(duration / 1s) + "s" : std::to_string(duration.count()) + "ms";
}

std::string answer_text(const discovery::Answered& answer) {
    return std::to_string(answer.status) + " " + config::printable(config::trim(answer.body), 200);
}

config::Duration retry_after(const discovery::Answered& answer) {
    const auto seconds = config::parse_unsigned(watch_header(answer, "retry-after"), 1'000'000);
    return seconds ? std::clamp<config::Duration>(std::chrono::seconds{*seconds}, throttled_default, throttled_max) : throttled_default;
}

}  // namespace

Watch::Watch(const config::ConsulRef& ref, std::string query, const Common& common)
    : service_(ref.service),
      query_(std::move(query)),
      path_("/v1/health/service/" + config::percent_encode(ref.service)),
      rules_{.source = common.source,
             .allow_warning = common.allow_warning,
             .other_datacenter = !ref.datacenter.empty(),
             .local_source = common.local_source},
      has_token_(common.has_token),
      bucket_(burst, refill),
      swift_bucket_(swift_burst, swift_refill) {
    datacenter_ = ref.datacenter.empty() ? common.datacenter : ref.datacenter;
    parameters_ = common.stale_reads ? "stale" : "";
    const auto add = [this](std::string_view name, const std::string& value) {
        parameters_ += (parameters_.empty() ? "" : "&") + std::string{name} + "=" + config::percent_encode(value);
    };
    if (!datacenter_.empty()) {
        add("dc", datacenter_);
    }
    for (const std::string& tag : ref.tags) {
        add("tag", tag);
    }
    if (!ref.filter.empty()) {
        add("filter", ref.filter);
    }
}

Watch::Watch(const Common& common) : path_("/v1/catalog/services"), bucket_(burst, refill), swift_bucket_(swift_burst, swift_refill) {
    parameters_ = common.stale_reads ? "stale" : "";
    if (!common.datacenter.empty()) {
        parameters_ += (parameters_.empty() ? "dc=" : "&dc=") + config::percent_encode(common.datacenter);
    }
}

Watch::Request Watch::request(config::Duration wait) const {
    if (waiting_) {
        return {.method = "POST",
                .target = "/v1/internal/acl/authorize" + (datacenter_.empty() ? "" : "?dc=" + config::percent_encode(datacenter_)),
                .body = rights_question(service_, nodes_),
                .timeout = hold_of_rpc};
    }
    Request request{.target = path_, .timeout = hold_of_rpc};
    std::string parameters = parameters_;
    if (index_ != 0) {
        const bool doubtful = strong_in_a_row_ < 2 && !lists_services() && seen_any_;
        const config::Duration patience = doubtful ? std::min(wait, confirm_within) : wait;
        parameters += (parameters.empty() ? "index=" : "&index=") + std::to_string(index_) + "&wait=" + duration_text(patience);
        request.timeout = patience + patience / 16 + hold_of_rpc;  // Consul adds up to a sixteenth of its own
    }
    if (!parameters.empty()) {
        request.target += "?" + parameters;
    }
    return request;
}

Outcome Watch::trouble(Outcome outcome) {
    index_ = 0;  // an index from before the trouble may be too high and would block in silence
    strong_in_a_row_ = 0;
    waiting_.reset();
    standing_.trouble();
    return outcome;
}

Outcome Watch::failed(const std::string& reason) {
    return trouble({.kind = Outcome::Kind::failed, .error = reason});
}

Outcome Watch::answered(const discovery::Answered& answer, config::TimePoint now) {
    if (waiting_ && answer.status < 500 && answer.status != 429) {
        return rights_answered(answer, now);
    }
    switch (answer.status) {
        case 200:
            return complete(answer, now);
        case 400:
            return trouble({.kind = Outcome::Kind::bad_request, .error = answer_text(answer), .pause = question_is_wrong});
        case 403:
            return trouble({.kind = Outcome::Kind::denied, .error = answer_text(answer)});
        case 429:
            return trouble({.kind = Outcome::Kind::throttled, .error = answer_text(answer), .pause = retry_after(answer)});
        default:  // error replies carry an index of their own (1), which means nothing
            return trouble({.kind = Outcome::Kind::failed, .error = answer_text(answer)});
    }
}

Outcome Watch::complete(const discovery::Answered& answer, config::TimePoint now) {
    const std::uint64_t index = number_in(answer, "x-consul-index", 0);
    const std::uint64_t asked = index_;
    Outcome outcome;
    bool news = false;
    if (asked != 0 && index == asked) {  // nothing changed: the body, perhaps megabytes, is not even read
        if (!lists_services()) {
            outcome.publish = conclude({standing_.judge(signs_of(answer, index, empty_), now), false, "confirmed"}, now);
        }
    } else {
        outcome = entries(answer, now);
        if (outcome.kind != Outcome::Kind::good) {
            return outcome;
        }
        news = asked != 0 && index > asked && outcome.others;
        // An index that went back starts afresh. 0 and 1 are no index to wait for: they would answer at once, for ever.
        index_ = index < asked || index <= 1 ? 0 : index;
    }
    answered_once_ = true;
    if (!waiting_) {
        outcome.pause = std::chrono::ceil<config::Duration>((news ? swift_bucket_ : bucket_).take(now) - now);
    }
    return outcome;
}

Outcome Watch::entries(const discovery::Answered& answer, config::TimePoint now) {
    const auto misread = [this](const config::Error& error) {
        return trouble({.kind = Outcome::Kind::failed, .error = "200 with an unusable body: " + error.what});
    };
    Outcome outcome;
    if (lists_services()) {
        auto names = parse_catalog_services(answer.body);
        if (!names) {
            return misread(names.error());
        }
        outcome.names = std::move(*names);
        return outcome;
    }
    auto parsed = parse_health(answer.body, rules_);
    if (!parsed) {
        return misread(parsed.error());
    }
    const std::uint64_t index = number_in(answer, "x-consul-index", 0);
    const bool empty = parsed->facts.empty() && parsed->skipped.empty();
    const auto evidence = standing_.judge(signs_of(answer, index, empty), now);
    const auto key = [](const discovery::Fact& fact) { return fact.key; };
    const bool changed = !answered_once_ || parsed->facts != facts_;
    outcome.others = changed && answer.body.size() <= short_answer && !std::ranges::is_permutation(parsed->facts, facts_, {}, key, key);
    facts_ = std::move(parsed->facts);
    skipped_ = std::move(parsed->skipped);
    empty_ = empty;
    if (!empty) {
        seen_any_ = true;
        rights_ = Rights::unknown;
        ask_rights_again_ = {};
        nodes_ = std::move(parsed->nodes);
    }
    outcome.publish = conclude({evidence, changed, "index " + std::to_string(index_) + " -> " + std::to_string(index)}, now);
    return outcome;
}

Signs Watch::signs_of(const discovery::Answered& answer, std::uint64_t index, bool empty) {
    const auto silence = std::min<std::uint64_t>(number_in(answer, "x-consul-lastcontact", 0), 1'000'000'000);
    const bool filtered = watch_header(answer, "x-consul-results-filtered-by-acls") == "true";
    const Signs signs{.index = index,
                      .known_leader = watch_header(answer, "x-consul-knownleader") != "false",
                      .last_contact = std::chrono::milliseconds{silence},
                      .rights_in_doubt = filtered,
                      .empty = empty,
                      .was_empty = empty_};
    doubt_ = filtered ? "some entries are hidden: rights are missing" : !Standing::in_touch(signs) ? "Consul is without its leader" : "";
    return signs;
}

/// An empty answer shows something only when we may see what it lacks. Once that is proven it holds for as long as the
/// emptiness lasts; else it is asked for again every now and then.
std::optional<discovery::Publish> Watch::conclude(Conclusion conclusion, config::TimePoint now) {
    if (!empty_ || conclusion.evidence == discovery::Evidence::weak) {
        return publish(std::move(conclusion));
    }
    if (rights_ != Rights::proven && now >= ask_rights_again_) {
        waiting_ = std::move(conclusion);
        return std::nullopt;
    }
    if (rights_ == Rights::denied || (rights_ == Rights::silent && has_token_)) {
        doubt_ = no_right_to_read + service_;
        conclusion.evidence = discovery::Evidence::weak;
    } else if (rights_ == Rights::proven && conclusion.evidence == discovery::Evidence::strong) {
        conclusion.evidence = discovery::Evidence::proven;
    }
    return publish(std::move(conclusion));
}

Outcome Watch::rights_answered(const discovery::Answered& answer, config::TimePoint now) {
    Conclusion conclusion = std::exchange(waiting_, std::nullopt).value_or(Conclusion{});
    rights_ = judge_rights(answer);
    ask_rights_again_ = now + confirm_within;
    if (rights_ == Rights::denied) {
        standing_.trouble();  // what comes when they are back is a first answer
    }
    Outcome outcome;
    outcome.publish = conclude(std::move(conclusion), now);
    outcome.pause = std::chrono::ceil<config::Duration>(bucket_.take(now) - now);
    return outcome;
}

std::optional<discovery::Publish> Watch::publish(Conclusion conclusion) {
    const bool strong = conclusion.evidence == discovery::Evidence::strong || conclusion.evidence == discovery::Evidence::proven;
    strong_in_a_row_ = !strong ? 0 : conclusion.changed ? 1 : std::min(strong_in_a_row_ + 1, 3U);
    if (!conclusion.changed && strong_in_a_row_ > 2) {
        return std::nullopt;
    }
    return discovery::Publish{.query = query_, .facts = facts_, .evidence = conclusion.evidence, .cause = std::move(conclusion.cause)};
}

}  // namespace cardea::consul
