# NGINX with its JavaScript module, as nobody in particular. Its configuration is rendered by `setup` (or comes from a
# ConfigMap) into /run/nexus/edge.
FROM debian:bookworm-slim
RUN apt-get update -q \
    && apt-get install -q -y --no-install-recommends nginx-light libnginx-mod-http-js \
    && rm -rf /var/lib/apt/lists/* /etc/nginx/sites-enabled/* \
    && mkdir -p /var/cache/nexus && chown 10001:10001 /var/cache/nexus
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGQUIT
HEALTHCHECK --interval=5s --timeout=4s --start-period=10s --retries=3 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8000"]
CMD ["nginx", "-c", "/run/nexus/edge/nginx.conf", "-g", "daemon off;"]
