# syntax=docker/dockerfile:1
# The program in an image without a shell, a package manager or root. Build: docker build -t harborline .
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
# Edited rules must hold against it before they serve.
COPY tests/corpus tests/corpus
# Cargo wants every target of the manifest to be there; benchmarks are not built.
COPY benches benches
# The same bytes from the same sources, and no path of a machine in them: docs/releases.md.
ARG SOURCE_DATE_EPOCH=0
ENV SOURCE_DATE_EPOCH=$SOURCE_DATE_EPOCH \
    CARGO_INCREMENTAL=0 \
    RUSTFLAGS="--remap-path-prefix=/build=/harborline --remap-path-prefix=/usr/local/cargo=/cargo --remap-path-prefix=/usr/local/rustup=/rust" \
    CFLAGS="-ffile-prefix-map=/build=/harborline -ffile-prefix-map=/usr/local/cargo=/cargo"
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    cargo build --release --locked --bin harborline \
    && cp target/release/harborline /harborline \
    && install -d -m 0700 /rooms/data /rooms/keystore

# glibc, root certificates and nothing else. The same Debian as above, so that the libraries fit.
FROM gcr.io/distroless/cc-debian12
COPY --from=builder /harborline /usr/local/bin/harborline
# /data, and what makes erasing final where several replicas share it (docs/keys.md): closed to everybody else. As the
# contents of a folder they keep their modes, and a new volume takes them over.
COPY --from=builder --chown=10001:10001 /rooms/ /
# The program looks for harborline.toml here, and keeps its data in ./data: both without a setting, so
# that nothing here stands against what you set.
WORKDIR /
ENV HARBORLINE__LISTEN__ADDRESS=0.0.0.0:8080
USER 10001:10001
VOLUME /data
EXPOSE 8080
# Whether the process answers, not whether all is well: without its database it still answers crisis
# texts and keeps the others, so nobody may take it out of service for that. Ask /readyz for the rest.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["harborline", "heartbeat", "--alive"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["harborline"]
CMD ["serve"]
