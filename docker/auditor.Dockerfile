# The consistency auditor: Python, what the gateway has pinned (it asks services, too), and its code. It runs as nobody in
# particular and writes to nothing but the folder it is given.

FROM python:3.11-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /venv
COPY gateway/requirements.txt /build/requirements.txt
RUN /venv/bin/pip install --require-hashes --no-deps -r /build/requirements.txt
COPY shared /build/shared
RUN /venv/bin/pip install --no-deps /build/shared && find /venv -name "__pycache__" -type d -prune -exec rm -rf {} +

FROM python:3.11-slim-bookworm
ENV PATH=/venv/bin:/usr/local/bin:/usr/bin:/bin PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
COPY --from=build /venv /venv
COPY docker/entrypoint.sh /usr/local/lib/nexus/
COPY auditor /app/auditor
WORKDIR /app
USER 10001:10001
STOPSIGNAL SIGTERM
ENTRYPOINT ["sh", "/usr/local/lib/nexus/entrypoint.sh"]
CMD ["python", "-m", "auditor"]
