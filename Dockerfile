# The image of Shoal: `docker run IMAGE server|pool|up …`. Built by the legacy builder and by BuildKit alike.
#
#   docker build -t shoal .                                    compiles in the image
#   node deploy/image/collect.mjs &&
#   docker build --target runtime-prebuilt -t shoal .          takes this tree as it is compiled; needs no network
#
# The stage for a compiled tree comes first, because the legacy builder builds every stage up to the one it is asked for.
ARG BASE=node:24-bookworm-slim

FROM ${BASE} AS base
# Numbers, so that an orchestrator can see that this is not root.
ARG UID=10001
RUN mkdir -p /var/lib/shoal /opt/shoal && chown ${UID}:${UID} /var/lib/shoal \
 && ln -s /opt/shoal/packages/cli/bin/shoal.js /usr/local/bin/shoal
# Memory for items follows the container's own limit unless -m says otherwise.
ENV NODE_ENV=production SHOAL_OPT_MEMORY_LIMIT=auto
COPY deploy/image/healthcheck.mjs /opt/shoal/
WORKDIR /var/lib/shoal
USER ${UID}:${UID}
EXPOSE 11211
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 CMD ["node", "/opt/shoal/healthcheck.mjs"]
ENTRYPOINT ["shoal"]
CMD ["server"]

FROM base AS runtime-prebuilt
# The file that is always there keeps this line good where nothing has been collected.
COPY deploy/image/healthcheck.mjs deploy/image/dis[t] /opt/shoal/

FROM ${BASE} AS build
WORKDIR /build
COPY . .
RUN node scripts/build.js && node deploy/image/collect.mjs /build /opt/shoal

FROM base AS runtime
COPY --from=build /opt/shoal /opt/shoal
