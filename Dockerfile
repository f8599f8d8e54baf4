# Barkeep in an image that holds the program and nothing else: no shell, no package manager, no root.
#
#   docker build -t barkeep .                                          from source, for this machine
#   docker buildx build --platform linux/amd64,linux/arm64 .           for both (Go cross-compiles, nothing is emulated)
#
# BINARY=prebuilt takes linux/amd64/barkeep or linux/arm64/barkeep of the build context instead of compiling: releases put the
# binaries of the archives into the image, so that both hold the same bytes.
ARG BINARY=source

# What the final image needs besides the program: certificate authorities for TLS, names for the user, and folders that the
# user may write to, which a new volume copies its owner from. Zone data is inside the program.
FROM --platform=$BUILDPLATFORM golang:1.26-bookworm AS toolchain
RUN mkdir -p /rootfs/etc/ssl/certs /rootfs/run/secrets /rootfs/run/bundled /rootfs/tmp /folders/data \
    && chmod 1777 /rootfs/tmp \
    && cp /etc/ssl/certs/ca-certificates.crt /rootfs/etc/ssl/certs/ \
    && echo 'barkeep:x:65532:65532:Barkeep:/data:/sbin/nologin' > /rootfs/etc/passwd \
    && echo 'barkeep:x:65532:' > /rootfs/etc/group

FROM toolchain AS source
WORKDIR /src
# The modules change less often than the source: they are a layer, and a cache, of their own.
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
# RELEASED is when the commit was made (git log -1 --format=%cI); it may be left out.
ARG TARGETOS TARGETARCH VERSION=dev RELEASED=
# The flags are those of `make build`.
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$VERSION -X main.released=$RELEASED" -o /rootfs/barkeep ./cmd/barkeep

FROM toolchain AS prebuilt
ARG TARGETPLATFORM
COPY --chmod=0755 $TARGETPLATFORM/barkeep /rootfs/barkeep

FROM ${BINARY} AS build

FROM scratch
ARG VERSION=dev
LABEL org.opencontainers.image.title="Barkeep" \
      org.opencontainers.image.description="Keeps a complete, correct archive of OHLCV candles" \
      org.opencontainers.image.source="https://github.com/barkeep/barkeep" \
      org.opencontainers.image.documentation="https://github.com/barkeep/barkeep/blob/main/docs/OPERATIONS.md" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION"
COPY --from=build /rootfs/ /
# A folder that COPY names gets the owner but not its mode; folders within it, as /tmp above, keep theirs.
COPY --from=build --chown=65532:65532 /folders/data /data
# BARKEEP_CONTAINER tells doctor where it is. All addresses are listened on, since the container's own loopback reaches nobody;
# what of it is published is said where the container is started.
ENV BARKEEP_CONTAINER=true DATA_DIR=/data HTTP_ADDR=0.0.0.0:8080
USER 65532:65532
# The embedded archive. With its volume the root file system can be read-only.
VOLUME /data
EXPOSE 8080
# Not ready is unhealthy: the database does not answer, for one. Docker only shows it, and restarts nothing for it.
HEALTHCHECK --interval=30s --timeout=6s --start-period=60s CMD ["/barkeep", "health"]
ENTRYPOINT ["/barkeep"]
CMD ["serve"]
