# Runs once before everything else: makes passwords and keys that are not there yet, and renders the edge.
FROM python:3.11-slim-bookworm
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PATH=/venv/bin:/usr/local/bin:/usr/bin:/bin
RUN python -m venv /venv
COPY docker/setup.txt /build/setup.txt
RUN /venv/bin/pip install --require-hashes --no-deps -r /build/setup.txt
ENV PYTHONPATH=/app:/app/shared PYTHONUNBUFFERED=1
COPY fleet /app/fleet
COPY nginx /app/nginx
COPY shared/shared /app/shared/shared
WORKDIR /app
CMD ["python", "-m", "fleet.containers"]
