"""The live page: one file, and a policy that lets the browser run nothing but what is in it."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Awaitable, Callable
from importlib import resources

from aiohttp import web


def page_route() -> Callable[[web.Request], Awaitable[web.Response]]:
    """Return the route of the live page; its policy names script and style by their hashes."""
    text = resources.files("stream.export").joinpath("page.html").read_text(encoding="utf-8")
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src {_hashes('script', text)}",
            f"style-src {_hashes('style', text)}",
            "connect-src 'self'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )

    async def page(_: web.Request) -> web.Response:
        return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": policy})

    return page


def _hashes(element: str, text: str) -> str:
    inner = re.findall(rf"<{element}>(.*?)</{element}>", text, re.DOTALL)
    digests = (hashlib.sha256(part.encode()).digest() for part in inner)
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests) or "'none'"
