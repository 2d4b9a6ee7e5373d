FROM python:3.11-slim

COPY . /src
RUN pip install --no-cache-dir /src && rm -rf /src && useradd --create-home conform

USER conform
WORKDIR /workspace
ENTRYPOINT ["conform"]
