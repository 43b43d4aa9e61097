// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvmd/web.hpp"

#include "daemons/common/json_reply.hpp"
#include "daemons/xvm-service/web_page_digest.hpp"
#include "libvmshare/pack/sha256.hpp"

#include <boost/json/object.hpp>
#include <cstddef>
#include <span>
#include <spdlog/spdlog.h>

namespace xvm::xvmd {
namespace json = boost::json;
namespace {

/// It says nothing of the host, so that it needs no token; the token comes behind the address's #, which no
/// browser sends.
constexpr const char* first_page = R"page(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>xvm</title>
<meta name="viewport" content="width=device-width">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; connect-src 'self'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline' blob:; base-uri 'none'; form-action 'none'">
</head><body><p id="waking" role="status">The management service is waking…</p>
<script>
"use strict";
if (location.hash.length > 1) {
  sessionStorage.setItem("xvm-token", location.hash.slice(1));
  history.replaceState(null, "", "/");
}
const xvm = { headers: { Authorization: `Bearer ${sessionStorage.getItem("xvm-token") || ""}` } };
xvm.ask = async (method, target, body) => {
  const options = { method, headers: { ...xvm.headers } };
  if (body) {
    options.body = body;
    options.headers["Content-Type"] = "application/toml";
  }
  const answer = await fetch(target, options);
  const said = await answer.json();
  if (answer.ok) return said;
  const error = (said.errors || [said])[0] || {};
  throw new Error([error.object, error.cause, error.remedy].filter(Boolean).join(": ") || JSON.stringify(said));
};
(async () => {
  const waking = document.getElementById("waking");
  const since = Date.now();
  const tick = setInterval(async () => {
    const service = await xvm.ask("GET", "/v1/service").catch(() => null);
    const seconds = Math.round((Date.now() - since) / 1000);
    if (service) waking.textContent = `The management service is waking: ${service.state} (${seconds} s)`;
  }, 300);
  try {
    const page = await xvm.ask("GET", "/page");
    const style = document.createElement("style");
    style.textContent = page.style;
    document.head.append(style);
    document.body.innerHTML = page.body;
    const script = document.createElement("script");
    script.src = URL.createObjectURL(new Blob([page.script], { type: "text/javascript" }));
    document.body.append(script);
  } catch (error) {
    waking.textContent = `The page cannot be had: ${error.message}`;
  } finally {
    clearInterval(tick);
  }
})();
</script></body></html>
)page";

std::string digest_of(const json::object& page) {
    std::string whole;
    for (const char* part : {"style", "body", "script"})
        if (const json::value* value = page.if_contains(part); value != nullptr && value->is_string())
            whole.append(value->get_string()).push_back('\0');
    std::string text;
    constexpr std::string_view digits = "0123456789abcdef";
    for (const std::byte byte : pack::sha256(std::as_bytes(std::span(whole)))) {
        const auto value = std::to_integer<unsigned>(byte);
        text.append({digits[value >> 4], digits[value & 15]});
    }
    return text;
}

tl::expected<json::value, api::Failure> page_of(Decider& decider) {
    if (decider.management() == nullptr)
        return tl::unexpected<api::Failure>(Error{Fault::usage, "web page",
                                                  "this xvmd has no management service to serve it",
                                                  "start xvmd with --service process or domain"});
    decide::Question question;
    question.verb = "page";
    auto page = decider.value(question);
    if (!page) return page;
    const json::object* object = page->if_object();
    if (object != nullptr && object->size() == 3 && digest_of(*object) == service::web_page_digest)
        return page;
    spdlog::error("management service: its page is not this version's; it is not handed on");
    return tl::unexpected<api::Failure>(Error{Fault::denied, "web page",
                                              "the management service's is not this xvmd's",
                                              "make its image anew: xvm-service-image(8)"});
}

} // namespace

void add_web(daemon::Router& router, Workers& workers, Decider& decider) {
    router.add("GET", "/", daemon::immediate([](const daemon::Request&) {
                   return daemon::Response{200, "text/html; charset=utf-8", first_page};
               }));
    router.add("GET", "/page", [&](const daemon::Request&, const daemon::Reply& reply) {
        const Status taken = workers.submit(
            {}, [&decider, reply](run::Ports&) { reply.send(daemon::response_of(page_of(decider))); });
        if (!taken) reply.send(daemon::failure_response(taken.error()));
    });
}

} // namespace xvm::xvmd
