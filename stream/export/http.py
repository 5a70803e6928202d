"""The service's HTTP port: metrics, health, scores as JSON, and the live page.

    /metrics      Prometheus text or OpenMetrics, as the Accept header prefers; gzip where it is accepted
    /healthz      200 while the event loop answers
    /readyz       200, or 503 with the reason
    /api/scores   JSON; query parameters tenant, window, view (each may repeat) narrow it down
    /             the live page

Whatever costs more than a few microseconds runs in a thread, once for all who ask at the same time
(`SharedWork`). Who may ask is decided in front of all paths (`Guard`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

import orjson
from aiohttp import hdrs, web
from isal import igzip
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client import generate_latest as generate_text
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from stream.alerts.lookout import Standing
from stream.clock import Clock, SystemClock
from stream.export import accept
from stream.export.drops import drops
from stream.export.guard import Guard
from stream.export.page import page_route
from stream.export.render import Renderer
from stream.export.scores import Selection, scores
from stream.export.service import ServiceMetrics
from stream.export.sharing import SharedWork
from stream.scoring.estimates import Limits
from stream.scoring.families import Row
from stream.settings import Settings

_EVERYWHERE: Final = {
    hdrs.CACHE_CONTROL: "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


class Source(Protocol):
    """Where the scores come from.

    `rows` is called in a thread, `standings` on the event loop, `ready` here and there.
    """

    def rows(self) -> list[Row]:
        """Return the tallies of every series, KPI family and window that this worker exports now."""
        ...

    def standings(self) -> list[Standing]:
        """Return what this worker watches for drops."""
        ...

    def ready(self) -> tuple[bool, str]:
        """Return whether the worker is ready, and if not, why, in words for people."""
        ...


async def start_http(
    settings: Settings, source: Source, metrics: ServiceMetrics, clock: Clock | None = None
) -> web.AppRunner:
    """Listen on the metrics port and return the runner; its `cleanup()` ends everything.

    With port 0 a free one is taken: see the runner's `addresses`. Raises `OSError` when the port is in use,
    SettingsError when the file of CX_WEB_CONFIG cannot be used.
    """
    guard = Guard(settings.web_config)
    export = Export(settings, source, metrics, clock or SystemClock())
    runner = web.AppRunner(
        application(export, guard), access_log=None, handle_signals=False, shutdown_timeout=1.0
    )
    await runner.setup()
    try:
        await web.TCPSite(
            runner, settings.metrics_host, settings.metrics_port, ssl_context=guard.ssl_context
        ).start()
    except BaseException:
        await runner.cleanup()
        raise
    return runner


def application(export: Export, guard: Guard) -> web.Application:
    """Return the routes over `export`, all of them behind `guard`."""
    app = web.Application(middlewares=[guard.middleware])
    app.add_routes(
        [
            web.get("/metrics", export.metrics),
            web.get("/healthz", _healthz),
            web.get("/readyz", export.readyz),
            web.get("/api/scores", export.scores),
            web.get("/", page_route()),
        ]
    )

    async def close(_: web.Application) -> None:
        export.close()
        guard.close()

    app.on_response_prepare.append(_add_headers)
    app.on_cleanup.append(close)
    return app


@dataclass
class Export:
    """What the routes answer with."""

    settings: Settings
    source: Source
    service: ServiceMetrics
    clock: Clock
    _work: SharedWork = field(init=False)
    _renderer: Renderer = field(init=False)
    _limits: Limits = field(init=False)

    def __post_init__(self) -> None:
        """Keep one renderer, and one thread that alone uses it."""
        self._limits = self.settings.limits
        self._renderer = Renderer(self._limits)
        self._work = SharedWork(self.clock)

    async def metrics(self, request: web.Request) -> web.Response:
        """Answer a scrape."""
        openmetrics = accept.prefers_openmetrics(request.headers.get(hdrs.ACCEPT, ""))
        content_type = CONTENT_TYPE_LATEST if openmetrics else CONTENT_TYPE_PLAIN_0_0_4
        standings = self.source.standings()
        return await self._answer(
            request,
            content_type,
            ("metrics", openmetrics),
            lambda: self._exposition(standings, openmetrics=openmetrics),
        )

    async def readyz(self, _: web.Request) -> web.Response:
        """Answer whether this worker is ready."""
        is_ready, reason = self.source.ready()
        return web.Response(text=f"{reason or 'ready'}\n", status=200 if is_ready else 503)

    async def scores(self, request: web.Request) -> web.Response:
        """Answer the page, or whoever wants JSON."""
        query = request.query
        selection = Selection(
            *(tuple(sorted(set(query.getall(name, ())))) for name in ("tenant", "window", "view"))
        )
        standings = self.source.standings()
        return await self._answer(
            request, "application/json", ("scores", selection), lambda: self._document(selection, standings)
        )

    def close(self) -> None:
        """End the thread."""
        self._work.close()

    async def _answer(
        self, request: web.Request, content_type: str, key: tuple[object, ...], make: Callable[[], bytes]
    ) -> web.Response:
        headers = {hdrs.CONTENT_TYPE: content_type, hdrs.VARY: "Accept, Accept-Encoding"}
        if not accept.takes_gzip(request.headers.get(hdrs.ACCEPT_ENCODING, "")):
            return web.Response(body=await self._work.get(key, make), headers=headers)
        body = await self._work.get((*key, "gzip"), lambda: igzip.compress(make(), compresslevel=1, mtime=0))
        return web.Response(body=body, headers={**headers, hdrs.CONTENT_ENCODING: "gzip"})

    def _exposition(self, standings: list[Standing], *, openmetrics: bool) -> bytes:
        parts = self._renderer.parts(self.source.rows(), standings, openmetrics=openmetrics)
        generate = generate_openmetrics if openmetrics else generate_text
        parts.append(generate(self.service.registry))
        return b"".join(parts)

    def _document(self, selection: Selection, standings: list[Standing]) -> bytes:
        rows = self.source.rows()
        is_ready, reason = self.source.ready()
        return orjson.dumps(
            {
                "time_ms": self.clock.now_ms(),
                "ready": is_ready,
                "reason": reason,
                "windows": [window.label for window in self.settings.windows],
                "views": [view.label for view in self.settings.views],
                "tenants": sorted({row.series.tenant for row in rows}),
                "min_privacy": self._limits.min_privacy,
                "min_responses": self._limits.min_responses,
                "scores": scores(rows, self._limits, selection),
                "drops": drops(standings, selection.tenants, selection.views),
            }
        )


async def _add_headers(_: web.Request, response: web.StreamResponse) -> None:
    """Add what belongs on every answer, those of errors too."""
    for name, value in _EVERYWHERE.items():
        response.headers.setdefault(name, value)
    response.headers[hdrs.SERVER] = "cx-stream"


async def _healthz(_: web.Request) -> web.Response:
    return web.Response(text="ok\n")
