# syntax=docker/dockerfile:1
# The server, and the JumpCloud simulator for demonstrations: `docker compose up`, see docker-compose.yml.

# The style sheet, scripts and icons that the server embeds; see scripts/ui.
FROM node:22-bookworm-slim AS pages
WORKDIR /src
COPY scripts/ui scripts/ui
COPY static static
COPY templates templates
RUN --mount=type=cache,target=/root/.npm scripts/ui

FROM rust:1.95-bookworm AS build
# The image's own compiler is the pinned one; this keeps rustup from fetching the tools for development.
ENV RUSTUP_TOOLCHAIN=1.95.0 SQLX_OFFLINE=true
WORKDIR /src
COPY . .
COPY --from=pages /src/static/vendor static/vendor
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --package adit-server --package jumpcloud-simulator \
    && install -D -t /out target/release/adit-server target/release/jumpcloud-simulator

FROM debian:bookworm-slim AS base
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates curl \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/adit --create-home --shell /usr/sbin/nologin adit
USER adit

FROM base AS simulator
COPY --from=build /out/jumpcloud-simulator /usr/local/bin/
EXPOSE 8080
ENTRYPOINT ["jumpcloud-simulator"]

FROM base AS server
COPY --from=build /out/adit-server /usr/local/bin/
ENV ADIT_DATA_DIR=/var/lib/adit ADIT_LISTEN=0.0.0.0:8443
VOLUME /var/lib/adit
EXPOSE 8443
# The certificate may be self-made, or TLS may end at a proxy before this.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD curl --fail --silent --insecure https://127.0.0.1:8443/healthz || curl --fail --silent http://127.0.0.1:8443/healthz
ENTRYPOINT ["adit-server"]
CMD ["serve"]
