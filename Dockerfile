# One image for each service: docker build --build-arg SERVICE=order_service -t nexus/order_service .
# The last stage holds Python, what the service needs at the versions it has pinned, and its code. It runs as nobody in
# particular and writes only to /tmp and to the volumes it is given.

FROM python:3.11-slim-bookworm AS build
ARG SERVICE
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /venv
COPY ${SERVICE}/requirements.txt /build/requirements.txt
RUN /venv/bin/pip install --require-hashes --no-deps -r /build/requirements.txt
COPY shared /build/shared
RUN /venv/bin/pip install --no-deps /build/shared && find /venv -name "__pycache__" -type d -prune -exec rm -rf {} +

FROM python:3.11-slim-bookworm
ARG SERVICE
ENV PATH=/venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=${SERVICE}.settings WSGI=${SERVICE}.wsgi:application \
    BIND=0.0.0.0 PORT=8000
COPY --from=build /venv /venv
COPY docker/entrypoint.sh docker/healthy.py fleet/gunicorn.conf.py /usr/local/lib/nexus/
COPY ${SERVICE}/manage.py /app/
COPY ${SERVICE}/${SERVICE} /app/${SERVICE}
WORKDIR /app
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=4s --start-period=20s --retries=3 \
    CMD ["python", "/usr/local/lib/nexus/healthy.py"]
ENTRYPOINT ["sh", "/usr/local/lib/nexus/entrypoint.sh"]
CMD ["sh", "-c", "exec gunicorn -c /usr/local/lib/nexus/gunicorn.conf.py \"$WSGI\""]
