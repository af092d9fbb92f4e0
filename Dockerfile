# The roles of spanledger, run from the checkout with the locked dependencies. docker-compose.yml uses it.
FROM python:3.12-slim

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONUNBUFFERED=1 PYTHONPATH=/app
WORKDIR /app

COPY requirements.lock ./
RUN pip install --require-hashes --no-deps --only-binary :all: -r requirements.lock

COPY schema schema
COPY spanledger spanledger
COPY collector collector
COPY analytics analytics
COPY dashboards dashboards
COPY api api
COPY docs/runbooks docs/runbooks
COPY docker/healthcheck.py docker/healthcheck.py
RUN python -m compileall -q . \
    && useradd --uid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin spanledger \
    && install -d -o spanledger -g spanledger -m 0750 /data

# A named volume takes owner and mode of this folder when it is first used.
USER spanledger
WORKDIR /data
ENV SPANLEDGER_DATA_DIR=/data
VOLUME /data
EXPOSE 4317 4318 8420

ENTRYPOINT ["python", "-m", "spanledger"]
CMD ["up"]
