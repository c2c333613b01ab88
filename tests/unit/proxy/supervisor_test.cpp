#include "proxy/supervisor.hpp"

#include "tests/support/memory_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cardea::proxy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(WhyNoUpgrade, process_1_ends_with_its_container) {
    support::MemoryFiles files;
    EXPECT_THAT(why_no_upgrade({1, 0, "cardea"}, files), HasSubstr("process 1 of its container"));
    EXPECT_THAT(why_no_upgrade({7, 1, "tini"}, files), HasSubstr("tini"));
    EXPECT_THAT(why_no_upgrade({7, 1, "docker-init"}, files), HasSubstr("docker-init"));
    EXPECT_THAT(why_no_upgrade({7, 2, "tini"}, files), IsEmpty());
    EXPECT_THAT(why_no_upgrade({700, 1, "systemd"}, files), IsEmpty()) << "a daemon of the old kind";
}

TEST(WhyNoUpgrade, a_unit_must_listen_to_notifications) {
    support::MemoryFiles files;
    files.variables["INVOCATION_ID"] = "0123";
    EXPECT_THAT(why_no_upgrade({700, 600, "systemd"}, files), IsEmpty()) << "a shell of a session has that variable too";
    EXPECT_THAT(why_no_upgrade({700, 1, "systemd"}, files), HasSubstr("NotifyAccess=main"));
    files.variables["SYSTEMD_EXEC_PID"] = "700";
    EXPECT_THAT(why_no_upgrade({700, 650, "systemd"}, files), HasSubstr("NotifyAccess=main")) << "a user's manager is not process 1";
    EXPECT_THAT(why_no_upgrade({701, 650, "systemd"}, files), IsEmpty()) << "started from within a unit";
    files.variables["NOTIFY_SOCKET"] = "/run/systemd/notify";
    EXPECT_THAT(why_no_upgrade({700, 1, "systemd"}, files), IsEmpty());
}

TEST(Activation, names_come_with_the_number) {
    support::MemoryFiles files;
    EXPECT_THAT(*activation_names(7, files), IsEmpty());
    files.variables["LISTEN_PID"] = "7";
    files.variables["LISTEN_FDS"] = "3";
    files.variables["LISTEN_FDNAMES"] = "web:secure";
    EXPECT_THAT(*activation_names(7, files), ElementsAre("web", "secure", ""));
    files.variables.erase("LISTEN_FDNAMES");
    EXPECT_THAT(*activation_names(7, files), ElementsAre("", "", ""));
    EXPECT_THAT(*activation_names(8, files), IsEmpty()) << "meant for our parent";
}

TEST(Activation, what_is_no_number_is_told) {
    for (const char* number : {"", "-1", "1x", "4294967297", "1025"}) {
        support::MemoryFiles files;
        files.variables["LISTEN_PID"] = "7";
        files.variables["LISTEN_FDS"] = number;
        EXPECT_FALSE(activation_names(7, files)) << number;
    }
}

}  // namespace
}  // namespace cardea::proxy
