# staff    `docker run IMAGE submission.zip` grades, `docker run IMAGE class ...` grades a class. It holds
#          the answers: never hand it out.
# student  `docker run -v "$PWD:/homework" IMAGE` checks a homework folder. It holds student.zip and NumPy.
#
# Builds with the classic builder too. Any Debian with Python 3.11 to 3.13, pip and venv as `python`
# can be the base; pin yours by digest: --build-arg BASE=python:3.11-slim@sha256:...
ARG BASE=python:3.11-slim

FROM ${BASE} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements.lock requirements-class.lock requirements-build.lock /tmp/
RUN python -m venv --without-pip /opt/venv \
 && python -m pip --python /opt/venv/bin/python install --quiet --require-hashes -r /tmp/requirements-class.lock \
 && rm -rf /opt/venv/lib/python3*/site-packages/jedi/third_party \
 && find /opt/venv/lib -type d \( -name test -o -name tests \) -prune -exec rm -rf {} + \
 && python -m pip install --quiet --require-hashes --target /tmp/build -r /tmp/requirements-build.lock
COPY pyproject.toml hatch_build.py README.md LICENSE requirements.lock /opt/backgrade/
COPY grader /opt/backgrade/grader
COPY rubrics /opt/backgrade/rubrics
COPY reference /opt/backgrade/reference
COPY student_template /opt/backgrade/student_template
COPY docs /opt/backgrade/docs
# Answers: root's own, for its group to read. The grader has that group; a child that runs student
# code has it only where the container does not start as root (docs/docker.md).
RUN PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=/tmp/build python -m pip --python /opt/venv/bin/python \
    install --quiet --no-deps --no-build-isolation -e /opt/backgrade \
 && python -m compileall -q /opt/backgrade/grader \
 && /opt/venv/bin/python -c "from grader import resources; from grader.report.html import environment as pages; \
resources.rubrics(); list(map(pages().get_template, pages().list_templates(['html'])))" \
 && chmod -R u=rwX,go=rX /opt/backgrade \
 && chmod -R o= /opt/backgrade/rubrics /opt/backgrade/reference

FROM build AS released
RUN /opt/venv/bin/grade release --quick /release >/release.log || { cat /release.log; exit 1; } \
 && python -m zipfile -e /release/student.zip /unpacked \
 && mv /unpacked/*/ /homework \
 && awk '/^[a-z]/ { wanted = /^numpy==/ } wanted' /tmp/requirements.lock > /numpy.lock

FROM ${BASE} AS student
LABEL org.opencontainers.image.title="Backgrade, for students" \
      org.opencontainers.image.description="Checks homework before it is handed in; holds no answer"
COPY --from=released /numpy.lock /opt/
RUN python -m venv --without-pip /opt/venv \
 && python -m pip --python /opt/venv/bin/python install --quiet --no-cache-dir --require-hashes -r /opt/numpy.lock \
 && useradd --uid 10001 --gid 0 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin student
COPY --from=released /homework /homework
ENV PATH=/opt/venv/bin:$PATH HOME=/tmp PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 OMP_NUM_THREADS=1
USER 10001:0
WORKDIR /homework
ENTRYPOINT ["python", "selfcheck.py"]

FROM ${BASE} AS staff
LABEL org.opencontainers.image.title="Backgrade" \
      org.opencontainers.image.description="Grades NumPy deep-learning homework; holds the answers"
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends bubblewrap \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* \
 && useradd --uid 10001 --gid 0 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin grader \
 && install -d -o 10001 -g 0 -m 775 /work
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/backgrade /opt/backgrade
ENV PATH=/opt/venv/bin:$PATH HOME=/tmp PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1
USER 10001:0
WORKDIR /work
ENTRYPOINT ["grade"]
CMD ["--help"]
