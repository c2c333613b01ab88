#include "proxy/snapshot/build_snapshot.hpp"

#include <gtest/gtest.h>

namespace cardea::snapshot {
namespace {

using State = balance::EndpointState;

std::shared_ptr<State> endpoint(const std::string& id) {
    return std::make_shared<State>(id, "web", std::vector<config::Address>{{config::Address::Kind::ip, {}, {}, 80}});
}

config::Service service(const std::string& name) {
    config::Service settings;
    settings.name = name;
    return settings;
}

config::Route to(const std::string& name, const std::string& path = {}) {
    config::Route route;
    route.name = name + path;
    route.action = config::ToService{name};
    if (!path.empty()) {
        route.match.paths.push_back({config::PathPattern::Kind::prefix, path});
    }
    return route;
}

const upstream::Upstream* found(const Snapshot& snapshot, const std::string& path) {
    const auto hit = snapshot.router->find("any", path, "GET");
    return hit.policy == nullptr ? nullptr : snapshot.upstreams.at(hit.policy->upstream).get();
}

class BuilderTest : public testing::Test {
protected:
    SnapshotBuilder builder{2};
    std::shared_ptr<State> one = endpoint("one"), two = endpoint("two");
};

TEST_F(BuilderTest, joins_routes_to_services) {
    builder.set_routes({to("web")});
    builder.set_service(service("web"), {{one, 1, true}, {two, 1, false}}, false);
    const auto snapshot = builder.build();
    const auto* upstream = found(*snapshot, "/");
    ASSERT_NE(upstream, nullptr);
    EXPECT_EQ(upstream->name, "web");
    EXPECT_EQ(upstream->endpoints.size(), 2U);
    for (int i = 0; i < 4; ++i) {
        EXPECT_EQ(upstream->balancer->pick({}), one.get()) << "only the eligible one is picked";
    }
}

TEST_F(BuilderTest, a_route_to_nothing_known_is_an_empty_upstream) {
    builder.set_routes({to("later")});
    const auto snapshot = builder.build();
    const auto* upstream = found(*snapshot, "/");
    ASSERT_NE(upstream, nullptr);
    EXPECT_EQ(upstream->balancer->pick({}), nullptr);
}

TEST_F(BuilderTest, what_did_not_change_is_shared_and_keeps_its_ticket) {
    builder.set_routes({to("web"), to("api", "/api")});
    builder.set_service(service("web"), {{one, 1, true}}, false);
    builder.set_service(service("api"), {{two, 1, true}}, false);
    const auto before = builder.build();
    EXPECT_FALSE(builder.dirty());
    builder.set_service(service("web"), {{one, 1, true}}, false);
    builder.set_routes({to("web"), to("api", "/api")});
    EXPECT_FALSE(builder.dirty()) << "the same again is no change";
    builder.set_service(service("api"), {{two, 1, false}}, false);
    const auto after = builder.build();
    EXPECT_EQ(found(*before, "/"), found(*after, "/"));
    EXPECT_NE(found(*before, "/api"), found(*after, "/api"));
    EXPECT_EQ(before->router, after->router);
    EXPECT_GT(after->version, before->version);
}

TEST_F(BuilderTest, another_route_table_keeps_the_policies_of_routes_that_stay) {
    builder.set_routes({to("web"), to("api", "/api")});
    const auto before = builder.build();
    const auto* policy = before->router->find("any", "/api", "GET").policy;
    builder.set_routes({to("api", "/api"), to("new", "/new")});
    const auto after = builder.build();
    EXPECT_EQ(after->router->find("any", "/api", "GET").policy, policy);
    EXPECT_EQ(after->router->find("any", "/", "GET").policy, nullptr);
}

TEST_F(BuilderTest, changed_settings_reach_the_upstream_and_the_old_ones_live_while_pinned) {
    builder.set_routes({to("web")});
    builder.set_service(service("web"), {{one, 1, true}}, false);
    auto before = builder.build();
    const std::weak_ptr<const upstream::Policy> old = before->upstreams[0]->policy;
    old.lock()->pins.add(1);
    auto settings = service("web");
    settings.timeouts.connect = config::Duration{7};
    builder.set_service(settings, {{one, 1, true}}, false);
    const auto after = builder.build();
    EXPECT_EQ(after->upstreams[0]->policy->service.timeouts.connect, config::Duration{7});
    before.reset();
    builder.sweep();
    ASSERT_FALSE(old.expired()) << "an exchange on worker 1 still reads it";
    old.lock()->pins.drop(1);
    builder.sweep();
    EXPECT_TRUE(old.expired());
}

TEST_F(BuilderTest, a_number_means_the_same_service_for_as_long_as_an_exchange_may_use_it) {
    builder.set_routes({to("web")});
    builder.set_service(service("web"), {{one, 1, true}}, false);
    auto first = builder.build();
    const auto* policy = first->router->find("any", "/", "GET").policy;
    policy->pins.add(0);
    const auto number = policy->upstream;

    builder.set_routes({to("other")});
    builder.drop_service("web");
    builder.set_service(service("other"), {{two, 1, true}}, false);
    auto second = builder.build();
    first.reset();
    builder.sweep();
    ASSERT_NE(second->upstreams.at(number), nullptr);
    EXPECT_EQ(second->upstreams[number]->name, "web") << "a retry must not land at another service";
    EXPECT_EQ(second->upstreams[number]->balancer->pick({}), nullptr);

    policy->pins.drop(0);
    builder.sweep();
    builder.set_routes({to("third")});
    const auto third = builder.build();
    EXPECT_EQ(third->upstreams.at(number)->name, "third") << "the place is used again once nobody names it";
}

TEST_F(BuilderTest, services_that_come_and_go_leave_nothing_behind) {
    std::size_t places = 0;
    for (int i = 0; i < 200; ++i) {
        const std::string name = "s" + std::to_string(i);
        builder.set_routes({to(name)});
        builder.set_service(service(name), {{one, 1, true}}, false);
        places = std::max(places, builder.build()->upstreams.size());
        builder.set_routes({});
        builder.drop_service(name);
        (void)builder.build();
        builder.sweep();
    }
    EXPECT_LE(places, 3U);
    EXPECT_EQ(builder.retired(), 0U);
}

}  // namespace
}  // namespace cardea::snapshot
