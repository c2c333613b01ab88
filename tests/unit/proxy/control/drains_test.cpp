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

TEST(Drains, an_order_stands_while_its_endpoint_is_away) {
    Drains drains;
    discovery::ServiceEndpoints service{"web", {endpoint("a"), endpoint("b")}};
    EXPECT_FALSE(drains.over(service));
    EXPECT_TRUE(*drains.add("web", "b", {}));
    EXPECT_FALSE(*drains.add("web", "b", {})) << "it stood already";
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
    ASSERT_TRUE(drains.add("web", "a", {}));
    for (const auto status : {discovery::Status::draining, discovery::Status::paused, discovery::Status::down}) {
        EXPECT_FALSE(drains.over({"web", {endpoint("a", status)}}));
    }
    EXPECT_TRUE(drains.over({"web", {endpoint("a", discovery::Status::starting)}})) << "it must not begin to serve";
    EXPECT_FALSE(drains.over({"web2", {endpoint("a")}})) << "another service";
}

TEST(Drains, are_bounded) {
    Drains drains;
    for (std::size_t i = 0; i < Drains::most; ++i) {
        ASSERT_TRUE(drains.add("web", std::to_string(i), {}));
    }
    EXPECT_FALSE(drains.add("web", "one more", {}));
    EXPECT_FALSE(*drains.add("web", "1", {})) << "what stands is no news and no error";
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

}  // namespace
}  // namespace cardea::control
