# SPDX-License-Identifier: Apache-2.0
"""Makes web_page.cpp of the page's parts, and the digest that xvmd knows it by: web_page.py STYLE BODY SCRIPT OUT DIGEST."""

import hashlib
import sys
from pathlib import Path

PIECE = 8000  # compilers bound the length of a literal


def literal(text):
    pieces = [text[i:i + PIECE] for i in range(0, len(text), PIECE)]
    return "\n".join(f'R"xvm_({piece})xvm_"' for piece in pieces)


def main(style, body, script, out, digest):
    style, body, script = (Path(path).read_text() for path in (style, body, script))
    whole = "".join(part + "\0" for part in (style, body, script))
    Path(digest).write_text(f"""// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string_view>
namespace xvm::service {{
inline constexpr std::string_view web_page_digest = "{hashlib.sha256(whole.encode()).hexdigest()}";
}}
""")
    Path(out).write_text(f"""// SPDX-License-Identifier: Apache-2.0
#include "daemons/xvm-service/web_page.hpp"

namespace xvm::service {{

boost::json::object web_page() {{
    return {{{{"style", {literal(style)}}},
            {{"body", {literal(body)}}},
            {{"script", {literal(script)}}}}};
}}

}} // namespace xvm::service
""")


main(*sys.argv[1:])
