# syntax=docker/dockerfile:1
FROM rust:1.95-slim-bookworm AS builder
WORKDIR /build
# SQLite and ring are compiled from C.
RUN apt-get update \
    && apt-get install -y --no-install-recommends build-essential \
    && rm -rf /var/lib/apt/lists/*
# Without rust-toolchain.toml: the image brings that version, and rustup has nothing to fetch.
COPY Cargo.toml Cargo.lock ./
COPY src src
COPY migrations migrations
COPY templates templates
# Cargo wants every target of the manifest to be there; benchmarks are not built.
COPY benches benches
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    cargo build --release --locked --bin harborline \
    && cp target/release/harborline /harborline

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --no-create-home harborline \
    && install -d -m 0700 -o harborline -g harborline /data
COPY --from=builder /harborline /usr/local/bin/harborline
ENV HARBORLINE__LISTEN__ADDRESS=0.0.0.0:8080 \
    HARBORLINE__DATABASE__URL=sqlite:///data/harborline.db \
    HARBORLINE__KEYS__FILE=/data/master.key \
    HARBORLINE__SPOOL__DIRECTORY=/data/spool
# harborline.toml is read from here, if it is mounted.
WORKDIR /etc/harborline
USER harborline
VOLUME /data
EXPOSE 8080
# No HEALTHCHECK: the image holds no HTTP client. Ask /healthz and /readyz from outside.
STOPSIGNAL SIGTERM
ENTRYPOINT ["harborline"]
CMD ["serve"]
