// SPDX-License-Identifier: Apache-2.0
// libvmshare/port/store.hpp, sentence by sentence.
#include "tests/contract/sharing/fixture.hpp"

#include <algorithm>
#include <array>

using namespace xvm;
using namespace xvm::test;
using port::Store_access;
using port::Store_permission;
using port::Txn;

namespace {

using Permissions = std::vector<Store_permission>;

std::vector<std::string> sorted(std::vector<std::string> names) {
    std::sort(names.begin(), names.end());
    return names;
}

/// Paths of the events up to the one of `last`, all with the token.
std::vector<std::string> events_until(port::Store& store, const std::string& token, const std::string& last) {
    std::vector<std::string> paths;
    do {
        const port::Watch_event event = wait_event(store);
        CHECK(event.token == token);
        paths.push_back(event.path);
    } while (paths.back() != last);
    return paths;
}

} // namespace

TEST_CASE_METHOD(Fixture, "What was written is read, byte for byte, and the parents are there",
                 "[contract][store]") {
    port::Store& store = near->store();
    const std::string odd("\0\x01\n\xff end", 8);
    done(store.write(dir + "/a/b/c", odd));
    CHECK(value(store.read(dir + "/a/b/c")) == odd);
    CHECK(value(store.read(dir + "/a/b")).empty());
    done(store.write(dir + "/a/b/c", ""));
    CHECK(value(store.read(dir + "/a/b/c")).empty());
    CHECK(value(far->store().present(dom0)));
}

TEST_CASE_METHOD(Fixture, "What is not there is not found; removing it is no error", "[contract][store]") {
    port::Store& store = near->store();
    CHECK(fault(store.read(dir + "/nothing")) == Fault::not_found);
    CHECK(fault(store.list(dir + "/nothing")) == Fault::not_found);
    CHECK(fault(store.permissions(dir + "/nothing")) == Fault::not_found);
    CHECK(fault(store.set_permissions(dir + "/nothing", Permissions{{dom0, Store_access::none}})) ==
          Fault::not_found);
    done(store.remove(dir + "/nothing"));
    done(store.remove(dir + "/nothing/at/all"));
}

TEST_CASE_METHOD(Fixture, "Removing takes the node and everything below, and nothing beside",
                 "[contract][store]") {
    port::Store& store = near->store();
    for (const char* path : {"/a", "/a/b", "/a/b/c", "/a-b", "/a0", "/ab/c"})
        done(store.write(dir + path, "x"));
    done(store.remove(dir + "/a"));
    CHECK(sorted(value(store.list(dir))) == std::vector<std::string>{"a-b", "a0", "ab"});
    CHECK(fault(store.read(dir + "/a/b/c")) == Fault::not_found);
    CHECK(value(store.read(dir + "/ab/c")) == "x");
}

TEST_CASE_METHOD(Fixture, "A list has the children's names and no grandchildren's", "[contract][store]") {
    port::Store& store = near->store();
    for (const char* path : {"/a", "/a/x", "/a/y/z", "/a-b/x", "/a0/x", "/b"})
        done(store.write(dir + path, ""));
    CHECK(sorted(value(store.list(dir))) == std::vector<std::string>{"a", "a-b", "a0", "b"});
    CHECK(sorted(value(store.list(dir + "/a"))) == std::vector<std::string>{"x", "y"});
    CHECK(value(store.list(dir + "/b")).empty());
}

TEST_CASE_METHOD(Fixture, "make() makes an empty node and leaves one that is there alone",
                 "[contract][store]") {
    port::Store& store = near->store();
    done(store.make(dir + "/a/b"));
    CHECK(value(store.read(dir + "/a/b")).empty());
    done(store.write(dir + "/a/b", "kept"));
    done(store.make(dir + "/a/b"));
    CHECK(value(store.read(dir + "/a/b")) == "kept");
}

TEST_CASE_METHOD(Fixture, "A path that is none is refused", "[contract][store]") {
    for (const std::string& path :
         {dir + "//a", dir + "/a/", dir + "/a b", dir + "/a\n", dir + "/\xc3\xa4"}) {
        CAPTURE(path);
        CHECK_FALSE(near->store().write(path, "x"));
        CHECK_FALSE(near->store().read(path));
    }
    CHECK_FALSE(near->store().write(dir + "/" + std::string(4000, 'a'), "x"));
    CHECK(fault(near->store().write(dir + "/a", std::string(5000, 'x'))) == Fault::exhausted);
}

TEST_CASE_METHOD(Fixture, "A new node has its parent's permissions", "[contract][store]") {
    port::Store& store = near->store();
    const Permissions wanted{
        {dom0, Store_access::read}, {Domid{77}, Store_access::both}, {Domid{78}, Store_access::write}};
    done(store.make(dir + "/a"));
    done(store.set_permissions(dir + "/a", wanted));
    CHECK(value(store.permissions(dir + "/a")) == wanted);
    done(store.write(dir + "/a/b/c", "x"));
    CHECK(value(store.permissions(dir + "/a/b/c")) == wanted);
    CHECK(fault(store.set_permissions(dir + "/a", Permissions{{Domid{77}, Store_access::none}})) ==
          Fault::not_found); // an owner must be there
    const Permissions other{{dom0, Store_access::none}};
    done(store.set_permissions(dir + "/a", other));
    CHECK(value(store.permissions(dir + "/a")) == other);
    CHECK(value(store.permissions(dir + "/a/b/c")) == wanted);
    CHECK(value(store.read(dir + "/a")).empty()); // dom0 may always
}

TEST_CASE_METHOD(Fixture, "A domain may what the permissions say, and not more", "[contract][store]") {
    XVM_SKIP_IF(world->lacks_far_domain());
    port::Store& owner = near->store();
    port::Store& guest = far->store();
    const auto set = [&](const Permissions& permissions) {
        done(owner.write(dir + "/node", "value"));
        done(owner.set_permissions(dir + "/node", permissions));
    };
    const auto reads = [&] { return guest.read(dir + "/node").has_value(); };
    const auto writes = [&] { return guest.write(dir + "/node", "new").has_value(); };

    set({{dom0, Store_access::none}});
    CHECK(fault(guest.read(dir + "/node")) == Fault::denied);
    CHECK(fault(guest.write(dir + "/node", "new")) == Fault::denied);
    CHECK(fault(guest.list(dir + "/node")) == Fault::denied);
    CHECK(fault(guest.remove(dir + "/node")) == Fault::denied);
    CHECK(fault(guest.permissions(dir + "/node")) == Fault::denied);
    CHECK(value(owner.read(dir + "/node")) == "value");

    set({{dom0, Store_access::read}});
    CHECK((reads() && !writes()));
    set({{dom0, Store_access::none}, {far->domid(), Store_access::read}});
    CHECK((reads() && !writes()));
    set({{dom0, Store_access::none}, {far->domid(), Store_access::write}});
    CHECK((!reads() && writes()));
    set({{dom0, Store_access::both}, {far->domid(), Store_access::none}}); // named: the default is not for it
    CHECK((!reads() && !writes()));
    set({{dom0, Store_access::none}, {Domid{77}, Store_access::both}}); // another's
    CHECK((!reads() && !writes()));
    set({{far->domid(), Store_access::none}}); // the owner may all
    CHECK((reads() && writes()));
}

TEST_CASE_METHOD(Fixture, "A guest owns what it makes, cannot give it away, and sees nothing of the rest",
                 "[contract][store]") {
    XVM_SKIP_IF(world->lacks_far_domain());
    port::Store& guest = far->store();
    done(near->store().make(dir + "/open"));
    done(near->store().set_permissions(
        dir + "/open", Permissions{{dom0, Store_access::none}, {far->domid(), Store_access::both}}));
    done(guest.write(dir + "/open/mine", "x"));
    CHECK(value(near->store().permissions(dir + "/open/mine")).front().domid == far->domid());
    CHECK(fault(guest.set_permissions(dir + "/open/mine", Permissions{{dom0, Store_access::none}})) ==
          Fault::denied);
    CHECK(fault(guest.set_permissions(dir + "/open", Permissions{{far->domid(), Store_access::none}})) ==
          Fault::denied);
    done(guest.set_permissions(dir + "/open/mine", Permissions{{far->domid(), Store_access::read}}));

    CHECK(fault(guest.read(dir + "/open/nothing")) == Fault::not_found);
    done(near->store().make(dir + "/closed"));
    CHECK(fault(guest.read(dir + "/closed/nothing")) == Fault::denied); // not even that there is nothing
    CHECK(fault(guest.write(dir + "/closed/new", "x")) == Fault::denied);
}

TEST_CASE_METHOD(Fixture, "A watch fires once at registration, then for each change at or below",
                 "[contract][store]") {
    port::Store& store = near->store();
    done(store.watch(dir + "/w", "token"));
    const port::Watch_event first = wait_event(store);
    CHECK(first.path == dir + "/w");
    CHECK(first.token == "token");
    CHECK_FALSE(value(store.next_event()));

    port::Store& other = far->domid() == dom0 ? far->store() : store;
    done(other.write(dir + "/beside", "x"));
    done(other.write(dir + "/w", "x"));
    done(other.write(dir + "/w/a", "x"));
    done(other.write(dir + "/wide", "x"));
    done(other.make(dir + "/w/b/c"));
    done(other.set_permissions(dir + "/w/a", Permissions{{dom0, Store_access::read}}));
    done(other.remove(dir + "/w/a"));
    done(other.remove(dir + "/w"));
    const auto paths = events_until(store, "token", dir + "/w"); // the write, or with all coalesced the last
    CHECK(std::all_of(paths.begin(), paths.end(),
                      [&](const std::string& p) { return p.starts_with(dir + "/w"); }));
    CHECK(std::find(paths.begin(), paths.end(), dir + "/wide") == paths.end());
    // What follows of it is all at or below too; the end is a marker.
    done(other.write(dir + "/w/end", "x"));
    const auto rest = events_until(store, "token", dir + "/w/end");
    CHECK(std::find(rest.begin(), rest.end(), dir + "/wide") == rest.end());
}

TEST_CASE_METHOD(Fixture, "A removal above a watched path fires its watch", "[contract][store]") {
    port::Store& store = near->store();
    done(store.write(dir + "/up/down", "x"));
    done(store.watch(dir + "/up/down", "t"));
    CHECK(wait_event(store).path == dir + "/up/down");
    done(store.remove(dir + "/up"));
    CHECK(wait_event(store).path == dir + "/up/down");
}

TEST_CASE_METHOD(Fixture, "The descriptor is readable exactly while an event waits", "[contract][store]") {
    port::Store& store = near->store();
    CHECK_FALSE(is_readable(store.fd()));
    CHECK_FALSE(value(store.next_event()));
    done(store.watch(dir, "t"));
    CHECK(becomes_readable(store.fd()));
    CHECK(wait_event(store).token == "t");
    CHECK_FALSE(is_readable(store.fd()));
    CHECK_FALSE(value(store.next_event()));
}

TEST_CASE_METHOD(Fixture, "The same watch twice is busy; taken back, it says nothing more",
                 "[contract][store]") {
    port::Store& store = near->store();
    done(store.watch(dir + "/w", "one"));
    CHECK(fault(store.watch(dir + "/w", "one")) == Fault::busy);
    done(store.watch(dir + "/w", "two"));
    CHECK(wait_event(store).token != wait_event(store).token);
    done(store.write(dir + "/w", "x"));
    store.unwatch(dir + "/w", "one"); // its waiting event goes with it
    CHECK(wait_event(store).token == "two");
    CHECK_FALSE(value(store.next_event()));
    store.unwatch(dir + "/w", "two");
    store.unwatch(dir + "/w", "two");
    done(store.write(dir + "/w", "y"));
    done(store.watch(dir + "/end", "end"));
    CHECK(wait_event(store).token == "end");
}

TEST_CASE_METHOD(Fixture, "A watch tells a domain nothing of what it may not read", "[contract][store]") {
    XVM_SKIP_IF(world->lacks_far_domain());
    port::Store& guest = far->store();
    done(near->store().write(dir + "/secret", "x"));
    done(near->store().write(dir + "/open", "x"));
    done(near->store().set_permissions(dir + "/secret", Permissions{{dom0, Store_access::none}}));
    done(near->store().set_permissions(dir + "/open", Permissions{{dom0, Store_access::read}}));
    done(guest.watch(dir, "t"));
    CHECK(wait_event(guest).path == dir);
    done(near->store().write(dir + "/secret", "y"));
    done(near->store().remove(dir + "/secret"));
    done(near->store().write(dir + "/open", "y"));
    CHECK(wait_event(guest).path == dir + "/open");
}

TEST_CASE_METHOD(Fixture, "A transaction is seen by others when it is committed, and by itself before",
                 "[contract][store]") {
    port::Store& store = near->store();
    done(store.write(dir + "/a", "old"));
    const Txn txn = value(store.begin());
    done(store.write(dir + "/a", "new", txn));
    done(store.write(dir + "/deep/b", "x", txn));
    CHECK(value(store.read(dir + "/a")) == "old");
    CHECK(fault(store.read(dir + "/deep/b")) == Fault::not_found);
    CHECK(value(store.read(dir + "/a", txn)) == "new");
    CHECK(sorted(value(store.list(dir, txn))) == std::vector<std::string>{"a", "deep"});
    done(store.commit(txn));
    CHECK(value(store.read(dir + "/a")) == "new");
    CHECK(value(store.read(dir + "/deep/b")) == "x");
    CHECK_FALSE(store.read(dir + "/a", txn)); // it has ended
    CHECK_FALSE(store.commit(txn));
}

TEST_CASE_METHOD(Fixture, "An aborted transaction leaves nothing", "[contract][store]") {
    port::Store& store = near->store();
    done(store.write(dir + "/a", "old"));
    const Txn txn = value(store.begin());
    done(store.write(dir + "/a", "new", txn));
    done(store.remove(dir + "/a", txn));
    store.abort(txn);
    CHECK(value(store.read(dir + "/a")) == "old");
}

TEST_CASE_METHOD(Fixture,
                 "A transaction sees a node as when it first touched it, and conflicts with changes since",
                 "[contract][store]") {
    port::Store& store = near->store();
    done(store.write(dir + "/a", "old"));
    SECTION("it read what another wrote") {
        const Txn txn = value(store.begin());
        CHECK(value(store.read(dir + "/a", txn)) == "old");
        done(store.write(dir + "/a", "other"));
        CHECK(value(store.read(dir + "/a", txn)) == "old");
        done(store.write(dir + "/b", "x", txn));
        CHECK(fault(store.commit(txn)) == Fault::busy);
        CHECK(fault(store.read(dir + "/b")) == Fault::not_found);
    }
    SECTION("it wrote what another wrote") {
        const Txn txn = value(store.begin());
        done(store.write(dir + "/a", "mine", txn));
        done(store.write(dir + "/a", "other"));
        CHECK(fault(store.commit(txn)) == Fault::busy);
        CHECK(value(store.read(dir + "/a")) == "other");
    }
    SECTION("it wrote what another removed") {
        const Txn txn = value(store.begin());
        done(store.write(dir + "/a", "mine", txn));
        done(store.remove(dir + "/a"));
        CHECK(fault(store.commit(txn)) == Fault::busy);
        CHECK(fault(store.read(dir + "/a")) == Fault::not_found);
    }
    SECTION("it listed where another made a child") {
        const Txn txn = value(store.begin());
        CHECK(value(store.list(dir, txn)).size() == 1);
        done(store.write(dir + "/b", "other"));
        done(store.write(dir + "/a", "mine", txn));
        CHECK(fault(store.commit(txn)) == Fault::busy);
    }
    SECTION("it found nothing where another wrote") {
        const Txn txn = value(store.begin());
        CHECK(fault(store.read(dir + "/new", txn)) == Fault::not_found);
        done(store.write(dir + "/new", "other"));
        done(store.write(dir + "/a", "mine", txn));
        CHECK(fault(store.commit(txn)) == Fault::busy);
    }
    SECTION("not with what it had not touched yet") {
        const Txn txn = value(store.begin());
        done(store.write(dir + "/a", "other"));
        CHECK(value(store.read(dir + "/a", txn)) == "other");
        done(store.write(dir + "/a", "mine", txn));
        done(store.commit(txn));
        CHECK(value(store.read(dir + "/a")) == "mine");
    }
    SECTION("it removed where another made something below") {
        done(store.write(dir + "/d/b", "old"));
        const Txn txn = value(store.begin());
        done(store.remove(dir + "/d", txn));
        done(store.write(dir + "/d/new", "other"));
        static_cast<void>(store.remove(dir + "/d/new", txn)); // refused or not: nothing breaks over it
        CHECK(fault(store.commit(txn)) == Fault::busy);
        CHECK(value(store.read(dir + "/d/new")) == "other");
    }
    SECTION("not with what it did not touch") {
        done(store.write(dir + "/d/b", "old"));
        const Txn txn = value(store.begin());
        done(store.write(dir + "/a", "mine", txn));
        done(store.write(dir + "/d/b", "other"));
        done(store.commit(txn));
        CHECK(value(store.read(dir + "/a")) == "mine");
        CHECK(value(store.read(dir + "/d/b")) == "other");
    }
}

TEST_CASE_METHOD(Fixture, "transact() begins again after a conflict, and hands an error of the body on",
                 "[contract][store]") {
    port::Store& store = near->store();
    done(store.write(dir + "/a", "0"));
    int runs = 0;
    done(port::transact(store, [&](Txn txn) -> Status {
        const std::string seen = value(store.read(dir + "/a", txn));
        if (++runs < 3) done(store.write(dir + "/a", std::to_string(runs)));
        return store.write(dir + "/a", seen + " mine", txn);
    }));
    CHECK(runs == 3);
    CHECK(value(store.read(dir + "/a")) == "2 mine");

    const Status refused = port::transact(store, [&](Txn txn) -> Status {
        done(store.write(dir + "/a", "lost", txn));
        return fail(Fault::usage, "the test", "wants out");
    });
    CHECK(fault(refused) == Fault::usage);
    CHECK(value(store.read(dir + "/a")) == "2 mine");

    runs = 0;
    const Status hopeless = port::transact(store, [&](Txn txn) -> Status {
        ++runs;
        done(store.write(dir + "/a", "mine", txn));
        return store.write(dir + "/a", std::to_string(runs));
    });
    CHECK(fault(hopeless) == Fault::busy);
    CHECK(runs == port::transaction_attempts_max);
}

TEST_CASE_METHOD(Fixture, "Watches hear of a transaction when it is committed, and never of an aborted one",
                 "[contract][store]") {
    port::Store& store = near->store();
    done(store.watch(dir + "/w", "t"));
    CHECK(wait_event(store).path == dir + "/w");
    const Txn lost = value(store.begin());
    done(store.write(dir + "/w/lost", "x", lost));
    store.abort(lost);
    const Txn txn = value(store.begin());
    done(store.write(dir + "/w/a", "x", txn));
    done(store.read(dir + "/nothing").has_value() ? Status{} : Status{}); // a round trip: nothing came by now
    CHECK_FALSE(value(store.next_event()));
    done(store.commit(txn));
    CHECK(wait_event(store).path == dir + "/w/a");
}

TEST_CASE_METHOD(Fixture, "A process that ends takes its transactions and watches along",
                 "[contract][store]") {
    auto gone = world->near();
    const Txn txn = value(gone->store().begin());
    done(gone->store().write(dir + "/a", "x", txn));
    done(gone->store().watch(dir, "t"));
    gone.reset();
    CHECK(fault(near->store().read(dir + "/a")) == Fault::not_found);
    done(near->store().write(dir + "/a", "y"));
    CHECK(value(near->store().read(dir + "/a")) == "y");
}

TEST_CASE_METHOD(Fixture, "dom0 is always present; a domain nobody introduced is not", "[contract][store]") {
    CHECK(value(near->store().present(dom0)));
    CHECK_FALSE(value(near->store().present(Domid{31999})));
    near->store().release(Domid{31999});
}

TEST_CASE_METHOD(Fixture,
                 "A domain is present from its introduction until it dies, and watchers hear of both",
                 "[contract][store]") {
    XVM_SKIP_IF(world->lacks_far_domain());
    port::Store& store = near->store();
    done(store.watch("@introduceDomain", "came"));
    done(store.watch("@releaseDomain", "went"));
    CHECK(wait_event(store).token == "came");
    CHECK(wait_event(store).token == "went");

    const Domid domid = world->begin_domain();
    CHECK_FALSE(value(store.present(domid)));
    CHECK(fault(far->store().introduce(domid, 1, Evtchn_port{1})) == Fault::denied);
    done(store.introduce(domid, 1, Evtchn_port{1}));
    CHECK(wait_event(store).path == "@introduceDomain");
    CHECK(value(store.present(domid)));

    done(store.write(dir + "/theirs/node", "x"));
    done(store.set_permissions(dir + "/theirs", Permissions{{domid, Store_access::none}}));
    SECTION("it dies") {
        world->end_domain(domid);
    }
    SECTION("it is released") {
        store.release(domid);
        store.release(domid);
    }
    CHECK(wait_event(store).path == "@releaseDomain");
    CHECK_FALSE(value(store.present(domid)));
    CHECK(fault(store.read(dir + "/theirs")) == Fault::not_found); // what it owned went with it
    world->end_domain(domid);
}

TEST_CASE_METHOD(Fixture, "A guest's share of the store is bounded", "[contract][store]") {
    XVM_SKIP_IF(world->lacks_far_domain());
    XVM_SKIP_IF(world->lacks_small_limits());
    port::Store& guest = far->store();
    done(near->store().make(dir + "/open"));
    done(near->store().set_permissions(dir + "/open", Permissions{{far->domid(), Store_access::none}}));
    const auto first_refusal = [](int tries, auto&& attempt) {
        for (int i = 0; i < tries; ++i)
            if (Status status = attempt(i); !status) return status.error().fault;
        return Fault::failed;
    };
    SECTION("nodes") {
        CHECK(first_refusal(10'000, [&](int i) {
                  return guest.write(dir + "/open/" + std::to_string(i), "");
              }) == Fault::exhausted);
    }
    SECTION("bytes of a value") {
        CHECK(fault(guest.write(dir + "/open/big", std::string(3000, 'x'))) == Fault::exhausted);
    }
    SECTION("watches") {
        CHECK(first_refusal(10'000, [&](int i) { return guest.watch(dir, std::to_string(i)); }) ==
              Fault::exhausted);
    }
    SECTION("transactions") {
        CHECK(first_refusal(10'000, [&](int) -> Status {
                  if (auto txn = guest.begin(); !txn) return tl::unexpected<Error>(txn.error());
                  return {};
              }) == Fault::exhausted);
    }
    SECTION("permissions of a node") {
        CHECK(fault(guest.set_permissions(
                  dir + "/open", Permissions(100, {far->domid(), Store_access::none}))) == Fault::exhausted);
    }
    SECTION("waiting events") {
        done(guest.watch(dir + "/open", "t"));
        for (int i = 0; i < 500; ++i) {
            done(guest.write(dir + "/open/" + std::to_string(i), ""));
            done(guest.remove(dir + "/open/" + std::to_string(i)));
        }
        int waiting = 0;
        while (value(guest.next_event()))
            ++waiting;
        CHECK(waiting <= 2000);
    }
}
