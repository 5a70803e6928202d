# The worker, and every other `cx` command. Runs as a user without rights, on a read-only root if you like.
FROM python:3.11.13-slim-bookworm AS build
WORKDIR /src
COPY requirements.lock pyproject.toml ./
# uv installs the part of the lock that the package itself needs, and checks its hashes; pip would take all of it.
RUN pip install --no-cache-dir "uv==$(sed -n 's/^uv==\([^ ]*\).*/\1/p' requirements.lock)" \
 && uv venv /opt/cx \
 && uv pip install --python /opt/cx --require-hashes --compile-bytecode -c requirements.lock -r pyproject.toml \
 && uv venv /opt/build \
 && uv pip install --python /opt/build -c requirements.lock hatchling
COPY README.md LICENSE ./
COPY stream ./stream
RUN uv build --wheel --python /opt/build --no-build-isolation -o /dist \
 && uv pip install --python /opt/cx --no-deps --compile-bytecode /dist/*.whl

FROM python:3.11.13-slim-bookworm
RUN useradd --uid 10001 --home-dir /var/lib/cx --create-home cx
COPY --from=build /opt/cx /opt/cx
# The metrics port must be reachable from outside the container; publish it no further than you mean to.
ENV PATH=/opt/cx/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    CX_DATADIR=/var/lib/cx \
    CX_METRICS_HOST=0.0.0.0
USER 10001
WORKDIR /var/lib/cx
EXPOSE 8000
ENTRYPOINT ["cx"]
CMD ["worker"]
