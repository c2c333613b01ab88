#include "proxy/control/drains.hpp"

#include <gtest/gtest.h>

namespace cardea::control {
namespace {

discovery::Endpoint endpoint(std::string id, discovery::Status status = discovery::Status::up) {
    discovery::Endpoint made;
    made.id = std::move(id);
    made.status = status;
    made.addresses.push_back(*config::parse_address("10.0.0.2:80"));
    made.witnesses.push_back({"docker:h2", "0123456789ab:80/tcp"});
    return made;
}

DrainView order(std::string id, std::vector<std::string> instances = {}) {
    return {"web", std::move(id), {}, std::move(instances)};
}

TEST(Drains, an_order_stands_while_its_endpoint_is_away) {
    Drains drains;
    discovery::ServiceEndpoints service{"web", {endpoint("a"), endpoint("b")}};
    EXPECT_FALSE(drains.over(service));
    EXPECT_TRUE(*drains.add(order("b")));
    EXPECT_FALSE(*drains.add(order("b"))) << "it stood already";
    const auto drained = drains.over(service);
    ASSERT_TRUE(drained);
    EXPECT_EQ(drained->endpoints[0].status, discovery::Status::up);
    EXPECT_EQ(drained->endpoints[1].status, discovery::Status::draining);
    EXPECT_EQ(drained->endpoints[1].why, "drained by an operator");
    const discovery::ServiceEndpoints without{"web", {endpoint("a")}};
    EXPECT_FALSE(drains.over(without));
    EXPECT_TRUE(drains.over(service)) << "a registry's hiccup does not end it";
    EXPECT_TRUE(drains.remove("web", "b"));
    EXPECT_FALSE(drains.remove("web", "b"));
    EXPECT_FALSE(drains.over(service));
}

TEST(Drains, what_is_worse_off_stays_that) {
    Drains drains;
    ASSERT_TRUE(drains.add(order("a")));
    for (const auto status : {discovery::Status::draining, discovery::Status::paused, discovery::Status::down}) {
        EXPECT_FALSE(drains.over({"web", {endpoint("a", status)}}));
    }
    EXPECT_TRUE(drains.over({"web", {endpoint("a", discovery::Status::starting)}})) << "it must not begin to serve";
    EXPECT_FALSE(drains.over({"web2", {endpoint("a")}})) << "another service";
}

TEST(Drains, are_bounded) {
    Drains drains;
    for (std::size_t i = 0; i < Drains::most; ++i) {
        ASSERT_TRUE(drains.add(order(std::to_string(i))));
    }
    EXPECT_FALSE(drains.add(order("one more")));
    EXPECT_FALSE(*drains.add(order("1"))) << "what stands is no news and no error";
}

TEST(Drains, an_endpoint_has_several_names) {
    const auto one = endpoint("node|web-1");
    for (const std::string_view name : {"node|web-1", "10.0.0.2:80", "0123456789ab:80/tcp", "0123456789ab"}) {
        EXPECT_TRUE(names_endpoint(name, one)) << name;
    }
    for (const std::string_view name : {"", "node", "10.0.0.2", "0123456789", ":", "10.0.0.2:8"}) {
        EXPECT_FALSE(names_endpoint(name, one)) << name;
    }
}

TEST(Drains, an_order_follows_its_witness_to_another_id) {
    Drains drains;
    ASSERT_TRUE(drains.add(order("old", {"0123456789ab:80/tcp"})));
    drains.follow({"api", {endpoint("new")}});
    EXPECT_TRUE(drains.has("web", "old")) << "another service";
    drains.follow({"web", {}});
    EXPECT_TRUE(drains.has("web", "old")) << "away";
    drains.follow({"web", {endpoint("old"), endpoint("new")}});
    EXPECT_TRUE(drains.has("web", "old")) << "still there";
    drains.follow({"web", {endpoint("new")}});
    EXPECT_FALSE(drains.has("web", "old"));
    EXPECT_TRUE(drains.over({"web", {endpoint("new")}}));
}

}  // namespace
}  // namespace cardea::control
